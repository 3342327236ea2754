"""Warms the text tower up: it predicts the caption's attributes from its output at the end mark.

Usage: train_text.py OUT_DIR [steps].  Writes OUT_DIR/text.pt (compact vocabulary).
"""
import random
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

from captions import LABELS, caption, labels
from data import Words
from draw import random_spec
from model_text import TextTower
from util import now

WIDTH, HEADS, LAYERS = 64, 4, 4


def main():
    out, steps = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1200
    torch.manual_seed(11)
    torch.set_num_threads(2)
    rng, words = random.Random(11), Words()
    tower = TextTower(WIDTH, HEADS, LAYERS, vocab=len(words.rows))
    heads = nn.ModuleList([nn.Linear(WIDTH, len(v)) for v in LABELS.values()])
    opt = torch.optim.AdamW([*tower.parameters(), *heads.parameters()], lr=3e-3, betas=(0.9, 0.98), weight_decay=0.01)
    print(now(), 'vocabulary', len(words.rows), 'parameters', sum(p.numel() for p in tower.parameters()), flush=True)

    def draw_batch(n, held=False):
        specs = [random_spec(rng, held_out=held) for _ in range(n)]
        ids = torch.tensor([words.encode(caption(s, rng)) for s in specs])
        return ids, torch.tensor([labels(s) for s in specs])

    def logits(ids, length):
        ctx = tower(ids[:, :length])
        at = (ids[:, :length] == 2).int().argmax(1)
        return [h(ctx[torch.arange(len(ids)), at]) for h in heads], ctx

    # captions are short: run only the used positions (the mask is causal, so this is exact up to there)
    tower_forward = tower.forward
    tower.forward = lambda ids: short(tower, ids)
    t0 = time.time()
    for step in range(steps):
        ids, y = draw_batch(96)
        k = int((ids == 2).int().argmax(1).max()) + 1
        lr = 3e-3 * min(1, (step + 1) / 50) * max(0.03, 1 - step / steps)
        for g in opt.param_groups:
            g['lr'] = lr
        out_, _ = logits(ids, k)
        loss = sum(F.cross_entropy(o, y[:, i]) for i, o in enumerate(out_))
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(tower.parameters(), 1.0)
        opt.step()
        if step % 200 == 199:
            print(now(), step + 1, f'{loss.item():.3f} {time.time() - t0:.0f}s', flush=True)
    for held in (False, True):
        with torch.no_grad():
            ids, y = draw_batch(600, held)
            out_, _ = logits(ids, 77)
        print('held-out pairs' if held else 'seen pairs', {k: round(float((o.argmax(1) == y[:, i]).float().mean()), 3)
                                                           for i, (k, o) in enumerate(zip(LABELS, out_))}, flush=True)
    tower.forward = tower_forward
    torch.save({'tower': tower.state_dict(), 'rows': words.rows}, out + '/text.pt')


def short(tower, ids):
    """The tower's output for the first columns of ids only (the mask is causal, so it is exact)."""
    x = tower.token_embedding(ids) + tower.positional_embedding[:ids.shape[1]]
    for block in tower.transformer.resblocks[:-1]:
        x = block(x)
    return tower.ln_final(x)


if __name__ == '__main__':
    main()
