"""The two sampling loops, on prepared conditions (see data.Clips.sample): keyframes, then the frames between them."""
import torch

from keyvid.diffusion import FS, Schedule, filled_noise, guided


def branches(cond, empty, scales):
    """(conditions, coefficient) of the four guidance branches; those with coefficient 0 need no network call."""
    text, image, sound = scales
    mix = lambda t, i, a: {'text': (cond if t else empty)['text'], 'image': (cond if i else empty)['image'], 'audio': (cond if a else empty)['audio']}
    return [(mix(0, 0, 0), 1 - image), (mix(0, 1, 0), image - text), (mix(1, 1, 0), text - sound), (mix(1, 1, 1), sound)]


@torch.no_grad()
def denoise(unet, what, cond, concat, x, noises, steps, scales=(1.0, 1.0, 1.0), rescale=0.0, empty=None, index=None, inject=None, eta=1.0, record=None):
    """x [1, 4, T, h, w] from t = 999 down; noises[i] is step i's normal noise; inject = (keyframe indices, their latents)."""
    sched, zero = Schedule(steps), torch.zeros_like(x)
    fs = torch.tensor([FS[what]])
    for i in range(steps):
        t = torch.tensor([sched.t(i)])
        outs = [unet(x, concat, t, c['text'], c['image'], c['audio'], fs, index).float() if k or j == 3 else zero
                for j, (c, k) in enumerate(branches(cond, empty or cond, scales))]
        v = guided(outs, scales, rescale) if scales != (1.0, 1.0, 1.0) else outs[3]
        x, x0 = sched.step(i, x, v, noises[i], eta)
        if inject and i == 0:
            keys, z = inject
            x = x.clone()
            x[:, :, keys] = sched.inject(i, z, noises[i][:, :, keys])
        if record is not None:
            record.append({'v': v, 'full': outs[3], 'x': x, 'x0': x0})
    return x


def _one(s, *names):
    return {k: s[k][None] for k in names}


def generate(unet, s, steps, seed=0, **kw):
    """Keyframes of one sample -> latents [1, 4, 12, h, w]."""
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(1, *s['x'].shape, generator=g)
    noises = torch.randn(steps, *x.shape, generator=g)
    return denoise(unet, 'generator', _one(s, 'text', 'image', 'audio'), s['concat'][None], x, noises, steps, index=s['index'][None], **kw)


def interpolate(unet, s, steps, seed=0, **kw):
    """The 48 frames of one sample (keyframe latents in s['concat']) -> latents [1, 4, 48, h, w]."""
    g = torch.Generator().manual_seed(seed)
    x = filled_noise(torch.randn(1, *s['x'].shape, generator=g), s['keys'])
    noises = torch.randn(steps, *x.shape, generator=g)
    inject = (s['keys'], s['concat'][None][:, :, s['keys']])
    return denoise(unet, 'interpolator', _one(s, 'text', 'image', 'audio'), s['concat'][None], x, noises, steps, inject=inject, **kw)
