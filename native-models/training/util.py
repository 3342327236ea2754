"""Small helpers shared by the recipe: PNG writing, contact sheets, thread choice, the Muon optimiser."""
import struct
import time
import zlib

import torch


def write_png(path, rgb):
    """Write a uint8 tensor [H, W, 3] as a PNG file."""
    h, w, _ = rgb.shape
    rows = torch.cat([torch.zeros(h, 1, dtype=torch.uint8), rgb.reshape(h, w * 3)], 1).numpy().tobytes()
    chunk = lambda k, d: struct.pack('>I', len(d)) + k + d + struct.pack('>I', zlib.crc32(k + d))
    with open(path, 'wb') as f:
        f.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 2, 0, 0, 0))
                + chunk(b'IDAT', zlib.compress(rows, 6)) + chunk(b'IEND', b''))


def contact_sheet(path, clips, frames=(0, 2, 4, 6, 8, 11, 14), columns=2):
    """One row of chosen frames per clip ([T, 3, H, W] in 0..1), `columns` clips side by side."""
    rows = []
    for c in clips:
        pick = torch.cat([c[f] for f in frames if f < c.shape[0]], -1)
        rows.append(torch.nn.functional.pad(pick, (0, 6, 0, 3), value=0.5))
    while len(rows) % columns:
        rows.append(torch.zeros_like(rows[0]))
    grid = torch.cat([torch.cat(rows[i:i + columns], -1) for i in range(0, len(rows), columns)], -2)
    write_png(path, (grid.permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8).contiguous())


class Threads:
    """Times 1 against 2 threads every `every` steps and keeps the faster (the machine is shared)."""

    def __init__(self, every=120):
        self.every, self.n, self.times = every, 0, {1: [], 2: []}
        torch.set_num_threads(2)

    def step(self, seconds):
        k = self.n % self.every
        if k < 4:
            self.times[2 if k < 2 else 1].append(seconds)
        if k == 1:
            torch.set_num_threads(1)
        if k == 3:
            best = min((1, 2), key=lambda c: min(self.times[c]))
            torch.set_num_threads(best)
            self.times = {1: [], 2: []}
        if k == self.every - 1:
            torch.set_num_threads(2)
        self.n += 1


@torch.no_grad()
def _orthogonalise(g, steps=4):
    """Newton-Schulz iteration towards the nearest orthogonal matrix; g [N, rows, cols] (K. Jordan, Muon, 2024)."""
    flip = g.shape[1] > g.shape[2]
    x = g.transpose(1, 2) if flip else g
    x = (x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)).bfloat16()
    for _ in range(steps):
        a = x @ x.transpose(1, 2)
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return (x.transpose(1, 2) if flip else x).float()


class Optimiser:
    """Muon for hidden matrices (convolutions flattened to [out, in*k]); Adam for everything else."""

    def __init__(self, named, lr, adam_ratio=0.1, momentum=0.95, matrix=lambda name, p: p.ndim >= 2, weight_decay=0.0):
        named = [(n, p) for n, p in named if p.requires_grad]
        self.lr, self.momentum, self.ratio, self.wd = lr, momentum, adam_ratio, weight_decay
        self.groups = {}
        for n, p in named:
            if matrix(n, p):
                self.groups.setdefault((p.shape[0], p.numel() // p.shape[0]), []).append(p)
        self.buf = {k: torch.zeros(len(v), *k, device=v[0].device) for k, v in self.groups.items()}
        rest = [p for n, p in named if not matrix(n, p)]
        self.adam = torch.optim.AdamW(rest, lr=lr * adam_ratio, betas=(0.9, 0.98), weight_decay=0.0, foreach=True)
        self.params = [p for _, p in named]

    @torch.no_grad()
    def step(self, scale=1.0, clip=1.0, keep=False):
        norm = torch.nn.utils.clip_grad_norm_(self.params, clip or 1e9, error_if_nonfinite=False)
        if not torch.isfinite(norm):
            if not keep:
                self.zero()
            return norm
        for g in self.adam.param_groups:
            g['lr'] = self.lr * self.ratio * scale
        self.adam.step()
        for (r, c), ps in self.groups.items():
            grad = torch.stack([p.grad.reshape(r, c) for p in ps])
            b = self.buf[(r, c)].lerp_(grad, 1 - self.momentum)
            up = _orthogonalise(grad.lerp(b, self.momentum))
            k = self.lr * scale * max(1.0, r / c) ** 0.5
            for p, d in zip(ps, up):
                if self.wd:
                    p.mul_(1 - k * self.wd)
                p.add_(d.reshape(p.shape), alpha=-k)
        if not keep:
            self.zero()
        return norm

    def zero(self):
        for p in self.params:
            p.grad = None


def now():
    return time.strftime('%H:%M:%S')
