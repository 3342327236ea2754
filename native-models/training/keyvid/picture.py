"""Draws the pictures of the KeyVID starter: seeded, 256 px, from plain shapes and letters to photo-like scenes.

`draw(rng)` returns [3, 256, 256] in 0..1.  Coordinates are -1..1, x to the right, y down.
"""
import math

import torch
import torch.nn.functional as F

SIZE = 256
AXIS = (torch.arange(SIZE) + 0.5) / SIZE * 2 - 1
X, Y = AXIS[None, :].expand(SIZE, SIZE), AXIS[:, None].expand(SIZE, SIZE)
EDGE = 3.0 / SIZE
LETTERS = {  # strokes in a unit box, y down
    'A': ((0, 1, .5, 0), (.5, 0, 1, 1), (.2, .62, .8, .62)), 'E': ((0, 0, 0, 1), (0, 0, 1, 0), (0, .5, .8, .5), (0, 1, 1, 1)),
    'F': ((0, 0, 0, 1), (0, 0, 1, 0), (0, .5, .8, .5)), 'H': ((0, 0, 0, 1), (1, 0, 1, 1), (0, .5, 1, .5)), 'I': ((.5, 0, .5, 1),),
    'K': ((0, 0, 0, 1), (0, .55, 1, 0), (.3, .4, 1, 1)), 'L': ((0, 0, 0, 1), (0, 1, 1, 1)), 'M': ((0, 1, 0, 0), (0, 0, .5, .6), (.5, .6, 1, 0), (1, 0, 1, 1)),
    'N': ((0, 1, 0, 0), (0, 0, 1, 1), (1, 1, 1, 0)), 'T': ((0, 0, 1, 0), (.5, 0, .5, 1)), 'V': ((0, 0, .5, 1), (.5, 1, 1, 0)),
    'X': ((0, 0, 1, 1), (1, 0, 0, 1)), 'Y': ((0, 0, .5, .5), (1, 0, .5, .5), (.5, .5, .5, 1)), 'Z': ((0, 0, 1, 0), (1, 0, 0, 1), (0, 1, 1, 1)),
    'U': ((0, 0, 0, 1), (0, 1, 1, 1), (1, 1, 1, 0)), 'W': ((0, 0, .25, 1), (.25, 1, .5, .4), (.5, .4, .75, 1), (.75, 1, 1, 0)),
}


def noise(g, cells, channels=1):
    """Smooth random field [channels, 256, 256], about standard normal, with features of 256 / cells px."""
    return F.interpolate(torch.randn(1, channels, cells + 3, cells + 3, generator=g), (SIZE, SIZE), mode='bicubic', align_corners=True)[0]


def octaves(g, first, count, fall=0.55):
    return sum(fall ** i * noise(g, first * 2 ** i) for i in range(count))[0]


def colour(rng, light=None):
    """RGB; light None: any, else the rough brightness."""
    h, s, v = rng.random(), rng.random() ** 0.5, rng.uniform(0.15, 1.0) if light is None else min(1, max(0, light + rng.uniform(-0.15, 0.15)))
    k = lambda n: v - v * s * max(0.0, min((n + h * 6) % 6, 4 - (n + h * 6) % 6, 1.0))
    return torch.tensor([k(5), k(3), k(1)])


def mask(d):
    """Coverage of a signed distance (negative inside)."""
    return (0.5 - d / EDGE).clamp(0, 1)


def over(img, m, rgb):
    rgb = rgb[:, None, None] if rgb.ndim == 1 else rgb
    return img * (1 - m) + rgb * m


def ramp(t, stops):
    """Field t in 0..1 through colour stops [n, 3] -> [3, 256, 256]."""
    t = t.clamp(0, 1) * (len(stops) - 1)
    i = t.floor().clamp(max=len(stops) - 2).long()
    f = (t - i)[..., None]
    return (stops[i] * (1 - f) + stops[i + 1] * f).permute(2, 0, 1)


def turned(a, x=X, y=Y):
    return x * math.cos(a) + y * math.sin(a), y * math.cos(a) - x * math.sin(a)


