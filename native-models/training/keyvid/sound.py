"""Synthesises the sounds of the KeyVID starter: two seconds at 16 kHz with known events.

`draw(rng)` -> {'wave' [32000] in -1..1, 'events' [(seconds, strength)], 'swell' [48] or None, 'kind'}.  Events are at least five frames
apart (the peak picker's distance); quiet hats, pads and noise below them are no events.
"""
import math

import torch

from keyvid.mel import RATE, SAMPLES
from keyvid.motion import FPS, FRAMES

T = torch.arange(SAMPLES) / RATE
GAP = 0.215
INSTRUMENTS = ('kick', 'snare', 'clap', 'tick', 'tom', 'pluck', 'bell', 'bass', 'stab', 'voice')


def _tone(rng, t, f, partials, decay):
    return sum(a * torch.sin(2 * math.pi * f * k * t + rng.random() * 6) * torch.exp(-t * k ** 0.5 / decay) for k, a in partials)


def hit(rng, g, name, v, seconds=0.9):
    """One note of strength v in 0..1, float [n]."""
    t = T[:int(seconds * RATE)]
    n = torch.randn(len(t), generator=g)
    high = n - torch.nn.functional.avg_pool1d(n[None, None], 5, 1, 2)[0, 0]
    if name == 'kick':
        lo, hi, tau = rng.uniform(42, 60), rng.uniform(90, 240), rng.uniform(.02, .05)
        x = torch.sin(2 * math.pi * (lo * t + (hi - lo) * tau * (1 - torch.exp(-t / tau)))) * torch.exp(-t / rng.uniform(.08, .22)) + 0.15 * high * torch.exp(-t / .004)
    elif name == 'snare':
        x = 0.6 * high * torch.exp(-t / rng.uniform(.05, .13)) + 0.5 * torch.sin(2 * math.pi * rng.uniform(160, 230) * t) * torch.exp(-t / .06)
    elif name == 'clap':
        x = high * (torch.exp(-t / .07) + torch.exp(-(t - .011).clamp(min=0) / .01) * (t > .011)) * 0.5
    elif name == 'tick':
        x = high * torch.exp(-t / rng.uniform(.008, .04)) + 0.3 * torch.sin(2 * math.pi * rng.uniform(1500, 5000) * t) * torch.exp(-t / .015)
    elif name == 'tom':
        f = rng.uniform(70, 180)
        x = torch.sin(2 * math.pi * f * (t + .25 * .05 * (1 - torch.exp(-t / .05)))) * torch.exp(-t / rng.uniform(.12, .25))
    elif name == 'pluck':
        x = _tone(rng, t, rng.uniform(110, 700), [(k, 1 / k) for k in range(1, 7)], rng.uniform(.15, .5)) * 0.5
    elif name == 'bell':
        x = _tone(rng, t, rng.uniform(400, 1400), [(1, .6), (2.76, .4), (5.4, .25)], rng.uniform(.3, .7)) * 0.6
    elif name == 'bass':
        x = _tone(rng, t, rng.uniform(45, 110), [(k, 1 / k) for k in range(1, 5)], rng.uniform(.15, .4)) * 0.7
    elif name == 'stab':
        f = rng.uniform(150, 400)
        x = sum(_tone(rng, t, f * r, [(1, .5), (2, .3), (3, .2)], rng.uniform(.12, .3)) for r in (1, 1.26, 1.5)) * 0.4
    else:  # a syllable: harmonics of a voice through two formants, soft attack
        f, f1, f2 = rng.uniform(90, 260), rng.uniform(300, 900), rng.uniform(1000, 2400)
        gain = lambda h: math.exp(-((h - f1) / 250) ** 2) + 0.6 * math.exp(-((h - f2) / 400) ** 2) + 0.03
        length = rng.uniform(.12, .3)
        x = sum(gain(f * k) * torch.sin(2 * math.pi * f * k * t) for k in range(1, int(3500 / f))) * 0.4
        x = x * (t / .03).clamp(0, 1) * torch.exp(-(t / length) ** 3)
    return x * v ** 1.5


