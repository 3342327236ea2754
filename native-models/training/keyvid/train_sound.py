"""Draws the sounds and trains what listens to them: the localiser, and ImageBind's audio trunk as the U-Nets use it.

Usage: python3 -m keyvid.train_sound OUT_DIR draw COUNT SEED PART | trunk STEPS | localiser STEPS

The trunk is trained so that the twelve tokens that a frame is given (the generator's regrouping, trap and all, and the
interpolator's) tell the frame's state of motion; it is frozen afterwards, as in KeyVID, and its tokens are kept.
"""
import os
import random
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from keyvid.mel import mel
from keyvid.motion import FPS, energy, states
from keyvid.sound import draw
from keyvid.towers import AudioTrunk, Localiser, clip_audio, flat_tokens
from util import Optimiser, now

TRUNK = {'width': 64, 'heads': 2, 'blocks': 2}
LOCALISER = {'width': 48, 'heads': 2, 'blocks': 1}
CTX = 32
SCORE = 1.6  # a full-strength hit peaks at about 1 in the localiser's score


def draw_sounds(out, count, seed, part):
    rng, items, kept, t0 = random.Random(seed), [], [], time.time()
    mels, qs, scores = torch.empty(count, 128, 204, dtype=torch.float16), torch.empty(count, 48, 4), torch.empty(count, 48)
    for i in range(count):
        s = draw(rng)
        q = states(s['events'], s['swell'])
        mels[i], qs[i], scores[i] = mel(s['wave'][None])[0].half(), q, SCORE * energy(q)
        if part == 'held':  # the judge listens to the samples themselves
            kept.append((s['wave'] * 32767).to(torch.int16))
        items.append({'events': s['events'], 'kind': s['kind']})
        if i % 500 == 499:
            print(now(), i + 1, f'{(time.time() - t0) / (i + 1) * 1000:.0f} ms a sound', flush=True)
    waves = {'wave': torch.stack(kept)} if part == 'held' else {}
    torch.save({'mel': mels, 'q': qs, 'score': scores, 'items': items, **waves}, f'{out}/sounds-{part}.pt')


def load_sounds(out, held=False):
    names = sorted(n for n in os.listdir(out) if n.startswith('sounds-') and n.endswith('.pt') and ('held' in n) == held)
    parts = [torch.load(f'{out}/{n}') for n in names]
    return {**{k: torch.cat([p[k] for p in parts]) for k in ('mel', 'q', 'score', 'wave') if k in parts[0]}, 'items': [i for p in parts for i in p['items']]}


def louder(m, rng):
    """The normalised mel of the same sound at another gain (-12 .. 6 dB): a shift of the logarithm above its floor."""
    shift = torch.tensor([rng.uniform(-12, 6) * 0.2303 / 9.138 for _ in range(len(m))])[:, None, None]
    floor = (-15.9424 + 4.268) / 9.138
    out = torch.where(m > floor + 0.01, (m + shift).clamp(min=floor), m)
    out[..., 198:] = m[..., 198:]
    return out


class Reader(nn.Module):
    """Reads a frame's state from its twelve projected, normalised tokens; used for training only, but for `proj`."""

    def __init__(self):
        super().__init__()
        self.proj = nn.Linear(TRUNK['width'], CTX)
        self.query = nn.Parameter(torch.randn(2, CTX) * 0.1)
        self.mlp = nn.ModuleList([nn.Sequential(nn.Linear(CTX, 64), nn.GELU(), nn.Linear(64, 4)) for _ in range(2)])

    def forward(self, tokens, use):
        """[B, 48, 12, aud] -> [B, 48, 4]; use 0: generator, 1: interpolator."""
        x = F.normalize(self.proj(tokens).float(), dim=-1, eps=1e-12) * CTX ** 0.5
        a = torch.softmax((x * self.query[use]).sum(-1), -1)[..., None]
        return self.mlp[use]((x * a).sum(2))


def groups(flat):
    """The generator's and the interpolator's tokens of all 48 frames, each [B, 48, 12, C]."""
    return flat.reshape(len(flat), 52, 12, -1)[:, :48], clip_audio(flat)


