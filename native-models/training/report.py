"""Collects the measured numbers and applies the gate.  Usage: report.py OUT_DIR SHEETS CHECKPOINT REPORT.json GATE.json

A family is listed in the shipped file if, over the judged clips of seen and unseen pairs together, the judge reads the
family in at least 75 % and the colour in at least 75 % of them; its directions are listed only at 75 % or more.
"""
import json
import os
import sys

import torch

from data import TRAINED, load_vae
from draw import DIRECTIONS, FAMILIES, HELD_OUT
from train_vae import frames, psnr

NEED = 0.75
JUDGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../assets/models/judge/judge.json')


def main():
    out, sheets, ckpt, target, gate_path = sys.argv[1:6]
    sets = {k: json.load(open(f'{sheets}/{k}.json')) for k in ('seen', 'held_out')}
    unet = torch.load(out + '/unet.pt')
    sd = torch.load(ckpt, weights_only=True)['state_dict']
    count = lambda p: sum(v.numel() for k, v in sd.items() if k.startswith(p))
    by, families, directions = {}, [], {}
    for f in TRAINED:
        items = [i for s in sets.values() for i in s['items'] if i['family'] == f]
        mean = lambda v: round(sum(v) / max(1, len(v)), 2)
        row = {'n': len(items), 'family': mean([i['read']['family'] == f for i in items]),
               'colour': mean([i['read']['colour'] in (i['colour'], i['colour2']) for i in items])}
        if len(DIRECTIONS[f]) > 1:
            row['direction'] = mean([i['read']['direction'] == i['direction'] for i in items])
        row['listed'] = row['family'] >= NEED and row['colour'] >= NEED
        by[f] = row
        if row['listed']:
            families.append(f)
            directions[f] = DIRECTIONS[f] if row.get('direction', 0) >= NEED else []
    judge = json.load(open(JUDGE))
    report = {
        'gate': f'family and colour each read right in at least {NEED:.0%} of the judged clips; directions listed at {NEED:.0%}',
        'families_listed': families, 'directions_listed': directions, 'by_family': by,
        **{k: {a: s[a] for a in ('all', 'shuffled_prompts', 'confusion', 'settings')} for k, s in sets.items()},
        'judge_on_clean_clips': judge['accuracy_on_clean_clips'],
        'vae': {'psnr_db_128px_frames': round(psnr(load_vae(out), frames(48, 2, 7002))[0], 2)},
        'unet': {'steps': unet['state']['step'], 'clips_seen': unet['state']['clips'],
                 'continued_from_version': unet['state'].get('from'), 'minutes_by_size': {k: round(v, 1) for k, v in unet['state']['minutes'].items()}},
        'parameters': {'unet': count('model.diffusion_model.'), 'vae_decoder': count('first_stage_model.'), 'text': count('cond_stage_model.')},
        'file_bytes': os.path.getsize(ckpt), 'trained_families': list(TRAINED),
        'drawn_but_not_trained': [f for f in FAMILIES if f not in TRAINED], 'held_out_pairs': sorted(map(list, HELD_OUT)),
    }
    json.dump(report, open(target, 'w'), indent=1)
    json.dump({'families': families, 'directions': directions}, open(gate_path, 'w'))
    print(json.dumps({k: report[k] for k in ('families_listed', 'directions_listed', 'by_family')}, indent=1))


if __name__ == '__main__':
    main()