def _times(rng):
    """Onset times in 0 .. 1.9 s, at least GAP apart, on a grid or free."""
    style = rng.random()
    if style < 0.12:
        return [rng.uniform(0.05, 1.6)]
    if style < 0.6:
        beat = 60 / rng.uniform(70, 165)
        step = beat / rng.choice((1, 1, 2)) if beat > 2 * GAP else beat
        first = rng.choice((0.0, 0.0, rng.uniform(0, step)))
        keep = rng.choice((1.0, 1.0, 0.75, 0.55))
        grid = [first + k * step + rng.uniform(-.006, .006) for k in range(12)]
        return [max(0.0, t) for t in grid if t < 1.9 and rng.random() < keep]
    out, t = [], rng.uniform(0.0, 0.7)
    while t < 1.9:
        out.append(t)
        t += GAP + rng.expovariate(1 / rng.uniform(.1, .6))
    return out


def draw(rng):
    g = torch.Generator().manual_seed(rng.getrandbits(40))
    out, events, swell = torch.zeros(SAMPLES + RATE), [], None
    kind = rng.choices(('rhythm', 'melody', 'swell', 'silence'), (0.62, 0.26, 0.07, 0.05))[0]
    if kind in ('rhythm', 'melody'):
        times = _times(rng)
        pool = rng.sample(INSTRUMENTS[:5], rng.choice((1, 2, 2))) if kind == 'rhythm' else [rng.choice(INSTRUMENTS[5:])]
        loud = [rng.choice((1.0, 1.0, 0.8, 0.6)) for _ in times]
        top = max(loud, default=1)
        for i, (t, v) in enumerate(zip(times, loud)):
            x = hit(rng, g, pool[i % len(pool)], v / top)
            a = int(t * RATE)
            out[a:a + len(x)] += x
            events.append((t, v / top))
        if kind == 'rhythm' and rng.random() < 0.35 and 'tick' not in pool:  # quiet hats on a finer grid
            step = rng.choice((.125, .15, .17))
            for k in range(int(1.95 / step)):
                x = hit(rng, g, 'tick', 0.12, 0.1)
                a = int(k * step * RATE)
                out[a:a + len(x)] += x
    elif kind == 'swell':
        t = torch.arange(SAMPLES) / RATE
        rate, phase = rng.uniform(.5, 2.2), rng.choice((0.0, 0.0, rng.random()))
        env = torch.sin(math.pi * (rate * t + phase)) ** 2
        f = rng.uniform(100, 500)
        body = sum(torch.sin(2 * math.pi * f * k * t) / k for k in range(1, 5)) if rng.random() < .7 else torch.randn(SAMPLES, generator=g)
        out[:SAMPLES] += 0.5 * body * env ** 1.5
        swell = env[(torch.arange(FRAMES) / FPS * RATE).long()]
    out = out[:SAMPLES]
    if rng.random() < 0.3 and events:  # a room
        tail = torch.randn(RATE // 3, generator=g) * torch.exp(-torch.arange(RATE // 3) / RATE / rng.uniform(.04, .12))
        wet = torch.fft.irfft(torch.fft.rfft(out, 2 * SAMPLES) * torch.fft.rfft(tail, 2 * SAMPLES))[:SAMPLES]
        out = out + wet * (rng.uniform(.1, .4) * out.abs().max() / wet.abs().max().clamp(min=1e-6))
    peak = out.abs().max().clamp(min=1e-3) if kind != 'silence' else torch.tensor(0.3)
    out = out / peak
    if rng.random() < 0.35:  # a pad or a bass line underneath
        f = rng.uniform(80, 300)
        out = out + 10 ** (rng.uniform(-34, -20) / 20) * sum(torch.sin(2 * math.pi * f * r * T) for r in (1, 1.26, 1.5, 2)) / 2
    if rng.random() < 0.8 or kind == 'silence':
        n = torch.randn(SAMPLES, generator=g)
        n = n if rng.random() < .5 else torch.cumsum(n, 0) - torch.nn.functional.avg_pool1d(torch.cumsum(n, 0)[None, None], 401, 1, 200)[0, 0]
        out = out + 10 ** (rng.uniform(-75, -38) / 20) * n / n.std()
    out = (out / out.abs().max().clamp(min=1e-2 if kind == 'silence' else 1e-6)).clamp(-1, 1) * 10 ** (rng.uniform(-22, -0.5) / 20)
    if kind == 'silence' and rng.random() < 0.4:
        out = torch.zeros(SAMPLES)
    return {'wave': out, 'events': events, 'swell': swell, 'kind': kind}