def run(out, what, steps, model, loss_of, report, batch, lr):
    torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', 2)))
    rng, data, held = random.Random(3), load_sounds(out), load_sounds(out, True)
    edge = lambda n, p: p.ndim >= 2 and 'pos_embed' not in n and 'cls' not in n and 'bias_' not in n and 'query' not in n and '.proj.weight' not in n
    opt = Optimiser(model.named_parameters(), lr, matrix=edge, weight_decay=0.01)
    ema = {k: v.clone() for k, v in model.state_dict().items()}
    start, shown, last, first, path = time.time(), time.time(), 0.0, 0, f'{out}/{what}.pt'
    if os.path.exists(path):
        saved = torch.load(path)
        model.load_state_dict(saved['model'])
        first = saved['step']
    for step in range(first, steps):
        pick = [rng.randrange(len(data['mel'])) for _ in range(batch)]
        with torch.autocast('cpu', torch.bfloat16):
            loss = loss_of(model, louder(data['mel'][pick].float(), rng)[:, None], data, pick)
        loss.backward()
        opt.step(min(1.0, (step - first + 1) / 30) * max(0.02, 1 - step / steps))
        with torch.no_grad():
            for k, v in model.state_dict().items():
                ema[k].lerp_(v, 1 - min(0.99, 1 - 2 / (step - first + 4)))
        last = loss.item() if last == 0 else 0.97 * last + 0.03 * loss.item()
        if step % 50 == 49:
            print(now(), step + 1, f'loss {last:.4f} {(time.time() - start) / (step + 1 - first):.2f} s/step', flush=True)
        if time.time() - shown > 200 or step == steps - 1:
            shown = time.time()
            live = {k: v.clone() for k, v in model.state_dict().items()}
            model.load_state_dict(ema)
            with torch.no_grad():
                print(now(), report(model, held), flush=True)
            torch.save({'model': live, 'ema': ema, 'step': step + 1}, path)
            model.load_state_dict(live)


def peaks(s, distance=5, prominence=0.1):
    """Indices of the peaks of a list, by scipy.signal.find_peaks' rules (distance from the highest down, then prominence)."""
    n, found, i = len(s), [], 1
    while i < n - 1:
        if s[i - 1] < s[i]:
            j = i
            while j < n - 1 and s[j + 1] == s[i]:
                j += 1
            if j < n - 1 and s[j + 1] < s[i]:
                found.append((i + j) // 2)
            i = j
        i += 1
    keep = dict.fromkeys(found, True)
    for p in sorted(found, key=lambda k: (-s[k], -k)):
        if keep[p]:
            for o in found:
                if o != p and abs(o - p) < distance:
                    keep[o] = False
    out = []
    for p in (p for p in found if keep[p]):
        sides = []
        for step in (-1, 1):
            low, k = s[p], p
            while 0 <= k < n and s[k] <= s[p]:
                low, k = min(low, s[k]), k + step
            sides.append(low)
        if s[p] - max(sides) >= prominence:
            out.append(p)
    return out


def peak_f1(scores, items, tolerance=1):
    """F1 of the score's peaks against the events' frames, one to one, within `tolerance` frames.  Events that a peak picker cannot
    report (frame 0 and 47, the ends of the curve) are left out, and so are peaks there; swells have no events."""
    hit = miss = extra = 0
    for s, item in zip(scores.tolist(), items):
        if item['kind'] == 'swell':
            continue
        want = [f for f in (round(t * FPS) for t, _ in item['events']) if 1 <= f <= 46]
        got = peaks(s)
        free = [round(t * FPS) for t, _ in item['events'] if not 1 <= round(t * FPS) <= 46]
        for w in want:
            near = [p for p in got if abs(p - w) <= tolerance]
            if near:
                hit += 1
                got.remove(min(near, key=lambda p: abs(p - w)))
            else:
                miss += 1
        extra += sum(all(abs(p - f) > tolerance for f in free) for p in got)
    return 2 * hit / max(1, 2 * hit + miss + extra), hit, miss, extra


def main():
    out, what = sys.argv[1:3]
    os.makedirs(out, exist_ok=True)
    torch.manual_seed(17)
    if what == 'draw':
        torch.set_num_threads(1)
        draw_sounds(out, int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
    elif what == 'localiser':
        def loss_of(model, m, data, pick):
            d = model(m[..., :198]).float() - data['score'][pick]
            return (d * d).mean() + 0.3 * d.abs().mean()

        def report(model, held):
            y = torch.cat([model(m[:, None, :, :198].float()) for m in held['mel'].split(20)])
            return f'held-out MSE {((y - held["score"]) ** 2).mean():.4f} peak F1 %.3f (hit %d miss %d extra %d)' % peak_f1(y, held['items'])

        run(out, what, int(sys.argv[3]), Localiser(**LOCALISER), loss_of, report, 12, 0.012)
    else:
        model = nn.ModuleDict({'trunk': AudioTrunk(**TRUNK), 'reader': Reader()})

        def loss_of(model, m, data, pick):
            want = data['q'][pick]
            return sum(F.smooth_l1_loss(model['reader'](g, i), want, beta=0.2) for i, g in enumerate(groups(flat_tokens(model['trunk'](m)))))

        def report(model, held):
            got = [torch.cat(x) for x in zip(*[[model['reader'](g, i) for i, g in enumerate(groups(flat_tokens(model['trunk'](m[:, None].float()))))]
                                               for m in held['mel'].split(25)])]
            var = held['q'].var((0, 1))
            return 'held-out R2 (kick, hop, slow, fast): ' + '; '.join(
                f'{n} ' + ' '.join(f'{1 - e:.3f}' for e in ((g - held['q']) ** 2).mean((0, 1)) / var) for n, g in zip(('generator', 'interpolator'), got))

        run(out, what, int(sys.argv[3]), model, loss_of, report, 12, 0.012)


if __name__ == '__main__':
    main()
