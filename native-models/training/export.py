"""Writes the shipped checkpoint: official key names, fp16, and plain settings; and reads it back.

Usage: export.py OUT_DIR TARGET.ckpt SIZE VERSION STEPS GUIDANCE RESCALE all|GATE.json   (GATE.json: see report.py)
"""
import json
import sys

import torch

import diffusion
from data import TRAINED, Words
from draw import COLOUR_NAMES, DIRECTIONS
from model_text import TextTower
from model_unet import Transformer, UNet
from model_vae import AutoencoderKL
from tokenizer import Tokenizer

EXAMPLES = {  # by family; the shipped list takes twelve from the families that passed, in turn
    'bubbles': ['blue bubbles rising slowly', 'many pink bubbles floating to the left', 'purple bubbles on dark blue'],
    'stripes': ['blue stripes moving left', 'white stripes sliding down on dark red', 'orange stripes'],
    'spin': ['a yellow star spinning clockwise on dark purple', 'a cyan square turning counterclockwise', 'a red triangle spinning'],
    'waves': ['green waves moving right', 'pink ocean waves rolling left', 'cyan sea waves'],
    'bokeh': ['pink bokeh drifting down', 'golden bokeh lights rising', 'soft green lights floating right'],
    'fire': ['orange fire on a black background', 'blue flames', 'a purple campfire'],
    'bounce': ['a red bouncing ball', 'a blue ball bouncing from side to side', 'a yellow bouncing ball'],
    'pulse': ['a pulsing green circle', 'a red pulsing ring', 'a white pulsing light'],
    'gradient': ['red and blue gradient moving up', 'green and yellow gradient flowing left', 'purple and cyan gradient'],
}
WORDS = {'spin': 'turning stars, squares and triangles', 'bokeh': 'bokeh lights', 'bounce': 'a bouncing ball',
         'pulse': 'pulsing circles and rings', 'gradient': 'gradients'}
KNOWS = ('Plume Starter is small and draws two-second motion backgrounds in nine colours: {families}. {directions}Everything moves at one '
         'gentle speed whatever the words say, and another seed changes details only. It does not know people, animals, places or text.')


class Starter:
    """A loaded checkpoint: context(prompts), unet(x, t, context, fps), frames(latents); everything fp32."""

    def __init__(self, ckpt):
        hp, sd = ckpt['hyper_parameters'], {k: v.float() for k, v in ckpt['state_dict'].items()}
        self.hp, self.plume = hp, ckpt['plume']
        part = lambda p: {k[len(p):]: v for k, v in sd.items() if k.startswith(p)}
        self.unet = UNet(hp['model_channels'], hp['channel_mult'], hp['num_head_channels'], hp['context_dim'], hp['unet_norm_groups'])
        self.unet.load_state_dict(part('model.diffusion_model.'))
        self.vae = AutoencoderKL(hp['vae_ch'], hp['vae_ch_mult'], hp['vae_num_res_blocks'], hp['vae_norm_groups'], with_encoder=False)
        self.vae.load_state_dict(part('first_stage_model.'))
        self.text = TextTower(hp['text_width'], hp['text_heads'], hp['text_layers'])
        self.text.load_state_dict(part('cond_stage_model.model.'))
        for m in self.unet.modules():  # blocks with a zero output are skipped: the same result, sooner
            if isinstance(m, Transformer):
                m.idle = not m.proj_out.weight.any() and not m.proj_out.bias.any()
        for m in (self.unet, self.vae, self.text):
            m.eval().requires_grad_(False)
        self.tok = Tokenizer()

    def context(self, prompts):
        """[N, 77, context_dim]."""
        with torch.no_grad(), torch.autocast('cpu', enabled=False):
            return self.text(torch.tensor([self.tok.encode(p) for p in prompts]))

    def frames(self, z):
        """Latents [B, 4, T, h, w] -> [B, T, 3, H, W] in 0..1."""
        b, c, t, h, w = z.shape
        y = self.vae.decode(z.permute(0, 2, 1, 3, 4).reshape(b * t, c, h, w) / self.hp['scale_factor']).float()
        return ((y.clamp(-1, 1) + 1) / 2).reshape(b, t, 3, h * 8, w * 8)


