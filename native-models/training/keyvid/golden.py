"""Reference files of the KeyVID starter for other engines: fp32 results of the shipped, fp16-rounded weights.

Usage: python3 -m keyvid.golden STARTER_DIR FOLDER: keyvid-starter.safetensors and manifest.json.  One 64 x 64 picture, one
sound, three DDIM steps a stage: small enough to be kept in the repository.
"""
import hashlib
import json
import os
import random
import sys

import torch

from check import write_safetensors
from keyvid import sound
from keyvid.diffusion import FS, Schedule, filled_noise
from keyvid.export import FILES, Starter
from keyvid.judge import choose
from keyvid.mel import mel
from keyvid.picture import draw
from keyvid.sample import denoise
from keyvid.towers import clip_audio, keyframe_audio

PROMPT, SEED, STEPS, AUDIO = 'a logo shaking', 7, 3, (1.5, 1.5)


@torch.no_grad()
def main():
    folder, target = sys.argv[1:3]
    torch.set_num_threads(1)
    m, rng = Starter(folder), random.Random(SEED)
    picture = (torch.nn.functional.avg_pool2d(draw(rng)[None], 4) * 255).to(torch.uint8)
    item = sound.draw(rng)
    while len(item['events']) < 3:
        item = sound.draw(rng)
    wave = (item['wave'] * 32767).to(torch.int16)
    features = mel(wave[None].float() / 32768)
    x = picture.float() / 255 * 2 - 1
    score = m.localiser(features[None, ..., :198])[0]
    keys = choose(score.tolist())
    flat, none, index = m.sound(features), m.sound(torch.zeros(1, 128, 204)), torch.tensor([keys])
    image, grey, text, blank, z = m.image_tokens(x), m.image_tokens(torch.zeros_like(x)), m.context(PROMPT), m.context(''), m.encode(x)
    g = torch.Generator().manual_seed(SEED)
    noise = torch.randn(1, 4, 12, 8, 8, generator=g)
    noises = torch.randn(STEPS, *noise.shape, generator=g)
    concat, rec = z[:, :, None].expand(-1, -1, 12, -1, -1), []
    cond = {'text': text, 'image': image[:, keys], 'audio': keyframe_audio(flat, index)}
    empty = {'text': blank, 'image': grey[:, keys], 'audio': keyframe_audio(none, index)}
    k = denoise(m.generator, 'generator', cond, concat, noise, noises, STEPS, (1.0, 1.0, AUDIO[0]), 0.0, empty, index, record=rec)
    keyframes = m.decode(k)
    out = {'picture': picture[0], 'wave': wave, 'token_ids': torch.tensor([m.tok.encode(PROMPT)]), 'text': text, 'text_empty': blank, 'score': score,
           'keyframes': torch.tensor(keys), 'latent': z, 'image_tokens_every_16th': image.flatten(1, 2)[:, ::16].contiguous(), 'keyframe_audio_0_5_11': cond['audio'][:, [0, 5, 11]],
           'generator.x': noise, 'generator.noise': noises, 'generator.frames': keyframes[:, :, ::2, ::2].contiguous()}
    for i, r in enumerate(rec):
        out |= {f'generator.step{i}.{n}': r[n] for n in ('full', 'v', 'x')}
    raw = torch.randn(1, 4, 48, 8, 8, generator=g)
    noises, rec = torch.randn(STEPS, *raw.shape, generator=g), []
    zk = m.encode(keyframes.float() / 255 * 2 - 1).transpose(0, 1)[None]
    concat = torch.zeros(1, 4, 48, 8, 8)
    concat[:, :, keys] = zk
    cond, empty = {'text': text, 'image': image, 'audio': clip_audio(flat)}, {'text': blank, 'image': grey, 'audio': clip_audio(none)}
    last = denoise(m.interpolator, 'interpolator', cond, concat, filled_noise(raw, keys), noises, STEPS, (1.0, 1.0, AUDIO[1]), 0.0, empty, inject=(keys, zk), record=rec)
    frames = m.decode(last)
    out |= {'interpolator.keys': zk, 'interpolator.x': raw, 'interpolator.noise': noises, 'interpolator.step0.full': rec[0]['full'],
            'interpolator.latent': last, 'interpolator.frames_every_8th': frames[::8].contiguous()}
    os.makedirs(target, exist_ok=True)
    write_safetensors(target + '/keyvid-starter.safetensors', out)
    info = {'prompt': PROMPT, 'steps': STEPS, 'timesteps': [Schedule(STEPS).t(i) for i in range(STEPS)], 'fs': FS, 'eta': 1.0, 'guidance_rescale': 0.0,
            'scales': {'text': 1.0, 'image': 1.0, 'audio_keyframes': AUDIO[0], 'audio_interpolation': AUDIO[1]},
            'order': 'step 0 is t = 999; generator.noise[i] and interpolator.noise[i] are the normal noise of step i; full = velocity of the fully conditional branch, v = after guidance',
            'generator.frames': 'uint8, every second row and column', 'checkpoint_sha256': {k: hashlib.sha256(open(f'{folder}/{f}', 'rb').read()).hexdigest() for k, f in FILES.items()},
            'compute': 'float32, weights rounded to float16', 'tolerance': {'score, text, tokens, full, v, x': 2e-3, 'frames': '2 levels'},
            'tensors': {k: [str(v.dtype)[6:], list(v.shape)] for k, v in out.items()}}
    json.dump(info, open(target + '/manifest.json', 'w'), indent=1)
    print('written', sum(v.numel() * v.element_size() for v in out.values()), 'bytes')


if __name__ == '__main__':
    main()
