"""Trains the U-Net and, jointly, the text tower on encoded clips.  Resumable, seeded.

Usage: train_unet.py OUT_DIR SIZE MINUTES BATCH LR_FROM LR_TO [overfit]
The stage continues from OUT_DIR/unet.pt where it exists; run it again with another size for the next stage.
"""
import os
import random
import sys
import time

import torch

from captions import caption
from data import Words, load_vae
from diffusion import sample, v_loss
from model_text import TextTower
from model_unet import UNet
from train_text import HEADS, LAYERS, WIDTH
from util import Optimiser, Threads, contact_sheet, now

CONFIG = {'model_channels': 32, 'channel_mult': (1, 2, 4, 4), 'num_head_channels': 16, 'context_dim': WIDTH, 'groups': 4}
SEED = 9001


class Model(torch.nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.unet = UNet(**CONFIG)
        self.text = TextTower(WIDTH, HEADS, LAYERS, vocab=vocab)

    def forward(self, x, t, context, fps):
        return self.unet(x, t, context, fps)


def is_matrix(name, p):
    """Hidden matrices go to Muon; embeddings, first/last convolution and the text tower to Adam."""
    return p.ndim >= 2 and name.startswith('unet.') and not name.startswith(('unet.input_blocks.0.', 'unet.out.')) \
        and 'time_embed' not in name and 'fps_embedding' not in name


def decode(vae, stats, z):
    """Standardised latents [B, 4, T, h, w] -> frames [B, T, 3, H, W] in 0..1."""
    b, c, t, h, w = z.shape
    z = z.permute(0, 2, 1, 3, 4).reshape(b * t, c, h, w) * stats['std'][:, None, None] + stats['mean'][:, None, None]
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        y = vae.decode(z.contiguous(memory_format=torch.channels_last)).float()
    return ((y + 1) / 2).clamp(0, 1).reshape(b, t, 3, h * 8, w * 8)


PROMPTS = ['blue bubbles rising slowly', 'red bubbles floating to the right', 'green stripes moving left', 'pink bokeh drifting down',
           'purple waves moving right', 'orange fire', 'white snow falling on dark blue', 'yellow star spinning clockwise',
           'cyan square rotating counterclockwise slowly', 'red and blue gradient moving up', 'a pink bouncing ball', 'cyan rings expanding',
           'green pulsing circle', 'many golden bubbles sinking fast on white']


def preview(model, words, vae, stats, size, path, steps=10, guidance=2.0):
    """Contact sheet of fixed prompts, fixed noise."""
    g = torch.Generator().manual_seed(5)
    ids = torch.tensor([words.encode(p) for p in PROMPTS + ['']])
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        ctx = model.text(ids)
        z = sample(model, ctx[:-1], ctx[-1:], torch.randn(len(PROMPTS), 4, 16, size // 8, size // 8, generator=g), steps, guidance)
    contact_sheet(path, decode(vae, stats, z), frames=(0, 1, 2, 4, 6, 8, 11, 15), columns=2)


def main():
    out, size, minutes, batch, lr0, lr1 = sys.argv[1], int(sys.argv[2]), *map(float, sys.argv[3:7])
    batch, few = int(batch), int(sys.argv[7]) if len(sys.argv) > 7 else 0
    torch.manual_seed(SEED + size)
    torch.set_num_threads(2)
    vae, stats, words = load_vae(out), torch.load(out + '/latent-stats.pt'), Words()
    data = torch.load(f'{out}/latents-{size}.pt')
    held = None if few or not os.path.exists(f'{out}/latents-{size}-held.pt') else torch.load(f'{out}/latents-{size}-held.pt')
    model = Model(len(words.rows))
    warm = torch.load(out + '/text.pt')
    assert warm['rows'] == words.rows
    model.text.load_state_dict(warm['tower'])
    state, path = {'step': 0, 'clips': 0, 'minutes': {}}, out + ('/overfit.pt' if few else '/unet.pt')
    if os.path.exists(path):
        saved = torch.load(path)
        model.load_state_dict(saved['model'])
        state = saved['state']
    ema = {k: v.clone() for k, v in (torch.load(path)['ema'] if os.path.exists(path) else model.state_dict()).items()}
    print(now(), 'parameters', sum(p.numel() for p in model.unet.parameters()), 'clips', len(data['specs']), flush=True)
    opt = Optimiser(model.named_parameters(), lr0, 0.1, matrix=is_matrix, weight_decay=0.01)
    rng, threads, used, run, shown = random.Random(SEED + state['step']), Threads(), 0.0, [], 0
    before = state['minutes'].get(str(size), 0.0)
    order, local = [], 0
    while used < minutes * 60:
        t0 = time.time()
        frac = used / (minutes * 60)
        lr = lr0 + (lr1 - lr0) * frac
        while len(order) < batch:
            order += rng.sample(range(few or len(data['specs'])), few or len(data['specs']))
        pick, order = order[:batch], order[batch:]
        x0 = data['latents'][pick].float().permute(0, 4, 1, 2, 3)
        text = ['' if rng.random() < 0.1 else caption(data['specs'][i], rng) for i in pick]
        ids = torch.tensor([words.encode(c) for c in text])
        u = (torch.rand(1) + torch.arange(batch) / batch) % 1.0
        t = (1000 * (1 - u ** 1.4)).long().clamp(0, 999)
        with torch.autocast('cpu', torch.bfloat16):
            loss = v_loss(model, x0, model.text(ids), t).mean()
        loss.backward()
        opt.step(lr / lr0 * min(1.0, (local + 1) / 25))
        state['step'] += 1
        state['clips'] += batch
        local += 1
        decay = min(0.998, 1 - 2 / (state['step'] + 4))
        with torch.no_grad():
            sd = model.state_dict()
            torch._foreach_lerp_([ema[k] for k in sd], list(sd.values()), 1 - decay)
        used += time.time() - t0
        threads.step(time.time() - t0)
        run.append(loss.item())
        if local % 25 == 0:
            print(now(), state['step'], f'{used / 60:.1f} min loss {sum(run[-50:]) / len(run[-50:]):.4f} lr {lr:.4f} {time.time() - t0:.2f} s/step threads {torch.get_num_threads()}', flush=True)
        if used - shown > (120 if few else 300) or used >= minutes * 60:
            shown = used
            state['minutes'][str(size)] = before + used / 60
            live = {k: v.clone() for k, v in model.state_dict().items()}
            model.load_state_dict(ema)
            note = ''
            if held:
                with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
                    g = torch.get_rng_state()
                    torch.manual_seed(1)
                    n, r2 = 32 if size == 64 else 12, random.Random(1)
                    ids = torch.tensor([words.encode(caption(s, r2)) for s in held['specs'][:n]])
                    t = (torch.arange(n) * 1000 // n + 15).clamp(max=999)
                    note = f"held-out {v_loss(model, held['latents'][:n].float().permute(0, 4, 1, 2, 3), model.text(ids), t).mean():.4f}"
                    torch.set_rng_state(g)
            preview(model, words, vae, stats, size, f"{out}/unet-{size}{'-few' if few else ''}.png")
            torch.save({'model': live, 'ema': ema, 'state': state}, path + '.tmp')
            os.replace(path + '.tmp', path)
            model.load_state_dict(live)
            print(now(), 'saved', state, note, flush=True)


if __name__ == '__main__':
    main()
