"""Runs the shipped files end to end on pictures and sounds never trained on, and measures them.

Usage: python3 -m keyvid.judge STARTER_DIR SOUNDS_DIR TARGET.json FIRST COUNT [STEPS [AUDIO_KEYFRAMES AUDIO_INTERPOLATION]]
SOUNDS_DIR holds sounds-held.pt (see train_sound); pair k takes picture seed 70000 + k and held-out sound k with clear events.
Several processes may take parts of the pairs; `report.py` joins them.
"""
import json
import os
import random
import sys
import time

import torch
import torch.nn.functional as F

from keyvid.diffusion import filled_noise
from keyvid.export import Starter
from keyvid.motion import MOTIONS, warp
from keyvid.picture import draw
from keyvid.sample import denoise
from keyvid.data import STATE
from keyvid.towers import clip_audio, keyframe_audio
from keyvid.train_sound import load_sounds, peaks
from util import contact_sheet, now


def choose(score, count=12):
    """Keyframes of a motion score: 0, up to six highest peaks, the lowest point between neighbours, then the widest gaps halved."""
    found = sorted(sorted(peaks(score), key=lambda i: -score[i])[:6])
    keys = {0, *found}
    for a, b in zip(sorted(keys), sorted(keys)[1:]):
        if b - a > 2 and len(keys) < count:
            keys.add(min(range(a + 1, b), key=lambda i: score[i]))
    while len(keys) < count:
        order = [*sorted(keys), 48]
        a, b = max(zip(order, order[1:]), key=lambda g: (g[1] - g[0], g[0]))
        keys.add((a + b) // 2)
    return sorted(keys)[:count]


def animate(m, picture, mel, prompt, steps, scales, seed=0, keys=None, eta=1.0):
    """Picture [3, 128, 128] in 0..1 and mel [1, 128, 204] -> (uint8 frames [48, 3, H, W], keyframe indices, score [48])."""
    score = m.localiser(mel[None, ..., :198].float())[0]
    keys = choose(score.tolist()) if keys is None else keys
    g, index = torch.Generator().manual_seed(seed), torch.tensor([keys])
    flat, none = m.sound(mel.float()), m.sound(torch.zeros(1, 128, 204))
    x = picture[None] * 2 - 1
    image, text, grey = m.image_tokens(x), m.context(prompt), m.image_tokens(torch.zeros_like(x))
    z = m.encode(x)
    concat = z[:, :, None].expand(-1, -1, 12, -1, -1)
    noise = torch.randn(1, 4, 12, *z.shape[-2:], generator=g)
    noises = torch.randn(steps, *noise.shape, generator=g)
    at = lambda tokens: tokens[:, keys]
    cond = {'text': text, 'image': at(image), 'audio': keyframe_audio(flat, index)}
    empty = {'text': m.context(''), 'image': at(grey), 'audio': keyframe_audio(none, index)}
    k = denoise(m.generator, 'generator', cond, concat, noise, noises, steps, (1.0, 1.0, scales[0]), 0.0, empty, index, eta=eta)
    frames = m.decode(k)
    zk = m.encode(frames.float() / 255 * 2 - 1).transpose(0, 1)[None]
    concat = torch.zeros(1, 4, 48, *z.shape[-2:])
    concat[:, :, keys] = zk
    raw = torch.randn(1, 4, 48, *z.shape[-2:], generator=g)
    noises = torch.randn(steps, *raw.shape, generator=g)
    cond = {'text': text, 'image': image, 'audio': clip_audio(flat)}
    empty = {'text': empty['text'], 'image': grey, 'audio': clip_audio(none)}
    out = denoise(m.interpolator, 'interpolator', cond, concat, filled_noise(raw, keys), noises, steps, (1.0, 1.0, scales[1]), 0.0, empty,
                  inject=(keys, zk), eta=eta)
    return m.decode(out), keys, score


def onset_envelope(wave):
    """Rise of the loudness of a sound [32000] (Stevens: power to the 0.3; 25 ms windows), the largest within each frame's 1/24 s, [48].

    It is made from the samples alone, knows nothing of the drawn events, and does not share the networks' mel features.
    """
    power = wave.float().unfold(0, 400, 80).square().mean(1)
    loud = (power / power.max().clamp(min=1e-9)) ** 0.3
    flux = F.pad((loud[4:] - loud[:-4]).clamp(min=0), (4, 0))
    frame = ((torch.arange(len(flux)) * 80 + 200) / 16000 * 24).round().long().clamp(max=47)
    return torch.zeros(48).scatter_reduce(0, frame, flux, 'amax')


def motion_energy(frames):
    """Mean absolute difference to the frame before, [47]; frames uint8 [48, 3, H, W]."""
    f = frames.float() / 255
    return (f[1:] - f[:-1]).abs().mean((1, 2, 3))


def soften(x):
    return F.conv1d(F.pad(x[None, None], (1, 1), mode='replicate'), torch.tensor([[[.25, .5, .25]]]))[0, 0]


def correlation(env, energy):
    a, b = soften(env[1:]), soften(energy)
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / (a.norm() * b.norm()).clamp(min=1e-9))


