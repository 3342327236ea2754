"""Trains the U-Net and, jointly, the text tower on encoded clips.  Resumable, seeded.

Usage: train_unet.py OUT_DIR SIZE MINUTES BATCH LR_FROM LR_TO   (BATCH is per process; there are two processes)
The stage continues from OUT_DIR/unet.pt where it exists; run it again with another size for the next stage.
"""
import glob
import os
import random
import sys
import time

import torch

from captions import caption
from data import Words, load_vae, wanted
from diffusion import sample, v_loss
from model_text import TextTower
from model_unet import UNet
from train_text import HEADS, LAYERS, WIDTH
from util import Optimiser, contact_sheet, now

CONFIG = {'model_channels': 32, 'channel_mult': (1, 2, 4, 4), 'num_head_channels': 16, 'context_dim': WIDTH, 'groups': 4}
SEED = 9001


class Model(torch.nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.unet = UNet(**CONFIG)
        self.text = TextTower(WIDTH, HEADS, LAYERS, vocab=vocab)

    def forward(self, x, t, context, fps):
        return self.unet(x, t, context, fps)


def load_latents(path, size):
    """Latents of 128 px clips; for a 64 px stage they are halved by averaging (the VAE is trained to allow it)."""
    parts = [torch.load(p) for p in ([path] if path.endswith('.pt') else sorted(glob.glob(path + '-[a-g]*.pt')))]
    d = {'latents': torch.cat([p['latents'] for p in parts]), 'specs': [s for p in parts for s in p['specs']]}
    keep = [i for i, s in enumerate(d['specs']) if wanted(s)]
    d = {'latents': d['latents'][keep], 'specs': [d['specs'][i] for i in keep]}
    if size == 64:
        n, t, h, w, c = d['latents'].shape
        z = d['latents'].reshape(n, t, h // 2, 2, w // 2, 2, c)
        d['latents'] = torch.stack([a.float().mean((2, 4)).half() for a in z])
    return d


# Transformers left at the identity (proj_out = 0) to save more than half of the training time: everything at full
# resolution and the temporal ones at half resolution.  Text enters at 1/2 and 1/4; time is handled by temopral_conv.
IDLE = ('init_attn.0', 'input_blocks.1.1', 'input_blocks.1.2', 'output_blocks.6.1', 'output_blocks.6.2', 'output_blocks.7.1',
        'output_blocks.7.2', 'input_blocks.3.2', 'output_blocks.4.2', 'output_blocks.5.2')


def lighten(model):
    """Zero the output of the idle transformers and skip them."""
    for name in IDLE:
        m = model.unet.get_submodule(name)
        m.idle = True
        m.requires_grad_(False)
        with torch.no_grad():
            m.proj_out.weight.zero_()
            m.proj_out.bias.zero_()
    return model


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
    prompts = PROMPTS if size == 64 else PROMPTS[:8]
    ids = torch.tensor([words.encode(p) for p in prompts + ['']])
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        ctx = model.text(ids)
        z = sample(model, ctx[:-1], ctx[-1:], torch.randn(len(prompts), 4, 16, size // 8, size // 8, generator=g), steps, guidance)
    contact_sheet(path, decode(vae, stats, z), frames=(0, 1, 2, 4, 6, 8, 11, 15), columns=2)


def worker(rank, ranks, ctx):
    """One of `ranks` single-thread processes.  Parameters, gradients and the averages live in shared memory: each
    process computes gradients on its own clips, then updates its own share of the parameters.  On a shared machine
    this is faster and far steadier than one process with several threads."""
    torch.set_num_threads(1)
    if rank:
        os.setsid()
    model, ema, data, words, state, args, barrier, grads = (ctx[k] for k in ('model', 'ema', 'data', 'words', 'state', 'args', 'barrier', 'grads'))
    out, size, minutes, batch, lr0, lr1 = args
    torch.manual_seed(SEED + size + 7919 * rank + state['step'])
    rng = random.Random(SEED + state['step'] + 7919 * rank)
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    for (n, p), g in zip(named, grads[rank]):
        p.grad = g
    mine = [i for i in range(len(named)) if i % ranks == rank]
    opt = Optimiser([named[i] for i in mine], lr0, 0.1, matrix=is_matrix, weight_decay=0.01)
    averages = [ema[named[i][0]] for i in mine]
    own = [named[i][1] for i in mine]
    held = load_latents(f'{out}/latents-128-held.pt', size) if rank == 0 else None
    eyes = (load_vae(out), torch.load(out + '/latent-stats.pt')) if rank == 0 else None
    start, shown, run, order, local = time.time(), time.time(), [], [], 0
    before = state['minutes'].get(str(size), 0.0)
    while True:
        used = ctx['clock'][0].item() * 60
        if used >= minutes * 60:
            break
        lr = lr0 + (lr1 - lr0) * min(1.0, used / (minutes * 60))
        while len(order) < batch:
            order += rng.sample(range(len(data['specs'])), len(data['specs']))
        pick, order = order[:batch], order[batch:]
        x0 = data['latents'][pick].float().permute(0, 4, 1, 2, 3)
        text = ['' if rng.random() < 0.1 else caption(data['specs'][i], rng) for i in pick]
        ids = torch.tensor([words.encode(c) for c in text])
        u = (torch.rand(1) + torch.arange(batch) / batch) % 1.0
        t = (1000 * (1 - u ** 2.0)).long().clamp(0, 999)
        with torch.autocast('cpu', torch.bfloat16):
            loss = v_loss(model, x0, model.text(ids), t).mean()
        loss.backward()
        barrier.wait()
        with torch.no_grad():
            torch._foreach_add_([grads[rank][i] for i in mine], [grads[1 - rank][i] for i in mine])
            torch._foreach_mul_([grads[rank][i] for i in mine], 0.5)
            opt.step(lr / lr0 * min(1.0, (local + 1) / 20), clip=None, keep=True)
            state['step'] += 1
            state['clips'] += batch * ranks
            local += 1
            torch._foreach_lerp_(averages, own, 1 - min(0.99, 1 - 2 / (state['step'] + 4)))
        if rank == 0:
            ctx['clock'][0] = (time.time() - start) / 60
        barrier.wait()
        torch._foreach_zero_(grads[rank])
        if rank:
            continue
        run.append(loss.item())
        if local % 25 == 0:
            print(now(), state['step'], f"{ctx['clock'][0].item():.1f} min loss {sum(run[-100:]) / len(run[-100:]):.4f} lr {lr:.4f} {(time.time() - start) / local:.2f} s/step", flush=True)
        if time.time() - shown > 330 or ctx['clock'][0] >= minutes:
            state['minutes'][str(size)] = before + (time.time() - start) / 60
            torch.save({'model': model.state_dict(), 'ema': ema, 'state': state}, out + '/unet.tmp')
            os.replace(out + '/unet.tmp', out + '/unet.pt')
            look(ema, held, words, eyes, size, out, len(words.rows))
            print(now(), 'saved', state, flush=True)
            shown = time.time()


def look(ema, held, words, eyes, size, out, vocab):
    """Held-out loss and a contact sheet with the averaged weights."""
    model = Model(vocab)
    model.load_state_dict(ema)
    lighten(model)
    keep = torch.get_rng_state()
    torch.manual_seed(1)
    n, r2 = (32 if size == 64 else 8), random.Random(1)
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        ids = torch.tensor([words.encode(caption(s, r2)) for s in held['specs'][:n]])
        t = (torch.arange(n) * 1000 // n + 15).clamp(max=999)
        loss = v_loss(model, held['latents'][:n].float().permute(0, 4, 1, 2, 3), model.text(ids), t).mean()
    print(now(), f'held-out pairs {loss:.4f}', flush=True)
    preview(model, words, *eyes, size, f'{out}/unet-{size}.png')
    torch.set_rng_state(keep)


def main():
    out, size = sys.argv[1], int(sys.argv[2])
    minutes, batch, lr0, lr1 = float(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]), float(sys.argv[6])
    torch.set_num_threads(1)
    torch.manual_seed(SEED + size)
    words, data = Words(), load_latents(f'{out}/latents-128', size)
    model = Model(len(words.rows))
    warm = torch.load(out + '/text.pt')
    assert warm['rows'] == words.rows
    model.text.load_state_dict(warm['tower'])
    state, path = {'step': 0, 'clips': 0, 'minutes': {}}, out + '/unet.pt'
    ema = model.state_dict()
    if os.path.exists(path):
        saved = torch.load(path)
        model.load_state_dict(saved['model'])
        ema, state = saved['model'], saved['state']  # the average starts anew in each stage
    lighten(model).share_memory()
    idle = tuple(f'unet.{n}.proj_out.' for n in IDLE)
    ema = {k: (torch.zeros_like(v) if k.startswith(idle) else v.clone()).share_memory_() for k, v in ema.items()}
    params = [p for p in model.parameters() if p.requires_grad]
    ranks, mp = 2, torch.multiprocessing.get_context('fork')
    grads = [[torch.zeros_like(p).share_memory_() for p in params] for _ in range(ranks)]
    print(now(), 'parameters', sum(p.numel() for p in model.unet.parameters()), 'clips', len(data['specs']), flush=True)
    ctx = {'model': model, 'ema': ema, 'data': data, 'words': words, 'state': state, 'grads': grads, 'barrier': mp.Barrier(ranks),
           'clock': torch.zeros(1).share_memory_(), 'args': (out, size, minutes, batch, lr0, lr1)}
    other = mp.Process(target=worker, args=(1, ranks, ctx), daemon=True)
    other.start()
    worker(0, ranks, ctx)
    other.join()


if __name__ == '__main__':
    main()
