"""Reference files of the starter for other engines: everything in fp32 from the shipped fp16-rounded weights.

Usage: golden.py CHECKPOINT FOLDER [small]: starter.safetensors and manifest.json with the prompt, token ids, contexts,
initial noise, every step's conditional and unconditional model output and x, the last latent and the frames.
`small` makes 8 frames of 64x64 px in 4 steps (below 300 KB); otherwise native size, frames and steps.
"""
import hashlib
import json
import os
import sys

import torch

from check import write_safetensors
from diffusion import ABAR, FPS, sample, timesteps
from export import load_checkpoint

PROMPT, SEED = 'blue bubbles rising slowly', 20


def main():
    path, folder, small = sys.argv[1], sys.argv[2], len(sys.argv) > 3
    m = load_checkpoint(path)
    size, t, steps = (64, 8, 4) if small else (m.plume['native_width'], m.plume['native_frames'], m.hp['default_steps'])
    guidance, rescale = m.hp['default_guidance'], m.hp['guidance_rescale']
    noise = torch.randn(1, 4, t, size // 8, size // 8, generator=torch.Generator().manual_seed(SEED))
    ctx, empty, rec = m.context([PROMPT]), m.context(['']), []
    z = sample(m.unet, ctx, empty, noise, steps, guidance, rescale, rec)
    with torch.no_grad():
        frames = (m.frames(z)[0] * 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()
    out = {'token_ids': torch.tensor([m.tok.encode(PROMPT)]), 'context': ctx, 'empty_context': empty, 'noise': noise, 'latent': z,
           'frames_thwc': frames, 'alphas_bar': ABAR.float()[timesteps(steps)]}
    for i, r in enumerate(rec):
        out.update({f'step{i}.{k}': v for k, v in r.items()})
    os.makedirs(folder, exist_ok=True)
    write_safetensors(folder + '/starter.safetensors', out)
    info = {'prompt': PROMPT, 'noise': f'torch.Generator seed {SEED}, shape {list(noise.shape)}', 'steps': steps, 'timesteps': timesteps(steps),
            'guidance': guidance, 'guidance_rescale': rescale, 'fps': FPS, 'sampler': 'ddim, eta 0, trailing, v-prediction, zero terminal SNR',
            'checkpoint_sha256': hashlib.sha256(open(path, 'rb').read()).hexdigest(), 'compute': 'float32, weights rounded to float16',
            'tolerance': 'model outputs and x: max abs 1e-3 (float32 engines differ by about 1e-5); frames: 1 level on a few pixels',
            'tensors': {k: [str(v.dtype)[6:], list(v.shape)] for k, v in out.items()}}
    json.dump(info, open(folder + '/manifest.json', 'w'), indent=1)
    print('written', sum(v.numel() * v.element_size() for v in out.values()), 'bytes')


if __name__ == '__main__':
    main()
