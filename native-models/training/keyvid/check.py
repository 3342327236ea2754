"""Compares these modules with reference vectors of the official architecture.

Usage (in the folder above): python3 -m keyvid.check GOLDEN_FOLDER; every line ends in ok or WRONG, the exit code counts the wrong.
"""
import json
import sys
import wave

import torch

from check import read_safetensors
from keyvid import towers
from keyvid.diffusion import SCALES, Schedule, guided, tables
from keyvid.mel import BANKS, mel
from keyvid.unet import UNet
from model_text import TextTower
from model_vae import AutoencoderKL

BAD = []


def compare(name, got, want, tolerance):
    d = (got.double() - want.double()).abs().max().item()
    ok = d <= tolerance and got.shape == want.shape
    if not ok:
        BAD.append(name)
    print(f'{name}: max abs difference {d:.2e} (allowed {tolerance:.1e}) {"ok" if ok else "WRONG"}', flush=True)


@torch.no_grad()
def main():
    root = sys.argv[1]
    entries = {e['file']: e for e in json.load(open(root + '/manifest.json'))['files']}
    gold = lambda f: (read_safetensors(f'{root}/{f}'), entries[f]['tolerance']['atol'])
    part = lambda sd, p: {k[len(p):]: v.float() for k, v in sd.items() if k.startswith(p)}
    ckpt = lambda f: torch.load(f'{root}/ckpt/{f}', weights_only=True)
    names = ('KeyVID/keyframe_generation/generator_checkpoint.ckpt', 'KeyVID/interpolation/epoch=3669-step=58720.ckpt')
    gen, inter = (ckpt(n)['state_dict'] for n in names)
    cg, ci = (entries['ckpt/' + n]['config'] for n in names)

    g, tol = gold('audio/mel_filterbank.safetensors')
    compare('mel filter bank', BANKS, g['banks'], tol)
    for n in ('click_train', 'sweep', 'speech_like'):
        w = wave.open(f'{root}/audio/{n}.wav')
        x = torch.frombuffer(bytearray(w.readframes(w.getnframes())), dtype=torch.int16).float()[None] / 32768
        g, tol = gold(f'audio/{n}.safetensors')
        compare('mel ' + n, mel(x), g['mel'], tol)

    trunk = towers.AudioTrunk(cg['aud'], cg['aud_heads'], cg['aud_blocks'])
    trunk.load_state_dict({k: v for k, v in part(gen, 'imagebind_model.').items() if '.audio.' in k and '_heads' not in k and '_post' not in k})
    g, tol = gold('imagebind/forward.safetensors')
    m = read_safetensors(root + '/audio/click_train.safetensors')['mel'][None]
    y = trunk(m)
    compare('imagebind trunk', y, g['trunk_out'], tol)
    flat = towers.flat_tokens(y)
    compare('imagebind split', flat.reshape(1, 48, 13, -1), g['split_48x13'], tol)
    compare('generator sound tokens', towers.keyframe_audio(flat, g['frame_idx']), g['generator_c_audio'], tol)
    compare('interpolator sound tokens', towers.clip_audio(flat), g['interp_c_audio'], tol)

    sd = ckpt('KeyVID/wav2motion/best_model_version1_with_skip.pth')
    w = sd['linear2.weight'].shape[1]
    loc = towers.Localiser(w, cg['aud_heads'], cg['aud_blocks'])
    loc.load_state_dict({k: v for k, v in sd.items() if '.vision.' not in k and '_heads' not in k and '_post' not in k})
    g, tol = gold('localizer/forward.safetensors')
    for n in ('click_train', 'sweep', 'speech_like', 'stereo_11k_long', 'short_8k'):
        m = read_safetensors(f'{root}/audio/{n}.safetensors')['mel'][None]
        compare('localiser ' + n, loc(m[..., :198]), g['score.' + n], tol)

    text = TextTower(cg['ctx'], cg['txt_heads'], cg['txt_layers'], cg['vocab'])
    text.load_state_dict(part(gen, 'cond_stage_model.model.'))
    g, tol = gold('clip/text.safetensors')
    compare('text', text(g['tokens']), g['embedding'], tol)
    vision = towers.VisionTower(cg['vis_width'], cg['vis_head'], cg['vis_layers'], cg['ctx'])
    vision.load_state_dict(part(gen, 'embedder.model.visual.'))
    g, tol = gold('clip/vision.safetensors')
    compare('vision', vision(towers.clip_image(g['image'])), g['tokens'], tol)
    compare('vision of a zero image', vision(towers.clip_image(torch.zeros_like(g['image']))), g['tokens_zero_image'], tol)
    res = towers.Resampler(cg['vis_width'], cg['rs_dim'], cg['ctx'], cg['rs_depth'], cg['rs_dh'], cg['rs_heads'], cg['rs_ff'])
    res.load_state_dict(part(gen, 'image_proj_model.'))
    g, tol = gold('resampler/forward.safetensors')
    compare('resampler', res(g['input']), g['output'], tol)

    vae = AutoencoderKL(cg['vae_ch'], cg['vae_mult'], cg['vae_res'], 32, encoder_ch=cg['vae_ch'])
    vae.load_state_dict(part(gen, 'first_stage_model.'))
    g, tol = gold('vae/forward.safetensors')
    mean, logvar = vae.moments(g['image'])
    compare('vae encoder', 0.18215 * (mean + (0.5 * logvar).exp() * g['noise']), g['z_scaled'], tol)
    compare('vae decoder', vae.decode(g['dec_in'] / 0.18215), g['dec_out'], tol)

    unets = []
    for c, sd, f in ((cg, gen, 'unet_keyframe'), (ci, inter, 'unet_interp')):
        u = UNet(c['model_channels'], c['channel_mult'], c['num_res_blocks'], c['attn_res'], c['head_ch'], c['ctx'], c['aud'], 32, f == 'unet_keyframe')
        u.load_state_dict(part(sd, 'model.diffusion_model.'))
        g, tol = gold(f + '/forward.safetensors')
        b, t = g['x'].shape[0], g['x'].shape[2]
        y = u(g['x'], g['c_concat'], g['timesteps'], g['context'][:, :77], g['context'][:, 77:].reshape(b, t, 16, -1), g['c_audio'], g['fs'], g.get('frame_idx'))
        compare(f, y, g['output'], tol)
        unets.append(u)

    for n in (90, 5, 4, 3):
        g, _ = gold(f'ddim/schedule_{n}.safetensors')
        s = tables(n)
        for k in ('alphas', 'alphas_prev', 'sigmas', 'scale', 'scale_prev', 'dir_coef'):
            compare(f'ddim {n} {k}', s[k].float(), g[k], 3e-4 if k == 'dir_coef' else 1e-6)
        assert s['timesteps'].tolist() == g['timesteps'].tolist()
    g, tol = gold('ddim/keyframe_loop.safetensors')
    sched, x = Schedule(5), g['x_T']
    branch = lambda txt, img, aud: (g['text' + txt], g['image' + img].reshape(1, 12, 16, -1), g['audio' + aud])
    for i in range(5):
        outs = [unets[0](x, g['concat'], torch.tensor([sched.t(i)]), *branch(*b), torch.tensor([6]), g['frame_idx'])
                for b in (('_uncond', '_uncond', '_uncond'), ('_uncond', '', '_uncond'), ('', '', '_uncond'), ('', '', ''))]
        x = sched.step(i, x, guided(outs, SCALES, 0.7), g['noise'][i], 1.0)[0]
        compare(f'ddim loop step {i}', x, g[f'step{i}.x_prev'], tol)
    print(f'{len(BAD)} wrong', BAD)
    sys.exit(len(BAD))


if __name__ == '__main__':
    main()