def ssim(a, b):
    """Mean SSIM of pictures in 0..1 [N, 3, H, W] over 7 x 7 windows (Wang et al., 2004), on luminance."""
    lum = lambda x: (x * torch.tensor([.299, .587, .114])[:, None, None]).sum(1, keepdim=True)
    a, b, pool = lum(a), lum(b), lambda x: F.avg_pool2d(x, 7, 1)
    ma, mb = pool(a), pool(b)
    va, vb, cov = pool(a * a) - ma * ma, pool(b * b) - mb * mb, pool(a * b) - ma * mb
    c1, c2 = 0.01 ** 2, 0.03 ** 2
    return (((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2))).mean((1, 2, 3))


def psnr(a, b):
    return float(-10 * ((a - b) ** 2).mean().clamp(min=1e-8).log10())


def read_motion(picture, q, frames):
    """Which motion's true clip is nearest to the frames."""
    at = torch.arange(2, 48, 3)
    d = {m: ((warp(picture, m, q[at, STATE[v[1]]]) - frames[at].float() / 255) ** 2).mean().item() for m, v in MOTIONS.items()}
    return min(d, key=d.get)


def main():
    folder, sounds, target, first, count = *sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5])
    torch.set_num_threads(1)
    m = Starter(folder)
    steps = int(sys.argv[6]) if len(sys.argv) > 6 else m.plume['default_steps']
    g = m.plume['guidance']
    scales = (float(sys.argv[7]), float(sys.argv[8])) if len(sys.argv) > 8 else (g['audio_keyframes'], g['audio_interpolation'])
    held = load_sounds(sounds, True)
    clear = [i for i, s in enumerate(held['items']) if s['kind'] in ('rhythm', 'melody') and any(1 <= round(t * 24) <= 45 for t, _ in s['events'])]
    items, rows = [], []
    for k in range(first, first + count):
        rng, i = random.Random(70000 + k), clear[k % len(clear)]
        big, motion = draw(rng), list(MOTIONS)[k % len(MOTIONS)]
        rest = F.avg_pool2d(big[None], 2)[0]
        t0 = time.process_time()
        with torch.autocast('cpu', torch.bfloat16):  # twice as fast, and the numbers do not care
            frames, keys, score = animate(m, rest, held['mel'][i].float()[None], '' if motion == 'pulse' else MOTIONS[motion][0][0], steps,
                                          scales, seed=k, eta=m.plume['eta'])
        seconds = time.process_time() - t0
        truth = warp(big, motion, held['q'][i][:, STATE[MOTIONS[motion][1]]])
        own = m.decode(m.encode(rest[None] * 2 - 1).transpose(0, 1)[None])
        f = frames.float() / 255
        items.append({
            'pair': k, 'motion': motion, 'sound': i, 'keyframes': keys, 'read': read_motion(big, held['q'][i], frames),
            'energy': motion_energy(frames).tolist(), 'true_energy': motion_energy((truth * 255).to(torch.uint8)).tolist(),
            'envelope': onset_envelope(held['wave'][i]).tolist(), 'first_frame_psnr': psnr(f[0], rest), 'vae_psnr': psnr(own[0].float() / 255, rest),
            'first_frame_ssim': float(ssim(f[:1], rest[None])), 'vae_ssim': float(ssim(own.float() / 255, rest[None])),
            'clip_ssim_to_drawn': float(ssim(f, truth).mean()), 'clip_psnr_to_drawn': psnr(f, truth), 'still_ssim_to_drawn': float(ssim(rest[None].expand_as(truth), truth).mean()),
            'cpu_seconds': seconds,
        })
        rows += [truth, f]
        print(now(), {a: b for a, b in items[-1].items() if not isinstance(b, list)}, flush=True)
    json.dump({'steps': steps, 'scales': scales, 'items': items}, open(target, 'w'))
    contact_sheet(os.path.splitext(target)[0] + '.png', rows[:16], frames=range(0, 32, 2), columns=1)


if __name__ == '__main__':
    main()
