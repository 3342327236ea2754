"""Boxes, anchors, RoIAlign and suppression, with mmdet's conventions (see the product's own code beside the networks)."""
import math

import numpy as np
import torch

STRIDES = (4, 8, 16, 32, 64)
RATIOS = (0.5, 1.0, 2.0)


def anchors(size):
    """[A, 4] for a square picture of `size`, a multiple of 32: level by level, cell by cell; centred on cell corners."""
    out = []
    for stride in STRIDES:
        n = math.ceil(size / stride)
        ys, xs = torch.meshgrid(torch.arange(n) * stride, torch.arange(n) * stride, indexing='ij')
        half = torch.tensor([[-4 * stride / math.sqrt(r), -4 * stride * math.sqrt(r), 4 * stride / math.sqrt(r), 4 * stride * math.sqrt(r)]
                             for r in RATIOS])
        centre = torch.stack([xs, ys, xs, ys], -1).reshape(-1, 1, 4).float()
        out.append((centre + half).reshape(-1, 4))
    return out


def iou(a, b):
    """[..., N, M] of boxes [..., N, 4] and [..., M, 4]."""
    top = torch.maximum(a[..., :, None, :2], b[..., None, :, :2])
    low = torch.minimum(a[..., :, None, 2:], b[..., None, :, 2:])
    inner = (low - top).clamp(min=0).prod(-1)
    area = lambda x: (x[..., 2] - x[..., 0]) * (x[..., 3] - x[..., 1])
    return inner / (area(a)[..., :, None] + area(b)[..., None, :] - inner).clamp(min=1e-6)


def encode(boxes, targets, stds):
    size, wanted = boxes[..., 2:] - boxes[..., :2], targets[..., 2:] - targets[..., :2]
    move = ((targets[..., :2] + targets[..., 2:]) - (boxes[..., :2] + boxes[..., 2:])) / 2 / size
    return torch.cat([move, torch.log(wanted / size)], -1) / torch.tensor(stds, device=boxes.device)


def decode(boxes, deltas, stds, size):
    d = deltas * torch.tensor(stds, device=deltas.device)
    wh = boxes[..., 2:] - boxes[..., :2]
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2 + wh * d[..., :2]
    half = wh * torch.exp(d[..., 2:].clamp(-4.135, 4.135)) / 2
    return torch.cat([centre - half, centre + half], -1).clamp(0, size)


def nms(boxes, scores, groups, threshold):
    """Indices kept, best first."""
    order = torch.argsort(scores, descending=True)
    if len(order) == 0:
        return order
    shifted = boxes[order] + (groups[order].float() * (boxes.max() + 1))[:, None]
    over = (iou(shifted, shifted) > threshold).numpy()
    alive = np.ones(len(order), bool)
    for i in range(len(order)):
        if alive[i]:
            alive[i + 1:] &= ~over[i, i + 1:]
    return order[torch.from_numpy(alive)]


def roi_align_exact(levels, boxes, pictures, out):
    """As `roi_align`, with as many samples a cell as mmdet and the product take: one a pixel of the level, rounded up."""
    level = _level(boxes)
    scale = 1 / torch.tensor(STRIDES[:4], device=boxes.device)[level]
    counts = torch.ceil((boxes[:, 2:] - boxes[:, :2]) * scale[:, None] / out).clamp(min=1).long()
    result = torch.zeros(len(boxes), levels[0].shape[1], out, out)
    for columns, rows in {tuple(c) for c in counts.tolist()}:
        which = ((counts[:, 0] == columns) & (counts[:, 1] == rows)).nonzero().flatten()
        result[which] = roi_align(levels, boxes[which], pictures[which], out, (rows, columns))
    return result


def _level(boxes):
    side = (boxes[:, 2:] - boxes[:, :2]).clamp(min=1e-3).prod(1).sqrt()
    return torch.floor(torch.log2(side / 56 + 1e-6)).clamp(0, 3).long()


def roi_align(levels, boxes, pictures, out, samples=(2, 2)):
    """[R, C, out, out] from each box's own level; `samples` a cell, rows and columns: 2x2 are quick, and alike at these sizes."""
    rows, columns = samples
    level = _level(boxes)
    n, c = levels[0].shape[:2]
    table = torch.cat([x.permute(0, 2, 3, 1).reshape(-1, c) for x in levels[:4]])
    sizes = torch.tensor([x.shape[-1] for x in levels[:4]], device=boxes.device)
    starts = torch.tensor([0, *np.cumsum([n * x.shape[-1] * x.shape[-2] for x in levels[:4]])[:-1].tolist()], device=boxes.device)
    width = sizes[level]
    base = starts[level] + pictures * width * width
    scale = 1 / torch.tensor(STRIDES[:4], device=boxes.device)[level]
    step = lambda count: (torch.arange(out * count, device=boxes.device) + 0.5) / (out * count)
    at = lambda k, count: (boxes[:, k, None] + (boxes[:, k + 2] - boxes[:, k])[:, None] * step(count)) * scale[:, None] - 0.5
    last = (width - 1)[:, None]

    def corners(p):
        p = p.clamp(min=0).minimum(last.float())
        low = p.floor().long()
        return low, (low + 1).minimum(last), p - low
    (x0, x1, fx), (y0, y1, fy) = corners(at(0, columns)), corners(at(1, rows))
    # Columns first, then rows: each of the four corners is one lookup of [R, S, S, C].
    pick = lambda ys, xs: table[base[:, None, None] + ys[:, :, None] * width[:, None, None] + xs[:, None, :]]
    fx, fy = fx[:, None, :, None], fy[:, :, None, None]
    value = (pick(y0, x0) * (1 - fx) + pick(y0, x1) * fx) * (1 - fy) + (pick(y1, x0) * (1 - fx) + pick(y1, x1) * fx) * fy
    return value.reshape(len(boxes), out, rows, out, columns, c).mean((2, 4)).permute(0, 3, 1, 2)
