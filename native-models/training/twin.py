"""Trains one model with two single-thread processes that share its parameters in memory.

Each process computes gradients on its own samples; the gradients are averaged and each process updates half of the
parameters.  On a shared two-core machine this is faster and far steadier than one process with two threads.
"""
import os
import time

import torch

from util import Optimiser, now


def train(model, ema, state, loss_of, show, minutes, lr0, lr1, matrix, every=330, ranks=2):
    """loss_of(rank) -> scalar loss of the next samples; show(state, final) is called by process 0 now and then with `ema` filled.

    `ema` maps the names of the state dict to averages; `state` counts steps.  lr falls linearly from lr0 to lr1 over the minutes.
    """
    mp = torch.multiprocessing.get_context('fork')
    model.share_memory()
    for k in ema:
        ema[k] = ema[k].clone().share_memory_()
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    ctx = {'named': named, 'grads': [[torch.zeros_like(p).share_memory_() for _, p in named] for _ in range(ranks)],
           'barrier': mp.Barrier(ranks), 'clock': torch.zeros(1).share_memory_(), 'ema': ema, 'state': state}
    args = (ranks, ctx, loss_of, show, minutes, lr0, lr1, matrix, every)
    others = [mp.Process(target=_work, args=(r, *args), daemon=True) for r in range(1, ranks)]
    for o in others:
        o.start()
    _work(0, *args)
    for o in others:
        o.join()


def _work(rank, ranks, ctx, loss_of, show, minutes, lr0, lr1, matrix, every):
    torch.set_num_threads(1)
    if rank:
        os.setsid()  # a session of its own: the scheduler then shares the cores evenly
    named, grads, state, ema, barrier = (ctx[k] for k in ('named', 'grads', 'state', 'ema', 'barrier'))
    for (n, p), g in zip(named, grads[rank]):
        p.grad = g
    mine = [i for i in range(len(named)) if i % ranks == rank]
    opt = Optimiser([named[i] for i in mine], lr0, 0.1, matrix=matrix, weight_decay=0.01)
    averages, own = [ema[named[i][0]] for i in mine], [named[i][1] for i in mine]
    start, shown, run, local = time.time(), time.time(), [], 0
    while (used := ctx['clock'][0].item()) < minutes:
        lr = lr0 + (lr1 - lr0) * used / minutes
        loss = loss_of(rank)
        loss.backward()
        barrier.wait()
        with torch.no_grad():
            share = [grads[rank][i] for i in mine]
            for r in range(ranks):
                if r != rank:
                    torch._foreach_add_(share, [grads[r][i] for i in mine])
            torch._foreach_mul_(share, 1 / ranks)
            opt.step(lr / lr0 * min(1.0, (local + 1) / 20), clip=None, keep=True)
            local += 1
            state['step'] += 1
            torch._foreach_lerp_(averages, own, 1 - min(0.99, 1 - 2 / (local + 4)))
        if rank == 0:
            ctx['clock'][0] = (time.time() - start) / 60
        barrier.wait()
        torch._foreach_zero_(grads[rank])
        if rank:
            continue
        run.append(loss.item())
        if local % 25 == 0:
            recent = run[-100:]
            print(now(), state['step'], f"{ctx['clock'][0].item():.1f} min loss {sum(recent) / len(recent):.4f} lr {lr:.4f} "
                  f"{(time.time() - start) / local:.2f} s/step", flush=True)
        final = ctx['clock'][0].item() >= minutes
        if time.time() - shown > every or final:
            show(state, final)
            shown = time.time()
