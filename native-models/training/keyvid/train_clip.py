"""Trains the small OpenCLIP towers and the resampler, which are frozen afterwards.

Usage: python3 -m keyvid.train_clip OUT_DIR text STEPS | image STEPS

The text tower learns which motion a caption asks for; words that are no motion words are one "unknown word".  The vision
tower and the resampler learn to tell, in the 16 tokens of any frame, the colours of the picture's 4 x 4 cells.
"""
import random
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from keyvid.motion import MOTIONS
from keyvid.towers import Resampler, VisionTower, clip_image
from model_text import TextTower
from tokenizer import EOT, SOT, Tokenizer
from util import now

CTX, TEXT_HEADS, TEXT_LAYERS = 32, 2, 4
VISION = {'width': 64, 'head': 32, 'layers': 2, 'ctx': CTX}
RESAMPLER = {'width': 64, 'dim': 64, 'ctx': CTX, 'depth': 1, 'dh': 32, 'heads': 2, 'ff': 4}
NAMES = list(MOTIONS)


class Words:
    """Compact vocabulary: padding (CLIP's id 0), start, end, the unknown word, and the tokens of the motion words."""

    def __init__(self):
        self.tok = Tokenizer()
        ids = {i for m in MOTIONS.values() for w in m[0] for i in self.tok.tokens(w)}
        self.rows = [0, SOT, EOT, None] + sorted(ids - {0})
        self.index = {c: i for i, c in enumerate(self.rows) if c is not None}

    def encode(self, words):
        """77 compact rows of a list of words; None is an unknown word."""
        ids = [1] + [i for w in words for i in ([3] if w is None else [self.index[t] for t in self.tok.tokens(w)])] + [2]
        return (ids + [0] * 77)[:77]


def caption(rng, motion):
    """Words that ask for a motion, among unknown ones; half of the default motion's captions ask for none."""
    before, after = [None] * rng.choice((0, 0, 1, 2, 3, 5)), [None] * rng.choice((0, 0, 1, 2, 4))
    if motion == NAMES[0] and rng.random() < 0.5:
        return before if rng.random() < 0.5 else []
    return before + [rng.choice(MOTIONS[motion][0])] + after


def train_text(out, steps):
    rng, words = random.Random(5), Words()
    tower, head = TextTower(CTX, TEXT_HEADS, TEXT_LAYERS, vocab=len(words.rows)), nn.Linear(CTX, len(NAMES))
    opt = torch.optim.AdamW([*tower.parameters(), *head.parameters()], lr=3e-3, betas=(0.9, 0.98), weight_decay=0.01)

    def batch(n):
        y = [rng.randrange(len(NAMES)) for _ in range(n)]
        return torch.tensor([words.encode(caption(rng, NAMES[i])) for i in y]), torch.tensor(y)

    for step in range(steps):
        ids, y = batch(24)
        # all 77 tokens, padding included, answer: the U-Net attends to them all
        loss = F.cross_entropy(head(tower(ids)[:, ::3].mean(1)), y)
        for g in opt.param_groups:
            g['lr'] = 3e-3 * min(1, (step + 1) / 20) * max(0.03, 1 - step / steps)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(tower.parameters(), 1.0)
        opt.step()
        if step % 50 == 49:
            print(now(), step + 1, f'{loss.item():.4f}', flush=True)
    with torch.no_grad():
        ids, y = batch(300)
        print('motion read right', float((head(tower(ids).mean(1)).argmax(1) == y).float().mean()), flush=True)
    torch.save({'tower': tower.state_dict(), 'rows': words.rows}, out + '/text.pt')


def cells(x):
    return F.avg_pool2d(x, x.shape[-1] // 4).flatten(2).transpose(1, 2)


def train_image(out, steps):
    data, held = torch.load(out + '/vae-pictures.pt')
    rng, t0 = random.Random(6), time.time()
    vision, res, head = VisionTower(**VISION), Resampler(**RESAMPLER), nn.Linear(CTX, 3)
    params = [*vision.parameters(), *res.parameters(), *head.parameters()]
    opt = torch.optim.AdamW([p for p in params if p.ndim], lr=2e-3, betas=(0.9, 0.98), weight_decay=0.01)

    def read(x):
        tokens = res(vision(clip_image(x)))
        return head(tokens).reshape(len(x), 48, 16, 3)

    for step in range(steps):
        x = data[[rng.randrange(len(data)) for _ in range(8)]].float() / 127.5 - 1
        if rng.random() < 0.5:
            x = x.flip(-1)
        with torch.autocast('cpu', torch.bfloat16):
            y = read(x)
        loss = F.smooth_l1_loss(y.float(), cells(x)[:, None].expand_as(y), beta=0.2)
        for g in opt.param_groups:
            g['lr'] = 2e-3 * min(1, (step + 1) / 20) * max(0.03, 1 - step / steps)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        if step % 25 == 24:
            print(now(), step + 1, f'{loss.item():.4f} {(time.time() - t0) / (step + 1):.2f} s/step', flush=True)
    with torch.no_grad():
        x = held[:32].float() / 127.5 - 1
        want = cells(x)[:, None]
        print('R2 of the cells, held-out pictures', 1 - float(((read(x) - want) ** 2).mean() / want.var()), flush=True)
    torch.save({'vision': vision.state_dict(), 'resampler': res.state_dict()}, out + '/clip.pt')


if __name__ == '__main__':
    torch.manual_seed(23)
    torch.set_num_threads(1)
    {'text': train_text, 'image': train_image}[sys.argv[2]](sys.argv[1], int(sys.argv[3]))
