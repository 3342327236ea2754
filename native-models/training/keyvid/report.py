"""Joins the judged pairs into report.json.  Usage: python3 -m keyvid.report OUT_DIR STARTER_DIR TARGET.json JUDGED.json..."""
import json
import os
import sys

import torch

from keyvid.export import FILES, Starter
from keyvid.judge import correlation
from keyvid.motion import MOTIONS
from keyvid.train_sound import load_sounds, peak_f1


def mean(v):
    return round(sum(v) / max(1, len(v)), 4)


def synchrony(items, key):
    """Matched correlation against every other pair's sound with the same clip."""
    env = [torch.tensor(i['envelope']) for i in items]
    energy = [torch.tensor(i[key]) for i in items]
    own = [correlation(e, m) for e, m in zip(env, energy)]
    other = [[correlation(env[j], m) for j in range(len(env)) if j != k] for k, m in enumerate(energy)]
    flat = [o for row in other for o in row]
    return {'matched_mean': mean(own), 'shuffled_mean': mean(flat),
            'matched_beats_one_shuffled': mean([float(o > row[(7 * k + 3) % len(row)]) for k, (o, row) in enumerate(zip(own, other))]),
            'matched_beats_shuffled_all_combinations': mean([float(o > x) for o, row in zip(own, other) for x in row])}


@torch.no_grad()
def main():
    out, folder, target = sys.argv[1:4]
    judged = [json.load(open(p)) for p in sys.argv[4:]]
    items = sorted((i for j in judged for i in j['items']), key=lambda i: i['pair'])
    m, held = Starter(folder), load_sounds(out, True)
    scores = torch.cat([m.localiser(x[:, None, :, :198].float()) for x in held['mel'].split(20)])
    f1, hit, miss, extra = peak_f1(scores, held['items'])
    best, *_ = peak_f1(held['score'], held['items'])
    states = {k: torch.load(f'{out}/{k}.pt', map_location='cpu')['state'] for k in ('generator', 'interpolator')}
    report = {
        'pairs': len(items), 'settings': {k: judged[0][k] for k in ('steps', 'scales')},
        'synchrony': synchrony(items, 'energy'), 'synchrony_of_the_drawn_clips': synchrony(items, 'true_energy'),
        'localiser': {'peak_f1': round(f1, 4), 'hit': hit, 'miss': miss, 'extra': extra, 'tolerance_frames': 1, 'sounds': len(held['items']),
                      'peak_f1_of_the_training_target_itself': round(best, 4)},
        'picture': {k: mean([i[k] for i in items]) for k in ('first_frame_psnr', 'vae_psnr', 'first_frame_ssim', 'vae_ssim', 'clip_psnr_to_drawn', 'clip_ssim_to_drawn', 'still_ssim_to_drawn')},
        'motion_read_right': mean([float(i['read'] == i['motion']) for i in items]),
        'by_motion': {n: {'n': len(s), 'read_right': mean([float(i['read'] == n) for i in s]), 'matched_correlation': mean([correlation(torch.tensor(i['envelope']), torch.tensor(i['energy'])) for i in s]),
                          'energy_against_drawn': mean([sum(i['energy']) / max(1e-6, sum(i['true_energy'])) for i in s]), 'clip_ssim_to_drawn': mean([i['clip_ssim_to_drawn'] for i in s])}
                      for n in MOTIONS if (s := [i for i in items if i['motion'] == n])},
        'cpu_seconds_a_clip': mean([i['cpu_seconds'] for i in items]), 'training': states,
        'vae_psnr_db_128px': round(torch.load(out + '/vae.pt')['psnr'], 2), 'file_bytes': {k: os.path.getsize(f'{folder}/{f}') for k, f in FILES.items()},
        'aims': {'matched_beats_shuffled': 0.9, 'peak_f1': 0.85},
    }
    json.dump(report, open(target, 'w'), indent=1)
    print(json.dumps(report, indent=1))


if __name__ == '__main__':
    main()
