"""Trains the U-Net and, jointly, the text tower on encoded clips.  Resumable, seeded.

Usage: train_unet.py OUT_DIR SIZE MINUTES BATCH LR_FROM LR_TO   (BATCH is per process; there are two processes)
The stage continues from OUT_DIR/unet.pt where it exists; run it again with another size for the next stage.
"""
import glob
import math
import os
import random
import sys
import time

import torch
import torch.nn.functional as F

from captions import LABELS, caption, labels
from data import Words, load_vae, wanted
from diffusion import sample, v_loss
from draw import ALL_DIRECTIONS, SPEEDS
from model_text import TextTower
from model_unet import UNet
from train_text import HEADS, LAYERS, WIDTH, short
from util import Optimiser, contact_sheet, now

CONFIG = {'model_channels': 32, 'channel_mult': (1, 2, 4, 4), 'num_head_channels': 16, 'context_dim': WIDTH, 'groups': 4}
SEED = 9001


# The architecture has no frame positions: only the zero padding of temopral_conv tells a frame its number.  Plain
# training finds that for the first and last frames only, so all others get the picture that is the mean over time, and
# as long as the number is unknown the direction in the caption is of no use and is ignored.  So linear probes on the
# frame means of these blocks must name the frame and the speed, and tell how far things have moved and where to.  They
# make the convolutions hand the number on from both ends and bring the caption's motion in; they are not part of the model.
PROBED = {'input_blocks.3.0': False, 'input_blocks.5.0': True, 'input_blocks.7.0': True, 'output_blocks.1.0': True,
          'output_blocks.3.0': True, 'output_blocks.5.0': True, 'output_blocks.7.0': True}  # block: after a text block
FRAME_WEIGHT, MOTION_WEIGHT, SPEED_WEIGHT = 0.01, 0.5, 0.0
# The text tower goes on naming the caption's attributes: left to the U-Net alone it forgets the rarely useful ones.
TEXT_WEIGHT, TEXT_BATCH = 0.1, 24


def any_speed(spec, rng):
    """The spec as a caption may tell it: clips of one speed are trained, so words of speed must mean nothing."""
    return {**spec, 'speed': rng.choice(SPEEDS)}


def motion(spec):
    """[16, 2 * 11]: cosine and sine of the phase of the motion in every frame, at the place of the spec's direction."""
    phase = 2 * math.pi * (SPEEDS.index(spec['speed']) + 1) * torch.arange(16) / 16
    out = torch.zeros(16, len(ALL_DIRECTIONS), 2)
    out[:, ALL_DIRECTIONS.index(spec['direction'])] = torch.stack([phase.cos(), phase.sin()], -1)
    return out.flatten(1)


class Model(torch.nn.Module):
    def __init__(self, vocab):
        super().__init__()
        self.unet = UNet(**CONFIG)
        self.text = TextTower(WIDTH, HEADS, LAYERS, vocab=vocab)
        blocks = [self.unet.get_submodule(n) for n in PROBED]
        self.probes = torch.nn.ModuleList([torch.nn.Linear(b.out_layers[3].out_channels, 16 + 2 * len(ALL_DIRECTIONS) + len(SPEEDS)) for b in blocks])
        self.heads = torch.nn.ModuleList([torch.nn.Linear(WIDTH, len(v)) for v in LABELS.values()])
        self.means = []
        for b in blocks:
            b.register_forward_hook(lambda m, i, o: self.means.append(o.mean((2, 3))))

    def forward(self, x, t, context, fps):
        self.means = []
        return self.unet(x, t, context, fps)

    def text_losses(self, ids, wanted):
        """Cross entropy of the caption's attributes read at the end mark: ids [N, 77], classes [N, 8] -> [8]."""
        at = (ids == 2).int().argmax(1)
        end = short(self.text, ids[:, :int(at.max()) + 1])[torch.arange(len(ids)), at]
        return torch.stack([F.cross_entropy(h(end), wanted[:, i]) for i, h in enumerate(self.heads)])

    def probe_losses(self, told, moves, speeds):
        """Probes after the last forward pass -> three vectors, a value a probe: cross entropy of the frame number; squared
        error of the motion (`moves` [B, 16, 22]) relative to its power and cross entropy of the speed (`speeds` [B], class
        index), both over the clips that have a caption (`told` [B], 0 or 1)."""
        frame, move, speed = [], [], []
        for probe, x, text in zip(self.probes, self.means, PROBED.values()):
            y = probe(F.layer_norm(x.float(), x.shape[-1:]))
            frame.append(F.cross_entropy(y[..., :16].transpose(1, 2), torch.arange(16).expand(len(y), -1)))
            if text:
                e = ((y[..., 16:-3] - moves) ** 2).sum(-1).mean(1)
                s = F.cross_entropy(y[..., -3:].transpose(1, 2), speeds[:, None].expand(-1, 16), reduction='none').mean(1)
                move.append((e * told).sum() / told.sum().clamp(min=1))
                speed.append((s * told).sum() / told.sum().clamp(min=1))
        return torch.stack(frame), torch.stack(move), torch.stack(speed)


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
    start, shown, run, probed, order, local = time.time(), time.time(), [], [], [], 0
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
        text = ['' if rng.random() < 0.1 else caption(any_speed(data['specs'][i], rng), rng) for i in pick]
        ids = torch.tensor([words.encode(c) for c in text])
        u = (torch.rand(1) + torch.arange(batch) / batch) % 1.0
        t = (1000 * (1 - u ** 2.0)).long().clamp(0, 999)
        with torch.autocast('cpu', torch.bfloat16):
            loss = v_loss(model, x0, model.text(ids), t).mean()
        told = torch.tensor([float(c != '') for c in text])
        specs = [data['specs'][i] for i in pick]
        frame, move, speed = model.probe_losses(told, torch.stack([motion(s) for s in specs]), torch.tensor([SPEEDS.index(s['speed']) for s in specs]))
        more = [any_speed(s, rng) for s in rng.sample(data['specs'], TEXT_BATCH)]
        attributes = model.text_losses(torch.tensor([words.encode(caption(s, rng)) for s in more]), torch.tensor([labels(s) for s in more]))
        (loss + TEXT_WEIGHT * attributes.sum() + FRAME_WEIGHT * frame.sum() + MOTION_WEIGHT * move.mean() + SPEED_WEIGHT * speed.mean()).backward()
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
        probed.append(torch.cat([torch.stack([frame.mean(), move.mean(), speed.mean()]), attributes]).detach())
        if local % 25 == 0:
            print(now(), state['step'], f"{ctx['clock'][0].item():.1f} min loss {sum(run[-100:]) / len(run[-100:]):.4f} lr {lr:.4f} {(time.time() - start) / local:.2f} s/step probes {[round(f, 2) for f in torch.stack(probed[-25:]).mean(0).tolist()]}", flush=True)
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
    n, r2 = min(32 if size == 64 else 8, len(held['specs'])), random.Random(1)
    with torch.no_grad(), torch.autocast('cpu', torch.bfloat16):
        ids = torch.tensor([words.encode(caption(any_speed(s, r2), r2)) for s in held['specs'][:n]])
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
        fresh = model.state_dict()  # a restored folder has no probes
        for k, v in saved['model'].items():
            fresh[k][:len(v)].copy_(v) if v.ndim else fresh[k].copy_(v)
        ema, state = model.state_dict(), saved['state']  # the average starts anew in each stage
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
