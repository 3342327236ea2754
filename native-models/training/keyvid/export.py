"""Writes the three shipped files in the official layout (fp16, official key names, plain settings), and reads them back.

Usage: python3 -m keyvid.export OUT_DIR TARGET_DIR VERSION STEPS AUDIO_KEYFRAMES AUDIO_INTERPOLATION
Each file is {'state_dict', 'hyper_parameters', 'plume'}.  Tensors that inference never reads are left out: schedule buffers,
`audio_proj_model`, ImageBind's other senses and heads, the text leftovers of `embedder`, the interpolator's copy of ImageBind.
"""
import os
import sys

import torch

from keyvid.motion import MOTIONS
from keyvid.towers import AudioTrunk, Localiser, Resampler, VisionTower, clip_image, flat_tokens
from keyvid.train_clip import RESAMPLER, TEXT_HEADS, TEXT_LAYERS, VISION, Words
from keyvid.train_sound import CTX, LOCALISER, TRUNK
from keyvid.unet import UNet
from model_text import TextTower
from model_vae import AutoencoderKL
from tokenizer import Tokenizer

SCALE_FACTOR = 0.18215
FILES = {'generator': 'keyframe_generation/generator_checkpoint.ckpt', 'interpolator': 'interpolation/interpolator.ckpt',
         'localiser': 'wav2motion/best_model_version1_with_skip.pth'}
KNOWS = ('It is small (128 x 128 px, soft picture) and moves a whole picture on the hits of a sound: drums, claps, plucks, bells, syllables. '
         'A word in the prompt chooses how: {motions}; without one it pulses, and every other word is ignored. Pulse, jump, flash and ripple are '
         'plain to see; swing and shake are weaker and look like one another. Edges blur while they move, and fine texture is lost. It does not '
         'know what is in the picture, cannot move one object alone, and turns sustained music without clear hits into little or no motion.')


def vae_state(out):
    """The VAE with the latents' standardisation folded in (so that the official scale factor is exact) and no posterior noise."""
    vae, stats = torch.load(out + '/vae.pt')['ema'], torch.load(out + '/latent-stats.pt')
    mean, std, s = stats['mean'], stats['std'], SCALE_FACTOR
    sd = {'first_stage_model.' + k: v.clone() for k, v in vae.items()}
    w, b = (sd['first_stage_model.quant_conv.' + k] for k in ('weight', 'bias'))
    w[:4], b[:4] = w[:4] / (s * std)[:, None, None, None], (b[:4] - mean) / (s * std)
    w[4:], b[4:] = 0, -30
    w, b = (sd['first_stage_model.post_quant_conv.' + k] for k in ('weight', 'bias'))
    b += w[:, :, 0, 0] @ mean
    w *= (s * std)[None, :, None, None]
    return sd


def text_state(out):
    """The text tower with the full vocabulary: rows that training never saw are all the one unknown word."""
    tower, sd = torch.load(out + '/text.pt')['tower'], {}
    for k, v in tower.items():
        if k == 'token_embedding.weight':
            full = v[3:4].repeat(49408, 1)
            for i, r in enumerate(Words().rows):
                if r is not None:
                    full[r] = v[i]
            v = full
        sd['cond_stage_model.model.' + k] = v
    return sd


def hyper_parameters(config):
    """Names as in the reference vectors' manifest; `*_norm_groups` replace the official 32."""
    return {
        'model_channels': config['model_channels'], 'channel_mult': list(config['channel_mult']), 'num_res_blocks': config['num_res_blocks'],
        'attn_res': list(config['attn_res']), 'head_ch': config['head_ch'], 'unet_norm_groups': config['groups'], 'ctx': CTX,
        'aud': TRUNK['width'], 'aud_heads': TRUNK['heads'], 'aud_blocks': TRUNK['blocks'], 'loc_heads': LOCALISER['heads'],
        'loc_blocks': LOCALISER['blocks'], 'vis_width': VISION['width'], 'vis_head': VISION['head'], 'vis_layers': VISION['layers'],
        'txt_heads': TEXT_HEADS, 'txt_layers': TEXT_LAYERS, 'vocab': 49408, 'rs_dim': RESAMPLER['dim'], 'rs_depth': RESAMPLER['depth'],
        'rs_dh': RESAMPLER['dh'], 'rs_heads': RESAMPLER['heads'], 'rs_ff': RESAMPLER['ff'], 'vae_ch': 24, 'vae_encoder_ch': 16,
        'vae_mult': [1, 2, 4, 4], 'vae_res': 1, 'vae_norm_groups': 1, 'scale_factor': SCALE_FACTOR,
    }


