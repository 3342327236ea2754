"""Trains the VAE on frames of drawn clips.  Usage: train_vae.py OUT_DIR [minutes]; resumable, seeded."""
import os
import random
import sys
import time

import torch
import torch.nn.functional as F

from draw import draw, random_spec
from model_vae import AutoencoderKL
from util import Optimiser, Threads, contact_sheet, now

SEED = 7001


def frames(clips, per_clip, seed, size=128):
    """[clips*per_clip, 3, size, size] uint8 frames, drawn from random specs; every fourth clip has small particles."""
    rng, out = random.Random(seed), []
    for i in range(clips):
        fam = ('bubbles', 'snow', 'bokeh', 'spin')[(i // 3) % 4] if i % 3 == 0 else None
        c = draw(random_spec(rng, family=fam), size)
        pick = rng.sample(range(c.shape[0]), per_clip)
        out.append((c[pick] * 255).round().to(torch.uint8))
    return torch.cat(out)


def batch(data, rng, n, size=64):
    """n random crops (two thirds) or halved full frames (one third), -1..1, channels_last."""
    out = []
    for _ in range(n):
        im = data[rng.randrange(len(data))].float()
        if rng.random() < 0.34:
            im = F.avg_pool2d(im[None], 2)[0]
        else:
            a, b = rng.randrange(0, 65), rng.randrange(0, 65)
            im = im[:, a:a + size, b:b + size]
        if rng.random() < 0.5:
            im = im.flip(-1)
        out.append(im)
    return (torch.stack(out) / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def loss_fn(y, x):
    """L1 + 2 MSE + 0.5 gradient L1, with pixels that differ from the crop's commonest tone counted more."""
    d = (y - x).abs()
    flat = x.flatten(2).median(-1).values[..., None, None]
    w = 1 + 1.5 * ((x - flat).abs().amax(1, True) > 0.25).float()
    g = sum(((y.diff(dim=k) - x.diff(dim=k)).abs()).mean() for k in (2, 3))
    return (w * d).mean() + 2 * (w * d * d).mean() + 0.5 * g


def psnr(vae, data, n=64):
    """Mean PSNR in dB of the first n frames (uint8), reconstructed from the latent's mean."""
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        x = data[:n].float() / 127.5 - 1
        y = vae.decode(vae.moments(x.contiguous(memory_format=torch.channels_last))[0]).float().clamp(-1, 1)
    mse = ((y - x) ** 2).mean((1, 2, 3)) / 4
    return float((-10 * mse.clamp(min=1e-7).log10()).mean()), torch.stack([x, y], 1).flatten(0, 1)


def main():
    out, minutes = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 15
    os.makedirs(out, exist_ok=True)
    torch.manual_seed(SEED)
    cache = out + '/vae-frames.pt'
    if not os.path.exists(cache):
        torch.save((frames(900, 6, SEED), frames(48, 2, SEED + 1)), cache)
    data, held = torch.load(cache)
    print(now(), 'frames', tuple(data.shape), flush=True)
    vae = AutoencoderKL().to(memory_format=torch.channels_last)
    print('parameters', sum(p.numel() for p in vae.parameters()), flush=True)
    edge = ('encoder.conv_in', 'decoder.conv_out')
    opt = Optimiser(vae.named_parameters(), 0.02, matrix=lambda n, p: p.ndim >= 2 and not n.startswith(edge))
    state = {'step': 0, 'used': 0.0}
    if os.path.exists(out + '/vae.pt'):
        saved = torch.load(out + '/vae.pt')
        vae.load_state_dict(saved['model'])
        state = {k: saved[k] for k in state}
    ema = {k: v.clone() for k, v in vae.state_dict().items()}
    rng, threads, last, mark = random.Random(SEED + state['step']), Threads(), 0.0, state['used']
    while state['used'] < minutes * 60:
        t0 = time.time()
        frac = state['used'] / (minutes * 60)
        scale = min(1.0, (state['step'] + 1) / 20) * max(0.02, 1 - frac) ** 1.2
        x = batch(data, rng, 16)
        with torch.autocast('cpu', torch.bfloat16):
            mean, logvar = vae.moments(x)
            z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
            # half of the steps ask that a halved latent decodes to the halved picture: smooth latents are far easier
            # for a small U-Net (the idea of EQ-VAE, 2025); the noise makes the decoder forgive the U-Net's errors
            if state['step'] % 2:
                z, x = F.avg_pool2d(z, 2), F.avg_pool2d(x, 2)
            z = z + 0.2 * torch.rand(len(z), 1, 1, 1) * torch.randn_like(z)
            y = vae.decode(z.contiguous(memory_format=torch.channels_last)).float()
        kl = 0.5 * (mean.float() ** 2 + logvar.float().exp() - 1 - logvar.float()).sum((1, 2, 3)).mean()
        rec = loss_fn(y, x)
        (rec + 2e-5 * kl).backward()
        opt.step(scale)
        decay = min(0.995, 1 - 1 / (state['step'] + 2))
        with torch.no_grad():
            for k, v in vae.state_dict().items():
                ema[k].lerp_(v, 1 - decay)
        state['step'] += 1
        state['used'] += time.time() - t0
        threads.step(time.time() - t0)
        last = rec.item() if last == 0 else 0.97 * last + 0.03 * rec.item()
        if state['step'] % 100 == 0:
            print(now(), state['step'], f"{state['used']:.0f}s loss {last:.4f} kl {kl.item():.0f} threads {torch.get_num_threads()}", flush=True)
        if state['used'] - mark > 100 or state['used'] >= minutes * 60:
            mark = state['used']
            live = {k: v.clone() for k, v in vae.state_dict().items()}
            vae.load_state_dict(ema)
            db, pics = psnr(vae, held)
            contact_sheet(out + '/vae.png', (pics.reshape(-1, 8, 3, 128, 128)[:12] + 1) / 2, frames=range(8), columns=2)
            torch.save({'model': live, 'ema': ema, 'psnr': db, **state}, out + '/vae.pt')
            vae.load_state_dict(live)
            print(now(), f'PSNR {db:.2f} dB', flush=True)
    print('done', flush=True)


if __name__ == '__main__':
    main()
