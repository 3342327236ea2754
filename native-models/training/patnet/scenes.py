"""Draws the pictures that the starter's eyes learn from: objects with exact instance masks over textured backgrounds.

Two kinds: *scenes* (0 to 6 objects over a background; masks, boxes, classes and tags are known) and *frames* of the
text-to-video starter's own families (../draw.py; tags only).  Everything follows from a seed; nothing is loaded.
"""
import math
import random
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import draw as clips  # noqa: E402

COLOURS = clips.COLOURS
COLOUR_NAMES = clips.COLOUR_NAMES
CLASSES = ['circle', 'bubble', 'ring', 'square', 'triangle', 'star', 'heart']
TAGS = [*clips.FAMILIES, *COLOUR_NAMES, *CLASSES]
SIZE = 192

# Never drawn for training, one (class, colour) pair each; used for judging, as draw.HELD_OUT is for families.
HELD_OUT = {('circle', 'purple'), ('bubble', 'orange'), ('ring', 'red'), ('square', 'cyan'), ('triangle', 'pink'),
            ('star', 'green'), ('heart', 'blue')}
# Tags of a frame's main shape, by family and variant.
FRAME_SHAPES = {('spin', 0): 'square', ('spin', 1): 'triangle', ('spin', 2): 'star', ('pulse', 0): 'circle',
                ('pulse', 1): 'ring', ('bounce', 0): 'circle', ('bounce', 1): 'circle', ('bubbles', None): 'bubble',
                ('rings', None): 'ring'}

