"""Draws the training clips of the Plume starter model: seamless 16-frame loops, in torch, from a seed.

A *spec* is a plain dict (family, colour, colour2, background, direction, speed, density, variant, seed); `draw`
turns it into pixels in unit coordinates (x right, y down, both 0..1), so that the same spec renders at any size.
The clip is close to a deterministic function of its spec: frame 0 always starts at the same phase, layouts come
from a few templates per family, and only a small jitter is random.  Everything here is our own design.
"""
import math
import random

import torch

FRAMES = 16
COLOURS = {
    'red': (0.92, 0.10, 0.10), 'orange': (1.00, 0.50, 0.05), 'yellow': (1.00, 0.88, 0.10),
    'green': (0.10, 0.75, 0.20), 'cyan': (0.08, 0.85, 0.90), 'blue': (0.10, 0.28, 0.96),
    'purple': (0.52, 0.14, 0.86), 'pink': (1.00, 0.40, 0.70), 'white': (0.96, 0.96, 0.96),
}
COLOUR_NAMES = list(COLOURS)
FAMILIES = ['gradient', 'stripes', 'waves', 'fire', 'pulse', 'spin', 'bubbles', 'bokeh', 'snow', 'bounce', 'rings']
# The first direction of a family is the one drawn when the caption names none.
DIRECTIONS = {
    'gradient': ['right', 'left', 'up', 'down'], 'stripes': ['right', 'left', 'up', 'down'],
    'waves': ['right', 'left'], 'fire': ['none'], 'pulse': ['none'], 'spin': ['clockwise', 'counterclockwise'],
    'bubbles': ['up', 'down', 'left', 'right'], 'bokeh': ['up', 'down', 'left', 'right'],
    'snow': ['down', 'left', 'right'], 'bounce': ['vertical', 'horizontal'], 'rings': ['out', 'in'],
}
ALL_DIRECTIONS = ['none', 'left', 'right', 'up', 'down', 'clockwise', 'counterclockwise', 'vertical', 'horizontal',
                  'out', 'in']
SPEEDS = ['slow', 'normal', 'fast']
DENSITIES = ['few', 'some', 'many']
PARTICLES = ('bubbles', 'bokeh', 'snow')
BACKGROUNDS = ['black', 'white'] + ['dark ' + c for c in ('red', 'green', 'blue', 'purple')]
# One layout a family, so that the caption alone tells the clip; the variants of pulse and spin are named in the caption.
VARIANTS = {'gradient': 1, 'stripes': 1, 'waves': 1, 'fire': 1, 'pulse': 2, 'spin': 3, 'bubbles': 1, 'bokeh': 1,
            'snow': 1, 'bounce': 1, 'rings': 1}
WEIGHTS = {'bubbles': 3.0, 'bokeh': 1.6, 'gradient': 1.2, 'stripes': 1.2, 'spin': 1.7, 'fire': 0.6, 'pulse': 0.8}
# A lane holds two copies and advances one, two or three halves of its path a clip (slow, normal, fast): every speed
# starts from the same frame 0, and the clip loops seamlessly.
COPIES = 2
LANES = {'bubbles': (2, 3, 5), 'bokeh': (2, 3, 5), 'snow': (4, 6, 9)}  # few, some, many
# Lanes (place across, start along) as a prefix: fewer objects are a part of more objects.
LAYOUT = {
    'bubbles': ((0.26, 0.00), (0.74, 0.45), (0.50, 0.72), (0.08, 0.50), (0.92, 0.95)),
    'bokeh': ((0.34, 0.20), (0.78, 0.70), (0.10, 0.90), (0.56, 0.45), (0.97, 0.05)),
    'snow': ((0.20, 0.10), (0.70, 0.55), (0.45, 0.80), (0.90, 0.30), (0.08, 0.62), (0.58, 0.20), (0.33, 0.45), (0.80, 0.92), (0.97, 0.70)),
}

