"""Goes on from the shipped checkpoint when the training folder is gone.

The shipped file has everything but the VAE's encoder and the latents' mean and deviation (folded into post_quant_conv);
`save` keeps those in a small file beside it, `restore` makes a training folder of the two, from which data.py draws
latents and train_unet.py continues (with fresh optimiser state).

Usage: resume.py save OUT_DIR encoder.safetensors
       resume.py restore STARTER.ckpt encoder.safetensors OUT_DIR
"""
import os
import sys

import torch

from check import read_safetensors, write_safetensors
from data import Words

ENCODER = ('encoder.', 'quant_conv.')


def save(out, target):
    vae, stats = torch.load(out + '/vae.pt')['ema'], torch.load(out + '/latent-stats.pt')
    kept = {k: v.half() for k, v in vae.items() if k.startswith(ENCODER)}
    write_safetensors(target, {**kept, 'stats.mean': stats['mean'].float(), 'stats.std': stats['std'].float()})


def restore(checkpoint, encoder, out):
    os.makedirs(out, exist_ok=True)
    shipped = torch.load(checkpoint, weights_only=True)
    sd = {k: v.float() for k, v in shipped['state_dict'].items()}
    part = lambda p: {k[len(p):]: v for k, v in sd.items() if k.startswith(p)}
    kept = {k: v.float() for k, v in read_safetensors(encoder).items()}
    mean, std = kept.pop('stats.mean'), kept.pop('stats.std')
    vae = {**part('first_stage_model.'), **kept}
    # unfold the standardisation that export.py folded in
    w = vae['post_quant_conv.weight'] / std[None, :, None, None]
    vae['post_quant_conv.bias'] = vae['post_quant_conv.bias'] - w[:, :, 0, 0] @ mean
    vae['post_quant_conv.weight'] = w
    torch.save({'ema': vae}, out + '/vae.pt')
    torch.save({'mean': mean, 'std': std}, out + '/latent-stats.pt')

    words = Words()
    tower = part('cond_stage_model.model.')
    full, used = tower['token_embedding.weight'], {r for r in words.rows if r is not None}
    unknown = next(i for i in range(len(full)) if i not in used)
    tower['token_embedding.weight'] = torch.stack([full[unknown if r is None else r] for r in words.rows])
    torch.save({'rows': words.rows, 'tower': tower}, out + '/text.pt')
    model = {**{'unet.' + k: v for k, v in part('model.diffusion_model.').items()}, **{'text.' + k: v for k, v in tower.items()}}
    torch.save({'model': model, 'ema': model, 'state': {'step': 0, 'clips': 0, 'minutes': {}, 'from': shipped['plume']['version']}}, out + '/unet.pt')


if __name__ == '__main__':
    {'save': save, 'restore': restore}[sys.argv[1]](*sys.argv[2:])
