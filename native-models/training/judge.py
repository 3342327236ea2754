"""The judge: a small classifier of clips (family, colour, direction), trained on clean drawn clips.

It sees short stacks of frames at 64x64 px and averages over them, so that it has to read motion, not a phase.

  judge.py train OUT_DIR ASSETS/judge             train it; write the weights, their description and the prompts
  judge.py model CHECKPOINT ASSETS/judge SHEETS held_out|seen SIZE STEPS GUIDANCE RESCALE N
                                                  generate clips with a checkpoint and score them
  judge.py raw FOLDER LIST.json ASSETS/judge      score raw uint8 RGB files (T, H, W, 3) made by any engine;
                                                  LIST: [{file, family, colour, direction, colour2?, shape?: [T, H, W]}]
"""
import json
import os
import random
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from captions import caption
from check import read_safetensors, write_safetensors
from data import TRAINED
from draw import ALL_DIRECTIONS, COLOUR_NAMES, DIRECTIONS, FAMILIES, draw, random_spec
from util import contact_sheet, now

HEADS = {'family': FAMILIES, 'colour': COLOUR_NAMES, 'direction': ALL_DIRECTIONS}
CHANNELS = ((9, 16), (16, 32), (32, 64), (64, 96))
OUTPUTS = sum(len(v) for v in HEADS.values())


class Network(nn.Module):
    """Each of 8 three-frame stacks goes through the same small network; the features are averaged over the stacks.

    Stacks start at the even frames and wrap round (the clips are loops), so a roll in time changes almost nothing:
    direction can only be read from motion.  Input [N, 8, 9, 64, 64] in -1..1, output [N, 31] logits.
    """

    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in CHANNELS])
        self.hidden, self.out = nn.Linear(96 * 16, 96), nn.Linear(96, OUTPUTS)

    def forward(self, x):
        n = x.shape[0]
        h = x.reshape(n * 8, 9, 64, 64)
        for c in self.convs:
            h = F.relu(c(h))
        return self.out(F.relu(self.hidden(h.flatten(1))).reshape(n, 8, -1).mean(1))


def network():
    return Network()


def stack(frames):
    """Frames [N, 16, 3, 64, 64] in 0..1 -> [N, 8, 9, 64, 64] in -1..1: frames 2k, 2k+1, 2k+2 (wrapping)."""
    return torch.cat([frames.roll(-j, 1)[:, ::2] for j in range(3)], 2) * 2 - 1


