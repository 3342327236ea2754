"""Trains the starter's eyes: python3 train.py WORK MINUTES [--overfit N].  Resumable: WORK/model.pt holds all that is needed."""
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

import scenes
from boxes import anchors, decode, encode, iou, nms, roi_align
from model import MaskRcnn
from util import Optimiser, now

MEAN = torch.tensor([123.675, 116.28, 103.53]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([58.395, 57.12, 57.375]).view(1, 3, 1, 1)
BOX_STDS = (0.1, 0.1, 0.2, 0.2)
ONES = (1.0, 1.0, 1.0, 1.0)
POOL = 9000
GRIDS = anchors(scenes.SIZE)
LEVEL = torch.cat([torch.full((len(a),), i) for i, a in enumerate(GRIDS)])
ANCHORS = torch.cat(GRIDS)


def normalise(pictures):
    """uint8 [N, H, W, 3] -> what the networks take."""
    return (pictures.permute(0, 3, 1, 2).float() - MEAN) / DEVIATION


class Pool:
    """Training pictures, drawn when first asked for and kept (masks as bits)."""

    def __init__(self, size):
        self.size, self.kept = size, {}

    def get(self, index, flip):
        if index not in self.kept:
            s = scenes.draw(index + 1_000_000)
            s['masks'] = np.packbits(s['masks'].reshape(len(s['masks']), scenes.SIZE ** 2), axis=1)
            self.kept[index] = s
        s = dict(self.kept[index])
        side = scenes.SIZE
        s['masks'] = np.unpackbits(s['masks'], axis=1).reshape(-1, side, side) if len(s['classes']) else np.zeros((0, side, side), np.uint8)
        if flip:
            s['picture'], s['masks'] = s['picture'][:, ::-1], s['masks'][:, :, ::-1]
            s['boxes'] = np.stack([side - s['boxes'][:, 2], s['boxes'][:, 1], side - s['boxes'][:, 0], s['boxes'][:, 3]], 1)
        return {k: torch.from_numpy(np.ascontiguousarray(v)) if isinstance(v, np.ndarray) else v for k, v in s.items()}


def sample(positive, negative, count, share):
    """Random indices of at most `count`, at most `share` of them positive."""
    p = positive.nonzero().flatten()
    p = p[torch.randperm(len(p))[:int(count * share)]]
    n = negative.nonzero().flatten()
    return p, n[torch.randperm(len(n))[:count - len(p)]]


def proposal_losses(scores, deltas, batch):
    """Objectness and box loss of the region proposals."""
    chosen, wanted, predicted, targets = [], [], [], []
    for i, s in enumerate(batch):
        if not s['has_objects']:
            continue
        if len(s['boxes']):
            overlap = iou(ANCHORS, s['boxes'])
            best, which = overlap.max(1)
            positive = best >= 0.6
            # The best anchor of every object counts, however little it overlaps it.
            top = overlap.max(0).values
            positive |= ((overlap >= top - 1e-4) & (top > 0.2)).any(1)
        else:
            best, positive = torch.zeros(len(ANCHORS)), torch.zeros(len(ANCHORS), dtype=torch.bool)
        p, n = sample(positive, (best < 0.3) & ~positive, 96, 0.5)
        # Hard negatives teach more than cells of plain background.
        hard = torch.topk(scores[i].detach().masked_fill(~((best < 0.3) & ~positive), -1e9), 24).indices
        n = torch.cat([n, hard])
        chosen.append(scores[i][torch.cat([p, n])])
        wanted.append(torch.cat([torch.ones(len(p)), torch.zeros(len(n))]))
        if len(p):
            predicted.append(deltas[i][p])
            targets.append(encode(ANCHORS[p], s['boxes'][which[p]], ONES))
    objectness = F.binary_cross_entropy_with_logits(torch.cat(chosen), torch.cat(wanted))
    boxes = F.smooth_l1_loss(torch.cat(predicted), torch.cat(targets), beta=0.11) if predicted else deltas.sum() * 0
    return objectness, boxes


@torch.no_grad()
def propose(scores, deltas, before=200, after=60):
    """Boxes of one picture, best first."""
    top = torch.topk(scores, min(before, len(scores))).indices
    boxes = decode(ANCHORS[top], deltas[top], ONES, scenes.SIZE)
    ok = ((boxes[:, 2:] - boxes[:, :2]) > 0.5).all(1)
    top, boxes = top[ok], boxes[ok]
    return boxes[nms(boxes, scores[top], LEVEL[top], 0.7)[:after]]


def mask_targets(masks, boxes):
    """[R, 28, 28]: each mask (float [R, S, S]) cut to its box."""
    step = (torch.arange(28) + 0.5) / 28
    grid = lambda k: (boxes[:, k, None] + (boxes[:, k + 2] - boxes[:, k])[:, None] * step) / scenes.SIZE * 2 - 1
    x, y = grid(0), grid(1)
    where = torch.stack([x[:, None, :].expand(-1, 28, -1), y[:, :, None].expand(-1, -1, 28)], -1)
    return (F.grid_sample(masks[:, None], where, align_corners=False)[:, 0] >= 0.5).float()


def region_losses(model, levels, proposals, batch):
    regions, pictures, labels, targets, matched, masks = [], [], [], [], [], []
    for i, s in enumerate(batch):
        if not s['has_objects']:
            continue
        boxes = torch.cat([proposals[i], s['boxes']])
        if len(boxes) == 0:
            continue
        if len(s['boxes']):
            best, which = iou(boxes, s['boxes']).max(1)
        else:
            best, which = torch.zeros(len(boxes)), torch.zeros(len(boxes), dtype=torch.long)
        p, n = sample(best >= 0.5, best < 0.5, 40, 0.4)
        regions += [boxes[p], boxes[n]]
        pictures.append(torch.full((len(p) + len(n),), i))
        labels += [s['classes'][which[p]], torch.full((len(n),), len(scenes.CLASSES))]
        targets += [s['boxes'][which[p]], torch.ones(len(n), 4) * float('nan')] if len(s['boxes']) else [torch.ones(len(n), 4) * float('nan')]
        masks.append(s['masks'].float()[which[p]] if len(s['boxes']) else torch.zeros(0, scenes.SIZE, scenes.SIZE))
        matched += [torch.ones(len(p), dtype=torch.bool), torch.zeros(len(n), dtype=torch.bool)]
    regions, pictures, labels = torch.cat(regions), torch.cat(pictures), torch.cat(labels)
    targets, positive = torch.cat(targets), torch.cat(matched)
    logits, deltas = model.roi_head.bbox_head(roi_align(levels, regions, pictures, 7))
    kind = F.cross_entropy(logits, labels)
    if not positive.any():
        # A batch without objects teaches the other heads; every weight still gets a gradient, if only zero.
        nothing = model.roi_head.mask_head(roi_align(levels, regions[:1], pictures[:1], 14)).sum() * 0 + deltas.sum() * 0
        return kind, nothing, nothing
    own = deltas[positive, labels[positive]]
    box = F.smooth_l1_loss(own, encode(regions[positive], targets[positive], BOX_STDS), beta=1.0) * 2
    pick = torch.randperm(int(positive.sum()))[:48]
    chosen = positive.nonzero().flatten()[pick]
    drawn = model.roi_head.mask_head(roi_align(levels, regions[chosen], pictures[chosen], 14))
    own = drawn[torch.arange(len(chosen)), labels[chosen]]
    mask = F.binary_cross_entropy_with_logits(own, mask_targets(torch.cat(masks)[pick], regions[chosen]))
    return kind, box, mask


def losses(model, batch):
    """The six losses of a batch, by name."""
    pictures = normalise(torch.stack([s['picture'] for s in batch]))
    with torch.autocast('cpu', torch.bfloat16):
        levels, tags = model.pyramid(pictures.to(memory_format=torch.channels_last))
        scores, deltas = model.rpn_head(levels)
    levels = [x.float() for x in levels]
    scores, deltas, tags = scores.float(), deltas.float(), tags.float()
    objectness, place = proposal_losses(scores, deltas, batch)
    proposals = [propose(scores[i].detach(), deltas[i].detach()) for i in range(len(batch))]
    kind, box, mask = region_losses(model, levels, proposals, batch)
    wanted = torch.stack([s['tags'] for s in batch])
    known = (wanted >= 0).float()
    tag = (F.binary_cross_entropy_with_logits(tags, wanted.clamp(min=0), reduction='none') * known).sum() / known.sum()
    return {'objectness': objectness, 'place': place, 'kind': kind, 'box': box, 'mask': mask, 'tag': tag * 4}


def main():
    work, minutes = Path(sys.argv[1]), float(sys.argv[2])
    overfit = int(sys.argv[sys.argv.index('--overfit') + 1]) if '--overfit' in sys.argv else 0
    rate = float(sys.argv[sys.argv.index('--rate') + 1]) if '--rate' in sys.argv else 0.02
    # The share of the rate at which this run ends; a run that is to be continued ends high.
    last = float(sys.argv[sys.argv.index('--end') + 1]) if '--end' in sys.argv else 0.1
    torch.manual_seed(int(time.time()))
    torch.set_num_threads(1)
    model = MaskRcnn(len(scenes.CLASSES), len(scenes.TAGS)).to(memory_format=torch.channels_last)
    mean = MaskRcnn(len(scenes.CLASSES), len(scenes.TAGS))
    state = {'step': 0, 'seen': 0, 'minutes': 0.0}
    path = work / ('overfit.pt' if overfit else 'model.pt')
    if path.exists() and not overfit:
        stored = torch.load(path, weights_only=True)
        model.load_state_dict(stored['model'])
        mean.load_state_dict(stored['mean'])
        state = stored['state']
    else:
        mean.load_state_dict(model.state_dict())
    hidden = lambda n, p: p.ndim >= 2 and 'lookup' not in n and not any(k in n for k in ('patch_embed', 'fc_cls', 'rpn_cls', 'rpn_reg', 'fc_reg', 'conv_logits', 'backbone.head', 'conv_attn'))
    optimiser = Optimiser(list(model.named_parameters()), rate, matrix=hidden, weight_decay=0.02)
    pool = Pool(overfit or POOL)
    size = min(8, overfit or 8)
    began, saved, smooth = time.time(), time.time(), {}
    while True:
        spent = (time.time() - began) / 60
        if spent >= minutes:
            break
        progress = spent / minutes
        scale = min(1, (state['step'] + 1) / 60) * (1 if progress < 0.4 else max(last, 1 - (progress - 0.4) / 0.6 * (1 - last)))
        # Early pictures come often, so that drawing does not hold up the first steps.
        reach = min(pool.size, 400 + state['seen'] // 2)
        indices = torch.randperm(reach)[:size].tolist()
        batch = [pool.get(i, bool(torch.rand(()) < 0.5) and not overfit) for i in indices]
        if not any(s['has_objects'] for s in batch):
            continue
        model.train()
        parts = losses(model, batch)
        sum(parts.values()).backward()
        optimiser.step(scale)
        state['step'] += 1
        state['seen'] += size
        decay = min(0.998, 1 - 1 / (1 + state['step'] / 4))
        with torch.no_grad():
            for a, b in zip(mean.state_dict().values(), model.state_dict().values()):
                if a.dtype.is_floating_point:
                    a.lerp_(b.float(), 1 - decay)
                else:
                    a.copy_(b)
        for k, v in parts.items():
            smooth[k] = smooth.get(k, float(v.detach())) * 0.95 + float(v.detach()) * 0.05
        if state['step'] % 25 == 0:
            print(now(), state['step'], state['seen'], ' '.join(f'{k} {v:.3f}' for k, v in smooth.items()), f'rate {scale:.2f}', flush=True)
        if time.time() - saved > 60:
            save(path, model, mean, {**state, 'minutes': state['minutes'] + spent})
            saved = time.time()
    state['minutes'] += minutes
    save(path, model, mean, state)
    print(json.dumps(state))


def save(path, model, mean, state):
    torch.save({'model': model.state_dict(), 'mean': mean.state_dict(), 'state': state}, path.with_suffix('.part'))
    path.with_suffix('.part').rename(path)


if __name__ == '__main__':
    main()
