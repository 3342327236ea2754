"""Trains the keyframe generator and the motion interpolator.  Resumable, seeded.

Usage: python3 -m keyvid.train_unet OUT_DIR generator|interpolator SIZE FRAMES MINUTES BATCH LR_FROM LR_TO [PARTS]
SIZE is 64 or 128 px, FRAMES 12 for the generator and at most 48 for the interpolator, BATCH per process (two processes).
A stage continues from OUT_DIR/generator.pt or interpolator.pt; the interpolator starts from the generator's weights.
"""
import os
import random
import sys

import torch

from keyvid.data import Clips, load_vae
from keyvid.diffusion import FS, STEPS, filled_noise, v_loss
from keyvid.sample import generate, interpolate
from keyvid.train_sound import CTX, TRUNK
from keyvid.unet import UNet
from twin import train
from util import contact_sheet, now

CONFIG = {'model_channels': 32, 'channel_mult': (1, 2, 2), 'num_res_blocks': 1, 'attn_res': (2, 4), 'head_ch': 8, 'ctx': CTX,
          'aud': TRUNK['width'], 'groups': 4}
SEED = 3003


def new_unet(what):
    """The generator leaves init_attn at the identity (proj_out = 0): its frames do not need each other."""
    u = UNet(**CONFIG, frame_idx=what == 'generator')
    if what == 'generator':
        u.init_attn[0].idle = True
        u.init_attn[0].requires_grad_(False)
    return u


def is_matrix(name, p):
    return p.ndim >= 2 and not name.startswith(('input_blocks.0.', 'out.', 'audio_proj_2')) and '_embed' not in name


def call(unet, what, b):
    """The velocity of the noisy latent of a batch (see data.Clips.batch), as a function of it and the timestep."""
    def run(x, t):
        fs = torch.full_like(t, FS[what])
        return unet(x, b['concat'], t, b['text'], b['image'], b['audio'], fs, b['index'] if what == 'generator' else None)
    return run


def batch_loss(unet, what, b):
    n, frames = b['x'].shape[0], b['x'].shape[2]
    u = (torch.rand(1) + torch.arange(n) / n) % 1.0
    t = (1000 * (1 - u ** 2)).long().clamp(0, 999)
    noise = torch.randn_like(b['x'])
    if what == 'interpolator' and frames == 48:
        for i in range(n):  # sampling starts from noise that is interpolated between the keyframes
            if t[i] > 940:
                noise[i] = filled_noise(noise[i:i + 1], b['keys'][i])[0]
    run = call(unet, what, b)
    return v_loss(b['x'], t, lambda x: run(x, t), noise)


def main():
    out, what, size, frames = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    minutes, batch, lr0, lr1 = float(sys.argv[5]), int(sys.argv[6]), float(sys.argv[7]), float(sys.argv[8])
    parts = sys.argv[9].split(',') if len(sys.argv) > 9 else ['a', 'b']
    torch.set_num_threads(1)
    torch.manual_seed(SEED + size)
    data, held = Clips(out, parts, size=size // 8), Clips(out, ['held'], held=True, size=size // 8)
    unet, state, path = new_unet(what), {'step': 0, 'clips': 0, 'minutes': {}}, f'{out}/{what}.pt'
    if os.path.exists(path):
        saved = torch.load(path)
        unet.load_state_dict(saved['ema'])
        state = saved['state']
    elif what == 'interpolator':
        unet.load_state_dict({k: v for k, v in torch.load(out + '/generator.pt')['ema'].items() if not k.startswith('frame_idx')})
    else:
        reader = torch.load(out + '/trunk.pt')['ema']
        unet.audio_proj_2.load_state_dict({k: reader['reader.proj.' + k] for k in ('weight', 'bias')})
    print(now(), what, 'parameters', sum(p.numel() for p in unet.parameters()), 'tables', len(data.rows), 'sounds', len(data.q), flush=True)
    ema = {k: v.clone() for k, v in unet.state_dict().items()}
    rngs, before, key = {}, dict(state['minutes']), f'{size}px {frames} frames'
    vae = load_vae(out)
    fixed = held.batch(random.Random(1), 8 if frames < 48 else 3, what, frames)

    def loss_of(rank):
        if rank not in rngs:
            torch.manual_seed(SEED + 31 * rank + state['step'])
            rngs[rank] = random.Random(SEED + 7919 * rank + state['step'])
        with torch.autocast('cpu', torch.bfloat16):
            return batch_loss(unet, what, data.batch(rngs[rank], batch, what, frames)).mean()

    def show(st, final):
        st['clips'] = st['step'] * batch * 2
        live = new_unet(what)
        live.load_state_dict(ema)
        keep = torch.get_rng_state()
        torch.manual_seed(1)
        with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
            loss = batch_loss(live, what, fixed).mean().item()
            n = 5 if what == 'generator' else 2
            rng, rows = random.Random(4), []
            for _ in range(n):
                s = held.sample(rng, what, drop=False)
                z = generate(live, s, STEPS) if what == 'generator' else interpolate(live, s, STEPS)
                pick = range(12) if what == 'generator' else range(0, 48, 4)
                for lat in (s['x'][None], z):
                    lat = lat[0].permute(1, 0, 2, 3) * held.stats['std'][:, None, None] + held.stats['mean'][:, None, None]
                    rows.append(((vae.decode(lat[list(pick)]).float() + 1) / 2).clamp(0, 1))
        contact_sheet(f'{out}/{what}-{size}.png', rows, frames=range(12), columns=1)
        torch.set_rng_state(keep)
        torch.save({'model': unet.state_dict(), 'ema': ema, 'state': st}, path + '.tmp')
        os.replace(path + '.tmp', path)
        print(now(), f'held-out loss {loss:.4f}', st, flush=True)

    train(unet, ema, state, loss_of, show, minutes, lr0, lr1, is_matrix)
    state['minutes'] = {**before, key: round(before.get(key, 0) + minutes, 1)}
    saved = torch.load(path)
    saved['state']['minutes'] = state['minutes']
    torch.save(saved, path)


if __name__ == '__main__':
    main()