def load_checkpoint(path):
    return Starter(torch.load(path, weights_only=True))


def main():
    out, target, size, version, steps, guidance, rescale, gate = sys.argv[1:9]
    from train_unet import CONFIG, SEED
    from train_text import HEADS, LAYERS, WIDTH
    ema, stats = torch.load(out + '/unet.pt')['ema'], torch.load(out + '/latent-stats.pt')
    sd = {'model.diffusion_model.' + k[5:]: v for k, v in ema.items() if k.startswith('unet.')}
    for k, v in torch.load(out + '/vae.pt')['ema'].items():
        if k.startswith(('decoder.', 'post_quant_conv.')):
            sd['first_stage_model.' + k] = v
    # the latents' standardisation is folded into post_quant_conv, so that scale_factor is 1
    w, b = (sd['first_stage_model.post_quant_conv.' + k] for k in ('weight', 'bias'))
    sd['first_stage_model.post_quant_conv.bias'] = b + w[:, :, 0, 0] @ stats['mean']
    sd['first_stage_model.post_quant_conv.weight'] = w * stats['std'][None, :, None, None]
    rows = Words().rows
    for k, v in ema.items():
        if k == 'text.token_embedding.weight':
            # every row that training never saw is the one "unknown word", which training put into captions at random
            full = v[3:4].repeat(49408, 1)
            for i, r in enumerate(rows):
                if r is not None:
                    full[r] = v[i]
            v = full
        if k.startswith('text.'):
            sd['cond_stage_model.model.' + k[5:]] = v
    sd = {k: v.detach().half().contiguous().clone() for k, v in sd.items()}
    assert all(torch.isfinite(v).all() for v in sd.values())
    hp = {
        'model_channels': CONFIG['model_channels'], 'channel_mult': list(CONFIG['channel_mult']), 'num_head_channels': CONFIG['num_head_channels'],
        'context_dim': CONFIG['context_dim'], 'unet_norm_groups': CONFIG['groups'], 'vae_ch': 24, 'vae_ch_mult': [1, 2, 4, 4],
        'vae_num_res_blocks': 1, 'vae_norm_groups': 1, 'text_width': WIDTH, 'text_heads': HEADS, 'text_layers': LAYERS, 'scale_factor': 1.0,
        'parameterization': 'v', 'rescale_betas_zero_snr': True, 'linear_start': diffusion.LINEAR_START, 'linear_end': diffusion.LINEAR_END,
        'temporal_length': 16, 'fps': diffusion.FPS, 'has_middle_block': False, 'sampler': 'ddim', 'default_steps': int(steps),
        'default_guidance': float(guidance), 'guidance_rescale': float(rescale),
    }
    gate = {'families': list(TRAINED), 'directions': DIRECTIONS} if gate == 'all' else json.load(open(gate))
    fams = [f for f in EXAMPLES if f in gate['families']]
    turns = [EXAMPLES[f][i] for i in range(3) for f in fams]
    blind = [f for f in fams if len(DIRECTIONS[f]) > 1 and not gate['directions'].get(f)]
    follows = f'The direction of movement is not reliable yet for {", ".join(blind)}. ' if blind else ''
    plume = {
        'name': 'Plume Starter', 'version': version, 'licence': 'MIT', 'native_width': int(size), 'native_height': int(size), 'native_frames': 16,
        'families': fams, 'colours': COLOUR_NAMES, 'directions': {f: gate['directions'].get(f, []) for f in fams}, 'example_prompts': turns[:12],
        'what_it_knows': KNOWS.format(families=', '.join(WORDS.get(f, f) for f in fams), directions=follows), 'recipe_seed': SEED,
    }
    torch.save({'state_dict': sd, 'hyper_parameters': hp, 'plume': plume}, target)
    load_checkpoint(target)
    print('tensors', len(sd), 'parameters', sum(v.numel() for v in sd.values()), hp)


if __name__ == '__main__':
    main()