# One (family, colour) pair of each family, two of the larger ones, is never trained on; it is used for judging.
HELD_OUT = {('gradient', 'pink'), ('stripes', 'green'), ('waves', 'purple'), ('fire', 'cyan'), ('pulse', 'orange'),
            ('spin', 'yellow'), ('bubbles', 'red'), ('bubbles', 'cyan'), ('bokeh', 'blue'), ('snow', 'pink'),
            ('bounce', 'green'), ('rings', 'orange'), ('stripes', 'red')}


def random_spec(rng, held_out=False, family=None):
    """A random spec; with held_out=True only of the pairs never trained on, else only of the others."""
    while True:
        fam = family or rng.choices(FAMILIES, [WEIGHTS.get(f, 1.0) for f in FAMILIES])[0]
        col = rng.choice(COLOUR_NAMES)
        if fam == 'snow' and rng.random() < 0.3:
            col = 'white'
        if ((fam, col) in HELD_OUT) == held_out:
            break
    directions = DIRECTIONS[fam]
    background = 'black'
    r = rng.random()
    if fam not in ('fire',) and r > 0.55:
        background = 'white' if r > 0.88 and col != 'white' else 'dark ' + rng.choice(('red', 'green', 'blue', 'purple'))
        if background == 'dark ' + col:
            background = 'black'
    colour2 = None
    if fam == 'gradient':
        background, colour2 = 'black', rng.choice([c for c in COLOUR_NAMES if c != col and (fam, c) not in HELD_OUT])
        if rng.random() < 0.25:
            colour2 = None
    return {
        'family': fam, 'colour': col, 'colour2': colour2, 'background': background,
        'direction': directions[0] if rng.random() < 0.15 else rng.choice(directions),
        'speed': rng.choices(SPEEDS, (0.3, 0.45, 0.25))[0],
        'density': rng.choices(DENSITIES, (0.25, 0.5, 0.25))[0] if fam in PARTICLES else 'some',
        'variant': rng.randrange(VARIANTS[fam]), 'seed': rng.randrange(1 << 30),
    }


def background_rgb(name):
    """RGB 0..1 of a background name."""
    if name == 'black':
        return (0.02, 0.02, 0.02)
    if name == 'white':
        return (0.97, 0.97, 0.97)
    return tuple(0.26 * c for c in COLOURS[name[5:]])


def _particles(spec, rng, margin, t):
    """Centres [T, N, 2] in screen units (after the direction is applied) and a fixed number 0..1 of each copy [N]; t [T] in clips."""
    fam = spec['family']
    lanes = LANES[fam][DENSITIES.index(spec['density'])]
    lay = torch.tensor(LAYOUT[fam][:lanes])
    lay[:, 0] += torch.tensor([rng.uniform(-0.012, 0.012) for _ in range(lanes)])
    k = torch.arange(COPIES)
    laps = SPEEDS.index(spec['speed']) + 1
    s = (lay[None, :, None, 1] + k[None, None] + laps * t[:, None, None]) / COPIES
    s = (s % 1.0).reshape(len(t), -1) * (1 + 2 * margin) - margin
    lane = lay[:, 0].repeat_interleave(COPIES)[None].expand(len(t), -1)
    d = spec['direction']
    xy = {'up': (lane, 1 - s), 'down': (lane, s), 'right': (s, lane), 'left': (1 - s, lane)}[d]
    return torch.stack(xy, -1), torch.arange(lanes * COPIES) * 0.618 % 1.0


def _smooth(a):
    a = a.clamp(0, 1)
    return a * a * (3 - 2 * a)