def export(out, target, version, steps, audio_keyframes, audio_interpolation):
    from keyvid.train_unet import CONFIG, SEED
    clip, shared = torch.load(out + '/clip.pt'), {**vae_state(out), **text_state(out)}
    shared |= {'embedder.model.visual.' + k: v for k, v in clip['vision'].items()} | {'image_proj_model.' + k: v for k, v in clip['resampler'].items()}
    unet = lambda what: {'model.diffusion_model.' + k: v for k, v in torch.load(f'{out}/{what}.pt')['ema'].items()}
    trunk = {'imagebind_model.' + k[6:]: v for k, v in torch.load(out + '/trunk.pt')['ema'].items() if k.startswith('trunk.')}
    plume = {
        'name': 'Plume KeyVID Starter', 'version': version, 'licence': 'MIT', 'native_width': 128, 'native_height': 128, 'native_frames': 48,
        'default_steps': steps, 'eta': 0.0, 'guidance': {'text': 1.0, 'image': 1.0, 'audio_keyframes': audio_keyframes, 'audio_interpolation': audio_interpolation},
        'guidance_rescale': 0.0, 'default_prompt': '', 'example_prompts': [v[0][0] for v in MOTIONS.values()], 'motions': {m: list(v[0]) for m, v in MOTIONS.items()},
        'what_it_knows': KNOWS.format(motions=', '.join(MOTIONS)), 'recipe_seed': SEED,
    }
    files = {'generator': {**unet('generator'), **trunk, **shared}, 'interpolator': {**unet('interpolator'), **shared},
             'localiser': torch.load(out + '/localiser.pt')['ema']}
    for k, sd in files.items():
        path = f'{target}/{FILES[k]}'
        os.makedirs(os.path.dirname(path), exist_ok=True)
        sd = {n: v.detach().half().contiguous().clone() for n, v in sd.items()}
        assert all(torch.isfinite(v).all() for v in sd.values())
        torch.save({'state_dict': sd, 'hyper_parameters': hyper_parameters(CONFIG), 'plume': plume}, path)
        print(path, len(sd), 'tensors', sum(v.numel() for v in sd.values()), 'parameters', os.path.getsize(path), 'bytes')


class Starter:
    """The loaded files; everything fp32.  Latents are as the official code has them: 0.18215 times the encoder's mean."""

    def __init__(self, folder):
        gen, inter, loc = (torch.load(f'{folder}/{FILES[k]}', weights_only=True) for k in FILES)
        hp = self.hp = gen['hyper_parameters']
        self.plume = gen['plume']

        def load(module, ckpt, prefix):
            module.load_state_dict({k[len(prefix):]: v.float() for k, v in ckpt['state_dict'].items() if k.startswith(prefix)})
            return module.eval().requires_grad_(False)

        unet = lambda idx: UNet(*(hp[k] for k in ('model_channels', 'channel_mult', 'num_res_blocks', 'attn_res', 'head_ch', 'ctx', 'aud', 'unet_norm_groups')), idx)
        self.generator, self.interpolator = load(unet(True), gen, 'model.diffusion_model.'), load(unet(False), inter, 'model.diffusion_model.')
        self.trunk = load(AudioTrunk(hp['aud'], hp['aud_heads'], hp['aud_blocks']), gen, 'imagebind_model.')
        self.vision = load(VisionTower(hp['vis_width'], hp['vis_head'], hp['vis_layers'], hp['ctx']), gen, 'embedder.model.visual.')
        self.resampler = load(Resampler(hp['vis_width'], hp['rs_dim'], hp['ctx'], hp['rs_depth'], hp['rs_dh'], hp['rs_heads'], hp['rs_ff']), gen, 'image_proj_model.')
        self.text = load(TextTower(hp['ctx'], hp['txt_heads'], hp['txt_layers'], hp['vocab']), gen, 'cond_stage_model.model.')
        self.vae = load(AutoencoderKL(hp['vae_ch'], hp['vae_mult'], hp['vae_res'], hp['vae_norm_groups'], encoder_ch=hp['vae_encoder_ch']), gen, 'first_stage_model.')
        width = loc['state_dict']['linear2.weight'].shape[1]
        self.localiser = load(Localiser(width, hp['loc_heads'], hp['loc_blocks']), loc, '')
        self.tok = Tokenizer()

    @torch.no_grad()
    def context(self, prompt):
        """[1, 77, ctx]."""
        return self.text(torch.tensor([self.tok.encode(prompt)]))

    @torch.no_grad()
    def image_tokens(self, x):
        """Picture [1, 3, H, W] in -1..1 -> [1, 48, 16, ctx]."""
        return self.resampler(self.vision(clip_image(x))).reshape(1, 48, 16, -1)

    @torch.no_grad()
    def sound(self, m):
        """Mel [1, 128, 204] -> flat tokens [1, 624, aud]."""
        return flat_tokens(self.trunk(m[None]))

    @torch.no_grad()
    def encode(self, x):
        """Pictures [N, 3, H, W] in -1..1 -> latents [N, 4, h, w]."""
        return SCALE_FACTOR * self.vae.moments(x)[0].float()

    @torch.no_grad()
    def decode(self, z):
        """Latents [1, 4, T, h, w] -> uint8 frames [T, 3, H, W], truncated as the official code does."""
        y = self.vae.decode(z[0].transpose(0, 1) / SCALE_FACTOR).float().clamp(-1, 1)
        return ((y + 1) / 2 * 255).to(torch.uint8)


if __name__ == '__main__':
    export(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]), float(sys.argv[6]))