def prepare(clip):
    """Frames [T, 3, H, W] in 0..1 -> stacks [8, 9, 64, 64]: 16 frames evenly picked, area-averaged to 64x64."""
    t = clip.shape[0]
    if t != 16:
        clip = clip[[min(t - 1, i * t // 16) for i in range(16)]]
    if clip.shape[-2:] != (64, 64):
        clip = F.adaptive_avg_pool2d(clip, 64)
    return stack(clip[None])[0]


def split(logits):
    out, at = {}, 0
    for k, v in HEADS.items():
        out[k] = logits[:, at:at + len(v)]
        at += len(v)
    return out


def describe():
    """Plain description of the classifier for re-authoring it elsewhere."""
    layers = []
    for i, (a, b) in enumerate(CHANNELS):
        layers += [{'op': 'conv2d', 'weight': f'convs.{i}.weight', 'bias': f'convs.{i}.bias', 'kernel': 3, 'stride': 2, 'padding': 1, 'in': a, 'out': b},
                   {'op': 'relu'}]
    layers += [{'op': 'flatten', 'note': 'channel-major [C, H, W], 96 * 4 * 4'},
               {'op': 'linear', 'weight': 'hidden.weight', 'bias': 'hidden.bias', 'in': 1536, 'out': 96}, {'op': 'relu'},
               {'op': 'mean', 'note': 'over the batch of 8 stacks'},
               {'op': 'linear', 'weight': 'out.weight', 'bias': 'out.bias', 'in': 96, 'out': OUTPUTS}]
    return {'input': {'shape': [8, 9, 64, 64], 'batch': 'stack k holds frames 2k, 2k+1, 2k+2 (modulo 16) of one clip',
                      'channel_order': 'frame_in_stack * 3 + rgb', 'range': [-1, 1], 'frames': 16,
                      'resize': 'area average to 64x64 (adaptive_avg_pool2d)', 'other_lengths': 'frame floor(i * T / 16) for i in 0..15'},
            'weights': 'judge.safetensors', 'layers': layers, 'outputs': [{'name': k, 'classes': v} for k, v in HEADS.items()],
            'scoring': 'argmax within each group; a two-colour gradient counts as right if either colour is read; direction is '
                       'scored only for families with several directions'}


def evaluation_prompts(count, held_out, seed):
    """Prompts with labels, trained families in turn; held_out: only (family, colour) pairs never trained on."""
    rng, out = random.Random(seed), []
    while len(out) < count:
        s = random_spec(rng, held_out=held_out, family=TRAINED[len(out) % len(TRAINED)])
        out.append({'prompt': caption(s, rng, unknown=False), 'family': s['family'], 'colour': s['colour'], 'colour2': s['colour2'],
                    'direction': s['direction'], 'seed': 1000 + len(out)})
    return out


def score(net, clips, items):
    """Accuracies of [T, 3, H, W] clips against their labels; also with the labels moved on by one family (chance)."""
    with torch.no_grad():
        pred = split(net(torch.stack([prepare(c) for c in clips])))
    pred = {k: [HEADS[k][i] for i in v.argmax(1)] for k, v in pred.items()}

    def accuracy(labels):
        fam = [p == l['family'] for p, l in zip(pred['family'], labels)]
        col = [p in (l['colour'], l.get('colour2')) for p, l in zip(pred['colour'], labels)]
        dire = [p == l['direction'] for p, l in zip(pred['direction'], labels) if len(DIRECTIONS[l['family']]) > 1]
        mean = lambda v: round(sum(v) / max(1, len(v)), 3)
        return {'n': len(fam), 'family': mean(fam), 'colour': mean(col), 'direction': mean(dire), 'direction_n': len(dire)}

    shuffled = items[:]
    random.Random(4).shuffle(shuffled)
    out = {'all': accuracy(items), 'shuffled_prompts': accuracy(shuffled), 'by_family': {}, 'confusion': {}}
    for f in FAMILIES:
        at = [i for i, l in enumerate(items) if l['family'] == f]
        if not at:
            continue
        sub = {k: [v[i] for i in at] for k, v in pred.items()}
        lab = [items[i] for i in at]
        keep, pred_all = pred, sub
        pred = pred_all
        out['by_family'][f] = accuracy(lab)
        pred = keep
        wrong = [p for p in sub['family'] if p != f]
        if wrong:
            out['confusion'][f] = {w: wrong.count(w) for w in set(wrong)}
    out['read'] = [{k: v[i] for k, v in pred.items()} for i in range(len(items))]
    return out


ACROSS = {'left': 'right', 'right': 'left', 'clockwise': 'counterclockwise', 'counterclockwise': 'clockwise'}
UPRIGHT = ('waves', 'fire', 'bounce')  # families that are not themselves upside down
BACKWARDS = {**ACROSS, 'up': 'down', 'down': 'up', 'in': 'out', 'out': 'in'}
TURNED = {'clockwise': 'counterclockwise', 'counterclockwise': 'clockwise', 'up': 'down', 'down': 'up'}


def mirrored(clip, family, direction, rng):
    """Mirrors a clip [T, 3, H, W] in x, y and time at random -> (clip, direction it then has).

    Without this the judge could learn a direction from the place of things in a still frame (layouts are few)."""
    if rng.random() < 0.5:
        clip, direction = clip.flip(-1), ACROSS.get(direction, direction)
    if family not in UPRIGHT and rng.random() < 0.5:
        clip, direction = clip.flip(-2), TURNED.get(direction, direction)
    if family != 'fire' and rng.random() < 0.5:
        clip, direction = clip.flip(0), BACKWARDS.get(direction, direction)
    return clip, direction


def load(folder):
    net = network()
    net.load_state_dict({k: v.float() for k, v in read_safetensors(folder + '/judge.safetensors').items()})
    return net.eval()


def train(folder, clips=3300, steps=2600):
    torch.manual_seed(31)
    torch.set_num_threads(1)
    rng, data, lab = random.Random(31), [], []
    for i in range(clips + 330):
        s = random_spec(rng, held_out=i % 9 == 0, family=FAMILIES[i % len(FAMILIES)])
        data.append((draw(s, 64) * 255).to(torch.uint8))
        cols = [s['colour'], s['colour2'] or s['colour']]
        lab.append([FAMILIES.index(s['family']), *(COLOUR_NAMES.index(c) for c in cols), ALL_DIRECTIONS.index(s['direction'])])
    data, lab = torch.stack(data), torch.tensor(lab)
    print(now(), 'drawn', tuple(data.shape), flush=True)
    net = network()
    opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=0.02)
    for step in range(steps):
        for g in opt.param_groups:
            g['lr'] = 2e-3 * min(1, (step + 1) / 40) * max(0.02, 1 - step / steps)
        at = torch.randint(clips, (32,))
        x, y = data[at].float() / 255, lab[at]
        for j in range(len(x)):  # mirror; roll in time; soften, noise and shade, so that small faults of a generator do not confuse it
            c, d = mirrored(x[j], FAMILIES[y[j, 0]], ALL_DIRECTIONS[y[j, 3]], rng)
            y[j, 3] = ALL_DIRECTIONS.index(d)
            c = c.roll(rng.randrange(16), 0)
            if rng.random() < 0.4:
                c = F.avg_pool2d(c, 3, 1, 1, count_include_pad=False)
            x[j] = c * rng.uniform(0.85, 1.08) + rng.uniform(-0.03, 0.03)
        x = (x + torch.randn_like(x) * 0.04 * torch.rand(len(x), 1, 1, 1, 1)).clamp(0, 1)
        with torch.autocast('cpu', torch.bfloat16):
            o = {k: v.float() for k, v in split(net(stack(x))).items()}
        second = torch.rand(len(y)) < 0.5
        loss = F.cross_entropy(o['family'], y[:, 0]) + F.cross_entropy(o['colour'], torch.where(second, y[:, 1], y[:, 2])) + F.cross_entropy(o['direction'], y[:, 3])
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 200 == 199:
            print(now(), step + 1, f'{loss.item():.3f}', flush=True)
    os.makedirs(folder, exist_ok=True)
    write_safetensors(folder + '/judge.safetensors', {k: v.half() for k, v in net.state_dict().items()})
    net = load(folder)
    items = [{'family': FAMILIES[l[0]], 'colour': COLOUR_NAMES[l[1]], 'colour2': COLOUR_NAMES[l[2]], 'direction': ALL_DIRECTIONS[l[3]]} for l in lab[clips:].tolist()]
    res = score(net, [(d.float() / 255).roll(rng.randrange(16), 0) for d in data[clips:]], items)
    print(json.dumps({k: res[k] for k in ('all', 'by_family', 'confusion')}))
    d = describe()
    d['accuracy_on_clean_clips'] = res['all']
    json.dump(d, open(folder + '/judge.json', 'w'), indent=1)
    prompts = evaluation_prompts(72, True, 42)
    json.dump(prompts, open(folder + '/prompts.json', 'w'), indent=0)


def generate(model, items, size, steps, guidance, rescale, batch=9):
    """Clips [T, 3, size, size] of prompt items with a loaded checkpoint; noise from each item's own seed."""
    from diffusion import sample
    out = []
    empty = model.context([''])
    for i in range(0, len(items), batch):
        part = items[i:i + batch]
        noise = torch.stack([torch.randn(4, 16, size // 8, size // 8, generator=torch.Generator().manual_seed(p['seed'])) for p in part])
        with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
            z = sample(model.unet, model.context([p['prompt'] for p in part]), empty, noise, steps, guidance, rescale)
            out += [model.frames(z[j:j + 1])[0] for j in range(len(part))]
    return out


def main():
    if sys.argv[1] == 'train':
        return train(sys.argv[3])
    if sys.argv[1] == 'raw':
        net, items = load(sys.argv[4]), json.load(open(sys.argv[3]))
        clips = []
        for it in items:
            raw = torch.frombuffer(bytearray(open(os.path.join(sys.argv[2], it['file']), 'rb').read()), dtype=torch.uint8)
            shape = it.get('shape') or [16, 128, 128]
            clips.append(raw.reshape(*shape, 3).permute(0, 3, 1, 2).float() / 255)
        res = score(net, clips, items)
        res.pop('read')
        return print(json.dumps(res, indent=1))
    from export import load_checkpoint
    path, folder, sheets, which = sys.argv[2:6]
    size, steps, guidance, rescale, n = (int(sys.argv[6]), int(sys.argv[7]), float(sys.argv[8]), float(sys.argv[9]), int(sys.argv[10]))
    torch.set_num_threads(1)
    net, model = load(folder), load_checkpoint(path)
    os.makedirs(sheets, exist_ok=True)
    items = json.load(open(folder + '/prompts.json')) if which == 'held_out' else evaluation_prompts(99, False, 43)
    items = items[:n]
    t0 = time.time()
    clips = generate(model, items, size, steps, guidance, rescale)
    res = score(net, clips, items)
    res['items'] = [{**it, 'read': r} for it, r in zip(items, res.pop('read'))]
    res['settings'] = {'size': size, 'steps': steps, 'guidance': guidance, 'rescale': rescale, 'seconds_a_clip': round((time.time() - t0) / n, 2)}
    small = lambda c: F.avg_pool2d(c, max(1, size // 64))
    contact_sheet(f'{sheets}/{which}.png', [small(c) for c in clips], columns=3)
    torch.save([(small(c) * 255).to(torch.uint8) for c in clips], f'{sheets}/{which}.pt')
    json.dump(res, open(f'{sheets}/{which}.json', 'w'), indent=1)
    print(json.dumps({k: res[k] for k in ('all', 'shuffled_prompts', 'by_family', 'confusion', 'settings')}, indent=1))


if __name__ == '__main__':
    main()