def draw(spec, size=128, frames=range(FRAMES)):
    """The frames asked for (all 16 if none are named) [T, 3, size, size], float 0..1.

    A spec may name a colour of no name: `rgb`, three values 0..1, in the place of its colour's own.
    """
    rng = random.Random(spec['seed'])
    fam, var = spec['family'], spec['variant']
    jit = lambda a: rng.uniform(-a, a)
    col = torch.tensor([min(1.0, max(0.0, c + jit(0.025))) for c in spec.get('rgb', COLOURS[spec['colour']])])
    bg = torch.tensor(background_rgb(spec['background']))
    n = SPEEDS.index(spec['speed']) + 1
    axis = (torch.arange(size) + 0.5) / size
    x, y = axis[None, :].expand(size, size), axis[:, None].expand(size, size)
    moment = torch.tensor(list(frames)) / FRAMES
    t = moment[:, None, None]
    d = spec['direction']
    u, v = {'right': (x, y), 'left': (1 - x, y), 'down': (y, x), 'up': (1 - y, x)}.get(d, (x, y))
    px = 1.2 / size + 0.004
    white = torch.zeros(1, 1, 1)
    if fam == 'gradient':
        f, warp = ((0.75, 0.06), (1.1, 0.06))[var]
        p = f * u + warp * torch.sin(2 * math.pi * v) - n * t + jit(0.02)
        a = _smooth(0.5 + 0.5 * torch.cos(2 * math.pi * p))
        bg = torch.tensor(COLOURS[spec['colour2']]) if spec['colour2'] else bg
    elif fam == 'stripes':
        f, slant = ((2.5, 0.0), (3.5, 0.0), (3.0, 0.6))[var]
        a = _smooth(0.5 + 1.4 * torch.cos(2 * math.pi * (f * u + slant * v - n * t + jit(0.02))))
    elif fam == 'waves':
        layers = (((1.0, .30, .09, .0), (1.5, .52, .08, .35), (1.2, .75, .07, .7)),
                  ((1.5, .32, .07, .5), (1.0, .55, .10, .1), (2.0, .78, .05, .3)),
                  ((2.0, .36, .08, .2), (1.5, .58, .07, .6), (1.0, .76, .08, .9)))[var]
        frame = bg[None, :, None, None].expand(len(moment), 3, size, size)
        for i, (f, base, amp, ph) in enumerate(layers):
            h = base + jit(0.01) + amp * torch.sin(2 * math.pi * (f * u - n * t + ph))
            m = _smooth((y - h) / px * 0.5 + 0.5)[:, None]
            frame = frame * (1 - m) + m * (col * (0.40, 0.68, 1.0)[i])[None, :, None, None]
        return frame.clamp(0, 1)
    elif fam == 'fire':
        trng = random.Random(f'fire-{var}')
        s = torch.zeros(len(moment), size, size)
        for j in range(9):
            kx, ky = trng.uniform(0.6, 3.0) * trng.choice((-1, 1)), trng.uniform(0.9, 2.2)
            m = trng.choice((1, 1, 2)) if n < 3 else trng.choice((2, 2, 3))
            m = 1 if n == 1 else m
            s += torch.cos(2 * math.pi * (kx * x + ky * (1 - y) - m * t + trng.random())) / (0.8 + 0.3 * (abs(kx) + ky))
        a = (1.22 + jit(0.04) - 1.55 * (1 - y) + 0.30 * s).clamp(0, 1.6)
        white = _smooth((a - 0.75) / 0.8) * 0.75
        a = _smooth(a)
    elif fam == 'pulse':
        r = torch.sqrt((x - 0.5 - jit(0.01)) ** 2 + (y - 0.5 - jit(0.01)) ** 2)
        rad = (0.235 + jit(0.01)) * (1 + 0.45 * torch.sin(2 * math.pi * n * t))
        if var == 0:
            a = torch.maximum(_smooth((rad - r) / px * 0.4 + 0.5), 0.55 * torch.exp(-(((r - rad).clamp(min=0)) / 0.07) ** 2))
        else:
            a = torch.exp(-((r - rad) / 0.06) ** 2)
    elif fam == 'spin':
        k = (4, 3, 5)[var]
        sign = 1 if d == 'clockwise' else -1
        xx, yy = x - 0.5 - jit(0.01), y - 0.5 - jit(0.01)
        th = torch.atan2(yy, xx) - sign * (2 * math.pi / k) * n * t + math.pi / 2
        r, sec = torch.sqrt(xx ** 2 + yy ** 2), 2 * math.pi / k
        ph = torch.remainder(th, sec) / sec
        if k == 5:
            edge = 0.40 * (0.44 + 0.56 * (2 * ph - 1).abs() ** 1.25)
        else:
            edge = (0.36 if k == 4 else 0.40) * math.cos(math.pi / k) / torch.cos((ph - 0.5) * sec)
        a = _smooth((edge * (1 + jit(0.03)) - r) / px * 0.4 + 0.5)
    elif fam == 'bubbles':
        # a dark inside, a bright rim three latent pixels across and a glint: unlike bokeh even at an eighth of the size
        c, u = _particles(spec, rng, 0.18, moment)
        rad = (0.13 + 0.04 * u)[None, :, None, None]
        dx, dy = axis[None, None, None, :] - c[..., 0, None, None], axis[None, None, :, None] - c[..., 1, None, None]
        q = torch.sqrt(dx * dx + dy * dy) / rad
        body = 0.12 * _smooth((1.0 - q) / 0.12) + 0.95 * torch.exp(-((q - 0.86) / 0.15) ** 2)
        a = 1 - (1 - body.clamp(0, 0.98)).prod(1)
        gl = torch.exp(-((dx / rad + 0.36) ** 2 + (dy / rad + 0.36) ** 2) / 0.05)
        white = 1 - (1 - 0.85 * gl).prod(1)
        a = torch.maximum(a, white)
    elif fam == 'bokeh':
        c, u = _particles(spec, rng, 0.20, moment)
        rad = (0.13 + 0.06 * u)[None, :, None, None]
        dx, dy = axis[None, None, None, :] - c[..., 0, None, None], axis[None, None, :, None] - c[..., 1, None, None]
        q = torch.sqrt(dx * dx + dy * dy) / rad
        a = 1 - (1 - (0.55 + 0.4 * u)[None, :, None, None] * _smooth((1.15 - q) / 0.45)).prod(1)
    elif fam == 'snow':
        c, u = _particles(spec, rng, 0.06, moment)
        w = 0.030 + 0.018 * u
        gx = torch.exp(-((axis[None, None] - c[..., 0, None]) / w[None, :, None]) ** 2)
        gy = torch.exp(-((axis[None, None] - c[..., 1, None]) / w[None, :, None]) ** 2)
        a = (1.15 * torch.einsum('tny,tnx->tyx', gy, gx)).clamp(0, 1)
    elif fam == 'bounce':
        rad = ((0.16, 0.12)[var]) * (1 + jit(0.04))
        ph = torch.remainder(n * t, 1.0)
        if d == 'vertical':
            cx, cy = 0.5 + jit(0.01), 0.90 - rad - (0.76 - 2 * rad + 0.02) * 4 * ph * (1 - ph)
        else:
            cx, cy = rad + 0.04 + (0.92 - 2 * rad) * (1 - (2 * ph - 1).abs()), 0.5 + jit(0.01)
        r = torch.sqrt((x - cx) ** 2 + (y - cy) ** 2)
        a = _smooth((rad - r) / px * 0.4 + 0.5)
        white = 0.8 * torch.exp(-(((x - cx) / rad + 0.35) ** 2 + ((y - cy) / rad + 0.35) ** 2) / 0.09)
        if d == 'vertical':
            floor = _smooth((y - 0.905) / px * 0.5 + 0.5) * 0.38
            a = torch.maximum(a, floor.expand_as(a))
    elif fam == 'rings':
        r = torch.sqrt((x - 0.5 - jit(0.01)) ** 2 + (y - 0.5 - jit(0.01)) ** 2)
        a = _smooth(0.5 + 1.2 * torch.cos(2 * math.pi * ((3.6, 2.6)[var] * r + (-n if d == 'out' else n) * t)))
    a = a[:, None]
    frame = bg[None, :, None, None] * (1 - a) + col[None, :, None, None] * a
    if white.ndim and white.numel() > 1:
        white = white[:, None]
        frame = frame * (1 - white) + white
    return frame.clamp(0, 1)
