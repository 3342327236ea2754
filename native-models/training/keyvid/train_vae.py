"""Fine-tunes the Hummingbird starter's VAE on the pictures of `picture.py`, which are richer than its clips.

Usage: python3 -m keyvid.train_vae OUT_DIR STEPS [LR]; continues from OUT_DIR/vae.pt, else from the shipped starter and
encoder.safetensors.  A quarter of the steps asks that a halved latent decodes to the halved picture (for a cheap first
stage of the U-Net); noise on the latent makes the decoder forgive the U-Net's errors.
"""
import os
import random
import sys
import time

import torch
import torch.nn.functional as F

from check import read_safetensors
from keyvid.motion import MOTIONS, warp
from keyvid.picture import draw
from model_vae import AutoencoderKL
from train_vae import batch, psnr
from util import Optimiser, contact_sheet, now

SEED = 41
HERE = os.path.dirname(os.path.abspath(__file__))


def pictures(count, seed):
    """uint8 [count, 3, 128, 128]; a third are moved away from rest."""
    rng, out = random.Random(seed), []
    for i in range(count):
        p, m = draw(rng), rng.choice(list(MOTIONS))
        q = rng.uniform(*MOTIONS[m][2:4]) if i % 3 == 0 else 0.0
        out.append((warp(p, m, torch.tensor([q])) * 255).round().to(torch.uint8))
    return torch.cat(out)


def starter_vae():
    """State of the Hummingbird starter's VAE, its latents not standardised (see resume.py)."""
    ckpt = torch.load(HERE + '/../../../assets/models/starter.ckpt', weights_only=True)['state_dict']
    sd = {k[18:]: v.float() for k, v in ckpt.items() if k.startswith('first_stage_model.')}
    kept = {k: v.float() for k, v in read_safetensors(HERE + '/../encoder.safetensors').items()}
    mean, std = kept.pop('stats.mean'), kept.pop('stats.std')
    w = sd['post_quant_conv.weight'] / std[None, :, None, None]
    sd['post_quant_conv.bias'] = sd['post_quant_conv.bias'] - w[:, :, 0, 0] @ mean
    sd['post_quant_conv.weight'] = w
    return {**sd, **kept}


def loss_fn(y, x):
    """L1 + 2 MSE + 0.5 L1 of the differences to the neighbours."""
    d = (y - x).abs()
    return d.mean() + 2 * (d * d).mean() + 0.5 * sum((y.diff(dim=k) - x.diff(dim=k)).abs().mean() for k in (2, 3))


def main():
    out, steps = sys.argv[1], int(sys.argv[2])
    lr = float(sys.argv[3]) if len(sys.argv) > 3 else 0.01
    os.makedirs(out, exist_ok=True)
    torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', 2)))
    torch.manual_seed(SEED)
    cache = out + '/vae-pictures.pt'
    if not os.path.exists(cache):
        torch.save((pictures(1500, SEED), pictures(64, SEED + 1)), cache)
    data, held = torch.load(cache)
    vae = AutoencoderKL().to(memory_format=torch.channels_last)
    state = {'step': 0, 'used': 0.0}
    if os.path.exists(out + '/vae.pt'):
        saved = torch.load(out + '/vae.pt')
        vae.load_state_dict(saved['model'])
        state = {k: saved[k] for k in state}
    else:
        vae.load_state_dict(starter_vae())
    print(now(), 'pictures', len(data), f'PSNR before {psnr(vae, held)[0]:.2f} dB', flush=True)
    ema = {k: v.clone() for k, v in vae.state_dict().items()}
    edge = ('encoder.conv_in', 'decoder.conv_out')
    opt = Optimiser(vae.named_parameters(), lr, matrix=lambda n, p: p.ndim >= 2 and not n.startswith(edge))
    rng, last, first, mark = random.Random(SEED + state['step']), 0.0, state['step'], time.time()
    while state['step'] < steps:
        t0 = time.time()
        frac = (state['step'] - first) / (steps - first)
        x = batch(data, rng, 16)
        with torch.autocast('cpu', torch.bfloat16):
            mean, logvar = vae.moments(x)
            z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
            if state['step'] % 4 == 0:
                z, x = F.avg_pool2d(z, 2), F.avg_pool2d(x, 2)
            z = z + 0.15 * torch.rand(len(z), 1, 1, 1) * torch.randn_like(z)
            y = vae.decode(z.contiguous(memory_format=torch.channels_last)).float()
        kl = 0.5 * (mean.float() ** 2 + logvar.float().exp() - 1 - logvar.float()).sum((1, 2, 3)).mean()
        rec = loss_fn(y, x)
        (rec + 1e-5 * kl).backward()
        opt.step(min(1.0, (state['step'] - first + 1) / 20) * max(0.03, 1 - frac))
        with torch.no_grad():
            decay = min(0.99, 1 - 2 / (state['step'] - first + 4))
            for k, v in vae.state_dict().items():
                ema[k].lerp_(v, 1 - decay)
        state['step'] += 1
        state['used'] += time.time() - t0
        last = rec.item() if last == 0 else 0.97 * last + 0.03 * rec.item()
        if state['step'] % 50 == 0:
            print(now(), state['step'], f"{state['used']:.0f}s loss {last:.4f} kl {kl.item():.0f}", flush=True)
        if time.time() - mark > 240 or state['step'] >= steps:
            mark = time.time()
            live = {k: v.clone() for k, v in vae.state_dict().items()}
            vae.load_state_dict(ema)
            db, pics = psnr(vae, held)
            contact_sheet(out + '/vae.png', (pics.reshape(-1, 8, 3, 128, 128) + 1) / 2, frames=range(8), columns=2)
            torch.save({'model': live, 'ema': ema, 'psnr': db, **state}, out + '/vae.tmp')
            os.replace(out + '/vae.tmp', out + '/vae.pt')
            vae.load_state_dict(live)
            print(now(), f'PSNR {db:.2f} dB', flush=True)


if __name__ == '__main__':
    main()