_axis = (np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE
_X, _Y = np.meshgrid(_axis, _axis)


def _inside(shape, x, y, ratio):
    """Signed distance-like value in units of the radius, positive inside; x, y relative to the centre and rotated."""
    r = np.sqrt(x * x + y * y) + 1e-6
    if shape in ('circle', 'bubble'):
        return 1 - r
    if shape == 'ring':
        return ratio - np.abs(r - (1 - ratio))
    if shape == 'square':
        return 0.82 - np.maximum(np.abs(x), np.abs(y))
    if shape == 'heart':
        x, y = x * 1.15, -y * 1.15 + 0.15
        return 0.75 - np.sqrt(x * x + (y - 0.62 * np.sqrt(np.abs(x) + 1e-6)) ** 2)
    k = 3 if shape == 'triangle' else 5
    sector = 2 * math.pi / k
    phase = np.remainder(np.arctan2(y, x), sector) / sector
    if shape == 'star':
        return (0.42 + 0.58 * np.abs(2 * phase - 1) ** 1.2) - r
    return math.cos(math.pi / k) / np.cos((phase - 0.5) * sector) - r


def _background(rng):
    """(picture [H, W, 3], family tag or None)."""
    kind = rng.choices(['plain', 'shade', 'noise', 'checker', 'family'], (0.18, 0.17, 0.2, 0.1, 0.35))[0]
    colour = lambda: np.array([rng.random() for _ in range(3)], np.float32) * rng.choice((0.35, 0.6, 0.95))
    if kind == 'family':
        spec = clips.random_spec(rng, family=rng.choice(['gradient', 'stripes', 'waves', 'fire']))
        frame = _frame(spec, rng)
        return frame, spec
    a, b = colour(), colour()
    if kind == 'plain':
        return np.broadcast_to(a, (SIZE, SIZE, 3)).copy(), None
    if kind == 'shade':
        angle = rng.uniform(0, 2 * math.pi)
        t = (np.cos(angle) * (_X - 0.5) + np.sin(angle) * (_Y - 0.5) + 0.7) / 1.4
    elif kind == 'checker':
        n = rng.randint(3, 12)
        t = ((np.floor(_X * n) + np.floor(_Y * n)) % 2).astype(np.float32)
        b = a + (b - a) * rng.uniform(0.15, 0.6)
    else:
        t = np.zeros_like(_X)
        for octave in range(rng.randint(2, 5)):
            n = 2 ** (octave + 1)
            grid = torch.tensor(np.random.default_rng(rng.randrange(1 << 30)).random((1, 1, n, n), np.float32))
            t += torch.nn.functional.interpolate(grid, (SIZE, SIZE), mode='bicubic', align_corners=False)[0, 0].numpy() / n ** 0.6
        t = (t - t.min()) / (np.ptp(t) + 1e-6)
    return a + (b - a) * t[..., None], None


def _frame(spec, rng):
    return clips.draw(spec, SIZE, [rng.randrange(clips.FRAMES)])[0].permute(1, 2, 0).numpy().astype(np.float32)


def _free_colour(rng, forbidden):
    """(rgb of no name, 1, 0 or -1 for each named colour): sure near a name and far from it, unknown between; never one that would be
    taken for a `forbidden` name, so that pairs which are not drawn stay so."""
    while True:
        rgb = [rng.random() for _ in range(3)]
        distance = np.sqrt(((np.array(list(COLOURS.values())) - rgb) ** 2).sum(1))
        if not any(distance[COLOUR_NAMES.index(name)] < 0.45 for name in forbidden):
            return rgb, np.where(distance < 0.15, 1, np.where(distance < 0.5, -1, 0))


def _object(rng, held_out, free):
    while True:
        shape, colour = rng.choice(CLASSES), rng.choice(COLOUR_NAMES)
        if ((shape, colour) in HELD_OUT) == held_out:
            rgb, known = _free_colour(rng, [c for s, c in HELD_OUT if s == shape]) if free and rng.random() < 0.3 else (None, None)
            return {'shape': shape, 'colour': colour, 'rgb': rgb, 'known': known, 'x': rng.uniform(0.08, 0.92), 'y': rng.uniform(0.08, 0.92),
                    'radius': math.exp(rng.uniform(math.log(0.06), math.log(0.3))), 'angle': rng.uniform(0, 2 * math.pi),
                    'style': rng.choice(['flat', 'flat', 'shaded', 'striped', 'outlined']), 'ratio': rng.uniform(0.12, 0.25),
                    'blur': (rng.uniform(-0.05, 0.05), rng.uniform(-0.05, 0.05)) if rng.random() < 0.15 else None,
                    'shadow': rng.random() < 0.25, 'stretch': rng.uniform(0.8, 1.25)}


def _paint(picture, o, rng):
    """Paints one object; returns (picture, mask [H, W] of bool)."""
    rgb = np.array(o['rgb'] or COLOURS[o['colour']], np.float32) + np.array([rng.uniform(-0.05, 0.05) for _ in range(3)], np.float32)
    tilt = o['angle'] if o['shape'] != 'heart' else rng.uniform(-0.5, 0.5)
    cos, sin = math.cos(tilt), math.sin(tilt)
    moves = [(0.0, 0.0)] if o['blur'] is None else [(o['blur'][0] * k, o['blur'][1] * k) for k in (-0.5, -0.25, 0, 0.25, 0.5)]
    soft = 1.3 / SIZE / o['radius']
    alpha = np.zeros_like(_X)
    for mx, my in moves:
        dx, dy = (_X - o['x'] - mx) / o['radius'], (_Y - o['y'] - my) / o['radius']
        x, y = (cos * dx + sin * dy) * o['stretch'], (cos * dy - sin * dx) / o['stretch']
        alpha += np.clip(_inside(o['shape'], x, y, o['ratio']) / soft + 0.5, 0, 1) / len(moves)
    mask = alpha > 0.5
    fill = np.broadcast_to(rgb, picture.shape)
    if o['style'] == 'shaded':
        fill = rgb * np.clip(1.15 - 0.55 * ((dx + 0.4) ** 2 + (dy + 0.4) ** 2), 0.35, 1.2)[..., None]
        fill = fill + 0.6 * np.exp(-((dx + 0.4) ** 2 + (dy + 0.4) ** 2) / 0.05)[..., None]
    elif o['style'] == 'striped':
        fill = rgb * (0.78 + 0.22 * np.sign(np.sin(x * rng.uniform(6, 14))))[..., None]
    elif o['style'] == 'outlined':
        edge = np.clip((0.16 - _inside(o['shape'], x, y, o['ratio'])) / soft + 0.5, 0, 1)[..., None]
        fill = rgb * (1 - edge) + rng.choice((0.05, 0.95)) * edge
    if o['shape'] == 'bubble':
        r = np.sqrt(x * x + y * y)
        body = np.clip(0.22 + 0.8 * np.exp(-((r - 0.88) / 0.16) ** 2), 0, 0.95)
        glint = np.exp(-((dx + 0.35) ** 2 + (dy + 0.35) ** 2) / 0.05)[..., None]
        alpha, fill = alpha * np.maximum(body, glint[..., 0]), rgb + glint
    if o['shadow']:
        dark = np.roll(mask.astype(np.float32), (5, 4), (0, 1)) * 0.4
        picture = picture * (1 - dark[..., None])
    return picture * (1 - alpha[..., None]) + np.clip(fill, 0, 1) * alpha[..., None], mask


def _background_colours(picture):
    """For each named colour 0 where hardly a pixel comes near it, -1 (unknown) where some do: a background has no name for them."""
    pixels = picture[2::4, 2::4].reshape(-1, 1, 3)
    distance = np.sqrt(((pixels - np.array(list(COLOURS.values()), np.float32)) ** 2).sum(-1))
    share = ((distance < 0.4) & (distance == distance.min(1, keepdims=True))).mean(0)
    return np.where(share < 0.01, 0, -1)


def _allow(tags, known):
    """Adds what one thing of a free colour says of the names: true stays true, and nothing that may be there is false."""
    first = len(clips.FAMILIES)
    own = tags[first:first + len(COLOUR_NAMES)]
    own[:] = np.where((own == 1) | (known == 1), 1, np.where((own == -1) | (known == -1), -1, 0))


def scene(seed, held_out=False, free=False):
    """One scene (`free`: some objects in colours of no name): dict with picture [H, W, 3] uint8, masks [N, H, W] bool, boxes [N, 4] float32 (x1 y1 x2 y2, pixels),
    classes [N] int, tags [T] float (1, 0, or -1 where unknown)."""
    rng = random.Random(seed)
    picture, spec = _background(rng)
    count = rng.choices(range(7), (0.05, 0.25, 0.25, 0.2, 0.12, 0.08, 0.05))[0]
    objects, masks = [], []
    for _ in range(count):
        o = _object(rng, held_out, free)
        picture, mask = _paint(picture, o, rng)
        masks = [m & ~mask for m in masks] + [mask]
        objects.append((o, int(mask.sum())))
    keep = [i for i, (o, area) in enumerate(objects) if masks[i].sum() >= max(60, 0.35 * area)]
    picture = picture * rng.uniform(0.8, 1.1) + rng.uniform(-0.04, 0.04)
    picture = picture + np.random.default_rng(seed).normal(0, rng.choice((0, 0.01, 0.03)), picture.shape).astype(np.float32)
    boxes = []
    for i in keep:
        ys, xs = np.nonzero(masks[i])
        boxes.append((xs.min(), ys.min(), xs.max() + 1, ys.max() + 1))
    tags = np.zeros(len(TAGS), np.float32)
    first = len(clips.FAMILIES)
    tags[first:first + len(COLOUR_NAMES)] = _background_colours(picture)
    if spec is not None:
        tags[:len(clips.FAMILIES)] = 0
        tags[TAGS.index(spec['family'])] = 1
    for i in keep:
        if objects[i][0]['rgb'] is None:
            tags[TAGS.index(objects[i][0]['colour'])] = 1
        else:
            _allow(tags, objects[i][0]['known'])
        tags[TAGS.index(objects[i][0]['shape'])] = 1
    return {'picture': (np.clip(picture, 0, 1) * 255).round().astype(np.uint8),
            'masks': np.stack([masks[i] for i in keep]) if keep else np.zeros((0, SIZE, SIZE), bool),
            'boxes': np.array(boxes, np.float32).reshape(-1, 4),
            'classes': np.array([CLASSES.index(objects[i][0]['shape']) for i in keep], np.int64),
            'tags': tags, 'has_objects': True}


def frame(seed, held_out=False, free=False):
    """One frame of the starter's clips (`free`: half of them in colours of no name, so that a colour is learnt apart from its family); tags only."""
    rng = random.Random(seed)
    spec = clips.random_spec(rng, held_out=held_out)
    known = None
    if free and rng.random() < 0.5:
        spec['rgb'], known = _free_colour(rng, [c for f, c in clips.HELD_OUT if f == spec['family']])
    picture = _frame(spec, rng)
    tags = np.zeros(len(TAGS), np.float32)
    tags[TAGS.index(spec['family'])] = 1
    if known is None:
        tags[TAGS.index(spec['colour'])] = 1
    else:
        _allow(tags, known)
    if spec['colour2']:
        tags[TAGS.index(spec['colour2'])] = 1
    shape = FRAME_SHAPES.get((spec['family'], spec['variant'])) or FRAME_SHAPES.get((spec['family'], None))
    if shape:
        tags[TAGS.index(shape)] = 1
    return {'picture': (np.clip(picture, 0, 1) * 255).round().astype(np.uint8), 'tags': tags, 'has_objects': False,
            'masks': np.zeros((0, SIZE, SIZE), bool), 'boxes': np.zeros((0, 4), np.float32),
            'classes': np.zeros(0, np.int64)}


def draw(seed, held_out=False, free=False):
    """A scene (two of three seeds) or a frame."""
    return frame(seed, held_out, free) if seed % 3 == 0 else scene(seed, held_out, free)


if __name__ == '__main__':
    from util import write_png
    out = Path(sys.argv[1])
    rows = []
    for row in range(5):
        parts = []
        for column in range(6):
            s = draw(row * 6 + column + 1)
            picture = s['picture'].copy()
            for x1, y1, x2, y2 in s['boxes'].astype(int):
                picture[[y1, y2 - 1], x1:x2] = 255
                picture[y1:y2, [x1, x2 - 1]] = 255
            for m in s['masks']:
                edge = m & ~(np.roll(m, 1, 0) & np.roll(m, -1, 0) & np.roll(m, 1, 1) & np.roll(m, -1, 1))
                picture[edge] = (255, 0, 255)
            parts.append(picture)
        rows.append(np.concatenate(parts, 1))
    write_png(out, torch.from_numpy(np.concatenate(rows)))