def shape(rng, kind, cx, cy, r, turn):
    """Signed distance (roughly) of a shape of radius r."""
    x, y = turned(turn, X - cx, Y - cy)
    rad = torch.sqrt(x * x + y * y)
    if kind == 'disc':
        return rad - r
    if kind == 'ring':
        return (rad - 0.78 * r).abs() - 0.22 * r
    if kind == 'square':
        return torch.maximum(x.abs(), y.abs()) - 0.85 * r
    if kind == 'cross':
        return torch.minimum(torch.maximum(x.abs() - r, y.abs() - 0.3 * r), torch.maximum(y.abs() - r, x.abs() - 0.3 * r))
    if kind == 'heart':
        u, v = x / r, -y / r + 0.1
        return ((u * u + v * v - 0.5).clamp(min=-0.5) ** 3 - 1.2 * u * u * v ** 3) * 0.6 * r
    if kind == 'ellipse':
        return torch.sqrt(x * x + (y * 1.7) ** 2) - r
    k = int(kind[-1])
    sec = 2 * math.pi / k
    ph = torch.remainder(torch.atan2(x, -y), sec) / sec
    if kind.startswith('star'):
        return rad - r * (0.42 + 0.58 * (2 * ph - 1).abs() ** 1.3)
    return rad - r * math.cos(math.pi / k) / torch.cos((ph - 0.5) * sec)


KINDS = ('disc', 'ring', 'square', 'cross', 'heart', 'ellipse', 'star5', 'star6', 'star8', 'poly3', 'poly5', 'poly6')


def letters(rng, cx, cy, height):
    """Signed distance of one to four bold letters."""
    word = [rng.choice(list(LETTERS)) for _ in range(rng.choice((1, 1, 2, 3, 4)))]
    w, gap = height * 0.62, height * 0.28
    total = len(word) * w + (len(word) - 1) * gap
    if total > 1.7:
        return letters(rng, cx, cy, height * 1.6 / total)
    d = torch.full((SIZE, SIZE), 9.0)
    for i, l in enumerate(word):
        x0 = cx - total / 2 + i * (w + gap)
        for ax, ay, bx, by in LETTERS[l]:
            ax, bx, ay, by = x0 + ax * w, x0 + bx * w, cy + (ay - .5) * height, cy + (by - .5) * height
            t = (((X - ax) * (bx - ax) + (Y - ay) * (by - ay)) / ((bx - ax) ** 2 + (by - ay) ** 2)).clamp(0, 1)
            d = torch.minimum(d, torch.sqrt((X - ax - t * (bx - ax)) ** 2 + (Y - ay - t * (by - ay)) ** 2))
    return d - height * rng.uniform(0.07, 0.12)


def landscape(rng, g):
    sky = torch.stack([colour(rng, rng.uniform(.2, .8)), colour(rng, rng.uniform(.5, 1))])
    img = ramp((Y + 1) / 1.4, sky)
    img = over(img, 0.5 * torch.sigmoid(3 * octaves(g, 2, 3) - 1), colour(rng, 0.9))
    img = over(img, mask(shape(rng, 'disc', rng.uniform(-.7, .7), rng.uniform(-.7, -.1), rng.uniform(.1, .3), 0)), colour(rng, 0.95))
    light = rng.uniform(0.35, 0.8)
    for i in range(rng.choice((1, 2, 3))):
        line = rng.uniform(-.2, .2) + 0.28 * i + rng.uniform(.08, .3) * noise(g, rng.choice((2, 4, 9)))[0, 128][None, :]
        ground = colour(rng, light)[:, None, None] * (1 + 0.12 * octaves(g, 6, 3))
        img = over(img, mask(line - Y), ground)
        light *= 0.7
    return img


def portrait(rng, g):
    img = background(rng, g)
    skin, hair, cloth = torch.tensor([0.9, 0.72, 0.6]) * rng.uniform(0.35, 1.05), colour(rng, rng.uniform(.05, .6)), colour(rng)
    cx, cy, r = rng.uniform(-.2, .2), rng.uniform(-.3, 0), rng.uniform(.3, .5)
    img = over(img, mask(torch.sqrt(((X - cx) / 1.5) ** 2 + (Y - cy - 2.1 * r) ** 2) - r), cloth)
    img = over(img, mask(torch.sqrt(((X - cx)) ** 2 + ((Y - cy + .12) * .85) ** 2) - r * 1.08), hair)
    shade = (1 + 0.25 * (X - cx) * rng.choice((-1, 1)))[None]
    img = over(img, mask(torch.sqrt((X - cx) ** 2 + ((Y - cy) * .8) ** 2) - r * 0.85), skin[:, None, None] * shade)
    for s in (-1, 1):
        img = over(img, mask(torch.sqrt((X - cx - s * r * .33) ** 2 + ((Y - cy + .02) * 1.5) ** 2) - r * .11), torch.full((3,), 0.1))
    return over(img, mask(torch.sqrt((X - cx) ** 2 + ((Y - cy - r * .48) * 3) ** 2) - r * .3), torch.tensor([.65, .25, .25]))


