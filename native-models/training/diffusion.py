"""Noise schedule, training loss and the DDIM sampler of the starter (the formulas are in the README).

Latents are [B, 4, T, h, w], standardised; v-prediction; betas rescaled to zero terminal SNR (Lin et al., 2023,
"Common Diffusion Noise Schedules and Sample Steps are Flawed"); trailing timesteps and guidance rescale from there too.
"""
import torch

LINEAR_START, LINEAR_END = 0.00085, 0.012
FPS = 8


def alphas_bar():
    """abar_t for t = 0..999 (float64), after the zero-terminal-SNR rescale: abar_999 = 0."""
    betas = torch.linspace(LINEAR_START ** 0.5, LINEAR_END ** 0.5, 1000, dtype=torch.float64) ** 2
    root = torch.cumprod(1 - betas, 0).sqrt()
    root = (root - root[-1]) * root[0] / (root[0] - root[-1])
    return root ** 2


ABAR = alphas_bar()


def timesteps(n):
    """Trailing: t_i = round(1000 - i * 1000 / n) - 1 for i = 0..n-1 (halves to even, as Python's round)."""
    return [round(1000 - i * 1000 / n) - 1 for i in range(n)]


def v_loss(model, x0, context, t, weight=None):
    """Mean squared error of the velocity v = sqrt(abar) noise - sqrt(1 - abar) x0, per clip [B]."""
    a = ABAR[t].float()[:, None, None, None, None]
    noise = torch.randn_like(x0)
    v = a.sqrt() * noise - (1 - a).sqrt() * x0
    out = model(a.sqrt() * x0 + (1 - a).sqrt() * noise, t, context, torch.full_like(t, FPS))
    return ((out.float() - v) ** 2).mean((1, 2, 3, 4))


def guided(cond, uncond, guidance, rescale):
    """v = u + g (c - u); then v <- r * v * std(c) / std(v) + (1 - r) * v, deviations over the whole clip (N-1)."""
    v = uncond + guidance * (cond - uncond)
    if rescale:
        dims = (1, 2, 3, 4)
        k = cond.std(dims, keepdim=True) / v.std(dims, keepdim=True)
        v = rescale * v * k + (1 - rescale) * v
    return v


@torch.no_grad()
def sample(model, context, empty, noise, steps=12, guidance=2.0, rescale=0.5, record=None):
    """DDIM (eta 0).  context [B, 77, D], empty [1, 77, D], noise [B, 4, T, h, w] -> x0 of the last step."""
    x, b = noise, noise.shape[0]
    ts = timesteps(steps)
    fps = torch.full((b,), FPS)
    for i, t in enumerate(ts):
        tt = torch.full((b,), t)
        cond = model(x, tt, context, fps).float()
        if guidance != 1:
            uncond = model(x, tt, empty.expand(b, -1, -1), fps).float()
        else:
            uncond = cond
        v = guided(cond, uncond, guidance, rescale)
        a, prev = float(ABAR[t]), float(ABAR[ts[i + 1]]) if i + 1 < len(ts) else 1.0
        x0 = a ** 0.5 * x - (1 - a) ** 0.5 * v
        eps = a ** 0.5 * v + (1 - a) ** 0.5 * x
        x = prev ** 0.5 * x0 + (1 - prev) ** 0.5 * eps
        if record is not None:
            record.append({'cond': cond, 'uncond': uncond, 'x': x})
    return x
