"""Draws and encodes the U-Nets' training set.

Usage: python3 -m keyvid.data OUT_DIR pictures COUNT SEED PART   (PART `held` holds the pictures never trained on)
       python3 -m keyvid.data OUT_DIR sounds                      (tokens of every drawn sound by the frozen trunk)

A picture is kept as the latents of its warps at the levels of two motions; a clip of any sound is then a walk through such
a table (neighbouring levels are about a pixel apart and mixed linearly), so few pictures meet any number of sounds.
"""
import random
import sys
import time

import torch

from keyvid.motion import MOTIONS, levels, place, warp
from keyvid.picture import draw
from keyvid.towers import AudioTrunk, Resampler, VisionTower, clip_audio, clip_image, flat_tokens, keyframe_audio
from keyvid.train_clip import RESAMPLER, VISION
from keyvid.train_sound import TRUNK, load_sounds
from model_vae import AutoencoderKL
from util import now

NAMES = list(MOTIONS)
STATE = {'kick': 0, 'hop': 1, 'slow': 2, 'fast': 3}


def load_vae(out):
    vae = AutoencoderKL()
    vae.load_state_dict(torch.load(out + '/vae.pt')['ema'])
    return vae.eval().requires_grad_(False).to(memory_format=torch.channels_last)


def load_towers(out):
    """Vision tower, resampler, audio trunk, all frozen."""
    c = torch.load(out + '/clip.pt')
    vision, res, trunk = VisionTower(**VISION), Resampler(**RESAMPLER), AudioTrunk(**TRUNK)
    vision.load_state_dict(c['vision'])
    res.load_state_dict(c['resampler'])
    trunk.load_state_dict({k[6:]: v for k, v in torch.load(out + '/trunk.pt')['ema'].items() if k.startswith('trunk.')})
    return [m.eval().requires_grad_(False) for m in (vision, res, trunk)]


@torch.no_grad()
def encode(vae, frames):
    """Frames [N, 3, H, W] in 0..1 -> latent means [N, h, w, 4]."""
    with torch.autocast('cpu', torch.bfloat16):
        mean, _ = vae.moments((frames * 2 - 1).contiguous(memory_format=torch.channels_last))
    return mean.float().permute(0, 2, 3, 1)


def draw_pictures(out, count, seed, part):
    vae, (vision, res, _) = load_vae(out), load_towers(out)
    rng, rows, tables, tokens, small, t0 = random.Random(seed), [], [], [], [], time.time()
    for i in range(count):
        p = draw(rng)
        motions = ['pulse', rng.choice(NAMES[1:])] if rng.random() < 0.6 else rng.sample(NAMES[1:], 2)
        rest = warp(p, 'pulse', torch.zeros(1))
        for m in motions:
            rows.append((i, m, sum(len(t) for t in tables)))
            tables.append(encode(vae, warp(p, m, levels(m))).half())
        with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
            tokens.append(res(vision(clip_image(rest * 2 - 1)))[0].half())
        small.append((rest[0] * 255).round().to(torch.uint8))
        if i % 100 == 99:
            print(now(), i + 1, f'{(time.time() - t0) / (i + 1) * 1000:.0f} ms a picture', flush=True)
    torch.save({'rows': rows, 'latents': torch.cat(tables), 'tokens': torch.stack(tokens), 'pictures': torch.stack(small)}, f'{out}/pictures-{part}.pt')


@torch.no_grad()
def encode_sounds(out):
    trunk = load_towers(out)[2]
    for held in (False, True):
        mels = load_sounds(out, held)['mel']
        flat = torch.cat([flat_tokens(trunk(m[:, None].float())).half() for m in mels.split(20)])
        torch.save(flat, f'{out}/sound-tokens-{"held" if held else "train"}.pt')
    torch.save(flat_tokens(trunk(torch.zeros(1, 1, 128, 204)))[0], out + '/sound-tokens-none.pt')
    print(now(), 'sounds encoded', flush=True)


def statistics(out, latents):
    """Channel mean and deviation of the latents, kept in OUT_DIR/latent-stats.pt."""
    path = out + '/latent-stats.pt'
    try:
        return torch.load(path)
    except FileNotFoundError:
        z = latents[::7].reshape(-1, 4).float()
        stats = {'mean': z.mean(0), 'std': z.std(0)}
        torch.save(stats, path)
        return stats


