"""Draws and encodes the U-Net's training set, and turns captions into compact token ids.

Usage: data.py OUT_DIR SIZE COUNT SEED PART: writes latents-SIZE-PART.pt (the part `held` holds the pairs never trained
on; run other parts side by side, one thread each) with fp16 latents [N, 16, h, w, 4] (channels last,
standardised per channel), and the specs.
"""
import random
import sys
import time

import torch

from captions import UNKNOWN, caption
from draw import COLOUR_NAMES, FAMILIES, HELD_OUT, draw, random_spec
from model_vae import AutoencoderKL
from tokenizer import EOT, SOT, Tokenizer
from util import now


# what the drawn set is narrowed to for the compute at hand
TRAINED = ('gradient', 'stripes', 'waves', 'fire', 'pulse', 'spin', 'bubbles', 'bokeh', 'bounce')


SPEED = 'slow'


def wanted(spec):
    """Whether the narrowed set holds this spec."""
    return spec['family'] in TRAINED and spec['speed'] == SPEED


class Words:
    """Compact vocabulary: only tokens that the grammar uses, plus one row for every unknown word.

    Row 0 is CLIP's id 0 (the padding), row 1 the start, row 2 the end, row 3 the unknown word.
    """

    def __init__(self):
        self.tok = Tokenizer()
        rng, ids = random.Random(5), set()
        for _ in range(40000):
            ids.update(self.tok.tokens(caption(random_spec(rng), rng, unknown=False)))
        self.rows = [0, SOT, EOT, None] + sorted(ids - {0})
        self.index = {c: i for i, c in enumerate(self.rows) if c is not None}
        self.cache = {}

    def word(self, w):
        if w not in self.cache:
            self.cache[w] = [3] if w == UNKNOWN else [self.index.get(i, 3) for i in self.tok.tokens(w)]
        return self.cache[w]

    def encode(self, text):
        """77 compact rows; words are split at spaces, which never changes CLIP's result for our captions."""
        ids = [1] + [i for w in text.split() for i in self.word(w)] + [2]
        return (ids + [0] * 77)[:77]


def load_vae(out):
    vae = AutoencoderKL()
    vae.load_state_dict(torch.load(out + '/vae.pt')['ema'])
    return vae.eval().to(memory_format=torch.channels_last)


@torch.no_grad()
def encode(vae, clip):
    """Clip [16, 3, H, W] in 0..1 -> latent means [16, h, w, 4]."""
    with torch.autocast('cpu', torch.bfloat16):
        mean, _ = vae.moments((clip * 2 - 1).contiguous(memory_format=torch.channels_last))
    return mean.float().permute(0, 2, 3, 1)


@torch.no_grad()
def standardise(vae, out):
    """Channel mean and deviation of the latent over drawn clips; kept in OUT_DIR/latent-stats.pt."""
    rng = random.Random(77)
    z = torch.cat([encode(vae, draw(random_spec(rng, family=FAMILIES[i % len(FAMILIES)]), 128)).reshape(-1, 4) for i in range(110)])
    stats = {'mean': z.mean(0), 'std': z.std(0)}
    torch.save(stats, out + '/latent-stats.pt')
    print(now(), 'latent mean', stats['mean'].tolist(), 'std', stats['std'].tolist(), flush=True)
    return stats


def main():
    out, size, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    part = sys.argv[5]
    held = part == 'held'
    vae = load_vae(out)
    try:
        stats = torch.load(out + '/latent-stats.pt')
    except FileNotFoundError:
        stats = standardise(vae, out)
    torch.set_num_threads(1)
    rng, specs, t0 = random.Random(seed), [], time.time()
    lat = torch.empty(count, 16, size // 8, size // 8, 4, dtype=torch.float16)
    for i in range(count):
        s = random_spec(rng, held_out=held)
        while not wanted(s):
            s = random_spec(rng, held_out=held)
        specs.append(s)
        lat[i] = ((encode(vae, draw(s, size)) - stats['mean']) / stats['std']).half()
        if i % 100 == 99:
            print(now(), i + 1, f'{(time.time() - t0) / (i + 1) * 1000:.0f} ms a clip', flush=True)
    torch.save({'latents': lat, 'specs': specs}, f'{out}/latents-{size}-{part}.pt')


if __name__ == '__main__':
    main()