def background(rng, g):
    kind = rng.choice(('flat', 'linear', 'radial', 'clouds', 'clouds', 'stripes', 'checker', 'bokeh', 'blocks'))
    stops = torch.stack([colour(rng) for _ in range(rng.choice((2, 2, 3)))])
    u, v = turned(rng.uniform(0, 6.3))
    if kind == 'flat':
        return colour(rng)[:, None, None].expand(3, SIZE, SIZE).clone()
    if kind == 'linear':
        return ramp((u + 1.2) / 2.4, stops)
    if kind == 'radial':
        return ramp(torch.sqrt((X - rng.uniform(-.5, .5)) ** 2 + (Y - rng.uniform(-.5, .5)) ** 2) / 1.5, stops)
    if kind == 'clouds':
        return ramp(0.5 + 0.3 * octaves(g, rng.choice((1, 2, 3, 5)), 4, rng.uniform(.35, .65)), stops)
    if kind == 'stripes':
        return ramp(0.5 + rng.uniform(.5, 2) * torch.sin(u * rng.uniform(5, 18) + rng.uniform(0, 6)), stops[:2])
    if kind == 'checker':
        f = rng.uniform(4, 12)
        return ramp(0.5 + 4 * torch.sin(u * f) * torch.sin(v * f), stops[:2])
    img = ramp((Y + 1) / 2, stops)
    for _ in range(rng.randint(4, 14)):
        cx, cy, r, c = rng.uniform(-1, 1), rng.uniform(-1, 1), rng.uniform(.08, .35), colour(rng)
        if kind == 'bokeh':
            d = torch.sqrt((X - cx) ** 2 + (Y - cy) ** 2) - r
            img = over(img, (0.5 - d / 0.08).clamp(0, 1) * rng.uniform(.3, .9), c)
        else:
            img = over(img, mask(torch.maximum((X - cx).abs() - r, (Y - cy).abs() - r * rng.uniform(.4, 1.8))), c)
    return img


def draw(rng):
    """One picture [3, 256, 256], 0..1, for a random.Random."""
    g = torch.Generator().manual_seed(rng.getrandbits(40))
    scene = rng.random()
    if scene < 0.2:
        img = landscape(rng, g)
    elif scene < 0.32:
        img = portrait(rng, g)
    else:
        img = background(rng, g)
        front = rng.random()
        if front < 0.55:
            for _ in range(rng.choice((1, 1, 1, 2, 3))):
                cx, cy, r, turn = rng.uniform(-.35, .35), rng.uniform(-.35, .35), rng.uniform(.25, .65), rng.uniform(0, 6.3)
                kind, c = rng.choice(KINDS), colour(rng)
                fill = c[:, None, None] * (1 + rng.choice((0, .2)) * octaves(g, 4, 3)) if rng.random() < .4 else c
                d = shape(rng, kind, cx, cy, r, turn)
                img = over(img, mask(d), fill)
                if rng.random() < 0.3:
                    img = over(img, mask(d.abs() - r * .06), colour(rng))
                if rng.random() < 0.35:
                    img = over(img, mask(shape(rng, rng.choice(KINDS), cx, cy, r * .5, turn)), colour(rng))
        elif front < 0.75:
            d = letters(rng, rng.uniform(-.2, .2), rng.uniform(-.3, .3), rng.uniform(.5, 1.2))
            if rng.random() < 0.3:
                img = over(img, mask(d - 0.05), colour(rng))
            img = over(img, mask(d), colour(rng))
        elif front < 0.9:
            img = over(img, mask(0.3 - noise(g, rng.choice((2, 3, 5)))[0] + (X ** 2 + Y ** 2) * .6), colour(rng)[:, None, None] * (1 + .2 * octaves(g, 8, 2)))
    if rng.random() < 0.5:
        img = img + rng.uniform(.01, .05) * noise(g, rng.choice((30, 60)))
    if rng.random() < 0.3:
        img = img * (1 - rng.uniform(.1, .4) * (X ** 2 + Y ** 2))[None]
    return img.clamp(0, 1)