class Clips:
    """Random clips of encoded pictures and sounds, as the U-Nets see them."""

    def __init__(self, out, parts, held=False, size=16):
        loaded = [torch.load(f'{out}/pictures-{p}.pt') for p in parts]
        self.rows, base, first = [], 0, 0
        for d in loaded:
            self.rows += [(i + first, m, at + base) for i, m, at in d['rows']]
            base, first = base + len(d['latents']), first + len(d['tokens'])
        lat = torch.cat([d['latents'] for d in loaded])
        self.stats = statistics(out, lat)
        self.latents = torch.cat([((z.float() - self.stats['mean']) / self.stats['std']).half() for z in lat.split(2000)])
        if size == 8:
            n = len(self.latents)
            self.latents = torch.cat([z.float().reshape(-1, 8, 2, 8, 2, 4).mean((2, 4)).half() for z in self.latents.split(2000)])
        self.tokens = torch.cat([d['tokens'] for d in loaded])
        self.pictures = torch.cat([d['pictures'] for d in loaded])
        self.q = load_sounds(out, held)['q']
        self.sound = torch.load(f'{out}/sound-tokens-{"held" if held else "train"}.pt')
        self.silent = torch.load(out + '/sound-tokens-none.pt')
        text = torch.load(out + '/captions.pt')
        self.text = text['contexts']  # motion -> [n, 77, ctx]
        self.no_image = text['no_image']  # [768, ctx]

    def frames(self, row, q):
        """Latents of a row at the states q [T, 4] -> [T, h, w, 4]."""
        _, motion, at = row
        i, f = place(motion, q[:, STATE[MOTIONS[motion][1]]])
        f = f[:, None, None, None]
        return self.latents[at + i].float() * (1 - f) + self.latents[at + i + 1].float() * f

    def keyframes(self, rng, motion, q, share):
        """Frame 0 and eleven others; in this share of the draws those away from rest are likelier, as they are when peaks are chosen."""
        away = q[:, STATE[MOTIONS[motion][1]]].abs().tolist()
        weight = [0.15 + a for a in away] if rng.random() < share else [1.0] * 48
        order = sorted(range(1, 48), key=lambda i: -rng.random() ** (1 / weight[i]))  # Efraimidis and Spirakis' weighted draw
        return [0, *sorted(order[:11])]

    def sample(self, rng, what, frames=48, row=None, sound=None, index=None, drop=True):
        """One training sample as a dict of tensors without batch axis; `what` is 'generator' or 'interpolator'."""
        row = self.rows[rng.randrange(len(self.rows))] if row is None else row
        sound = rng.randrange(len(self.q)) if sound is None else sound
        flat, q = self.sound[sound].float(), self.q[sound]
        index = self.keyframes(rng, row[1], q, 0.75 if what == 'generator' else 0.4) if index is None else index
        deaf, blind = drop and rng.random() < 0.08, drop and rng.random() < 0.08
        image = (self.no_image if blind else self.tokens[row[0]]).float().reshape(48, 16, -1)
        if deaf:
            flat = self.silent
        rest = self.frames(row, torch.zeros(1, 4))
        if what == 'generator':
            at = torch.tensor(index)
            x = rest.expand(12, -1, -1, -1) if deaf else self.frames(row, q[at])
            concat, audio = rest.expand(12, -1, -1, -1), keyframe_audio(flat[None], at[None])[0]
        else:
            start = rng.randrange(0, 49 - frames)
            at = torch.arange(start, start + frames)
            if not any(start <= k < start + frames for k in index):
                index = [start]
            x = self.frames(row, q[at])
            concat = torch.zeros_like(x)
            keys = [k - start for k in index if start <= k < start + frames]
            concat[keys] = x[keys]
            audio = clip_audio(flat[None])[0][at]
        texts = self.text[row[1]]
        return {'x': x.permute(3, 0, 1, 2), 'concat': concat.permute(3, 0, 1, 2), 'audio': audio, 'image': image[at], 'index': at,
                'text': texts[rng.randrange(len(texts))].float(), 'keys': index}

    def batch(self, rng, n, what, frames=48):
        s = [self.sample(rng, what, frames) for _ in range(n)]
        return {k: torch.stack([a[k] for a in s]) for k in ('x', 'concat', 'audio', 'image', 'index', 'text')} | {'keys': [a['keys'] for a in s]}


@torch.no_grad()
def keep_captions(out):
    """Contexts of captions of every motion, and the image tokens of no image, kept in OUT_DIR/captions.pt."""
    from keyvid.train_clip import CTX, TEXT_HEADS, TEXT_LAYERS, Words, caption
    from model_text import TextTower
    saved, words, rng = torch.load(out + '/text.pt'), Words(), random.Random(12)
    tower = TextTower(CTX, TEXT_HEADS, TEXT_LAYERS, vocab=len(words.rows))
    tower.load_state_dict(saved['tower'])
    lists = {m: [caption(rng, m) for _ in range(40)] for m in NAMES}
    lists['pulse'] += [[]] * 8
    contexts = {m: tower(torch.tensor([words.encode(c) for c in cs])).half() for m, cs in lists.items()}
    vision, res, _ = load_towers(out)
    torch.save({'contexts': contexts, 'no_image': res(vision(clip_image(torch.zeros(1, 3, 128, 128))))[0]}, out + '/captions.pt')


if __name__ == '__main__':
    torch.set_num_threads(1)
    if sys.argv[2] == 'sounds':
        encode_sounds(sys.argv[1])
        keep_captions(sys.argv[1])
    else:
        draw_pictures(sys.argv[1], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
