"""Trains the starter's eyes: python3 train.py WORK MINUTES [options].  Resumable: WORK/model.pt holds all that is needed.

--device cuda (cpu)  --batch N (8)  --workers N (1: processes that draw)  --pool N (9000 pictures)  --often N (12: times that a picture is
used, on average, before new ones are waited for)  --rate R (0.02)  --end E (0.1: share of the rate at the end)  --overfit N (N pictures only)
"""
import json
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

import scenes
from boxes import anchors, decode, encode, iou, roi_align
from model import MaskRcnn
from pool import Fixed, Pool
from util import Optimiser, now

MEAN = torch.tensor([123.675, 116.28, 103.53]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([58.395, 57.12, 57.375]).view(1, 3, 1, 1)
BOX_STDS = (0.1, 0.1, 0.2, 0.2)
ONES = (1.0, 1.0, 1.0, 1.0)
GRIDS = anchors(scenes.SIZE)
LEVEL = torch.cat([torch.full((len(a),), i) for i, a in enumerate(GRIDS)])
ANCHORS = torch.cat(GRIDS)
BACKGROUND = len(scenes.CLASSES)


def normalise(pictures):
    """uint8 [N, H, W, 3] -> what the networks take."""
    return (pictures.permute(0, 3, 1, 2).float() - MEAN.to(pictures.device)) / DEVIATION.to(pictures.device)


def draw_lots(among, count):
    """For each row of `among` [N, K] (bool): up to `count` random places where it is true: (index [N, count], valid [N, count])."""
    lot, index = torch.where(among, torch.rand(among.shape, device=among.device), -1.0).topk(min(count, among.shape[1]), 1)
    return index, lot >= 0


def pick(values, index):
    """values [N, K, ...] at index [N, J] -> [N, J, ...]."""
    return values[torch.arange(len(index), device=index.device)[:, None], index]


def match(boxes, batch):
    """Best overlap [N, K] of each box [N or 1, K, 4] with an object of its picture, and which [N, K]; 0 where there is none; and all [N, K, M]."""
    overlap = iou(boxes, batch['boxes']) * batch['there'][:, None]
    best, which = overlap.max(2)
    return best, which, overlap


def proposal_losses(scores, deltas, batch):
    """Objectness and box loss of the region proposals: 48 positive and 48 to 96 negative anchors a picture, and the 24 hardest negatives."""
    grid = ANCHORS.to(scores.device)
    best, which, overlap = match(grid[None], batch)
    top = overlap.amax(1, keepdim=True)
    # The best anchor of every object counts, however little it overlaps it.
    positive = (best >= 0.6) | ((overlap >= top - 1e-4) & (top > 0.2)).any(2)
    negative = (best < 0.3) & ~positive
    known = batch['has_objects'][:, None]
    p, p_ok = draw_lots(positive & known, 48)
    n, n_ok = draw_lots(negative & known, 96)
    n_ok &= torch.arange(n.shape[1], device=n.device) < 96 - p_ok.sum(1, keepdim=True)
    # Hard negatives teach more than cells of plain background.
    hard = torch.topk(scores.detach().masked_fill(~negative, -1e9), 24, 1).indices
    index, valid = torch.cat([p, n, hard], 1), torch.cat([p_ok, n_ok, known.expand(-1, 24)], 1)
    wanted = torch.zeros_like(index, dtype=torch.float32)
    wanted[:, :p.shape[1]] = 1
    objectness = mean(F.binary_cross_entropy_with_logits(pick(scores, index), wanted, reduction='none'), valid)
    targets = encode(grid[p], pick(batch['boxes'], pick(which, p)).where(p_ok[..., None], grid[p]), ONES)
    return objectness, mean(F.smooth_l1_loss(pick(deltas, p), targets, beta=0.11, reduction='none').mean(2), p_ok)


def mean(values, valid):
    """Mean of the valid ones; 0, with a gradient of 0, where there are none."""
    return torch.where(valid, values, 0).sum() / valid.sum().clamp(min=1)


@torch.no_grad()
def propose(scores, deltas, before=200, after=60):
    """Boxes [N, after, 4] and valid [N, after], best first. A box overlapped by any better one of its level goes, also where that one goes
    itself: quicker than the exact rule, which judging and the product keep."""
    certain, index = scores.topk(before, 1)
    boxes = decode(ANCHORS.to(scores.device)[index], pick(deltas, index), ONES, scenes.SIZE)
    level = LEVEL.to(scores.device)[index]
    over = (iou(boxes, boxes) > 0.7) & (level[:, :, None] == level[:, None])
    gone = torch.triu(over, 1).any(1) | ~((boxes[..., 2:] - boxes[..., :2]) > 0.5).all(2)
    order = torch.sort(gone.int(), dim=1, stable=True).indices[:, :after]
    return pick(boxes, order), ~pick(gone, order)


def mask_targets(masks, boxes):
    """[R, 28, 28]: each mask (float [R, S, S]) cut to its box."""
    step = (torch.arange(28, device=boxes.device) + 0.5) / 28
    grid = lambda k: (boxes[:, k, None] + (boxes[:, k + 2] - boxes[:, k])[:, None] * step) / scenes.SIZE * 2 - 1
    x, y = grid(0), grid(1)
    where = torch.stack([x[:, None, :].expand(-1, 28, -1), y[:, :, None].expand(-1, -1, 28)], -1)
    return (F.grid_sample(masks[:, None].float(), where, align_corners=False)[:, 0] >= 0.5).float()


def region_losses(model, levels, proposals, valid, batch):
    """Class, box and mask losses of up to 16 positive and 24 to 40 negative regions a picture."""
    boxes = torch.cat([proposals, batch['boxes']], 1)
    valid = torch.cat([valid, batch['there']], 1) & batch['has_objects'][:, None]
    best, which, _ = match(boxes, batch)
    p, p_ok = draw_lots((best >= 0.5) & valid, 16)
    n, n_ok = draw_lots((best < 0.5) & valid, 40)
    n_ok &= torch.arange(n.shape[1], device=n.device) < 40 - p_ok.sum(1, keepdim=True)
    index, chosen = torch.cat([p, n], 1), torch.cat([p_ok, n_ok], 1)
    is_object = torch.cat([p_ok, torch.zeros_like(n_ok)], 1)[chosen]
    picture = torch.arange(len(index), device=index.device)[:, None].expand_as(index)[chosen]
    regions, object_ = pick(boxes, index)[chosen], pick(which, index)[chosen]
    labels = torch.where(is_object, batch['classes'][picture, object_], BACKGROUND)
    logits, deltas = model.roi_head.bbox_head(roi_align(levels, regions, picture, 7))
    kind = F.cross_entropy(logits, labels)
    own = torch.arange(len(regions), device=index.device)
    targets = encode(regions, batch['boxes'][picture, object_].where(is_object[:, None], regions), BOX_STDS)
    box = mean(F.smooth_l1_loss(deltas[own, labels.clamp(max=BACKGROUND - 1)], targets, beta=1.0, reduction='none').mean(1), is_object) * 2
    # Masks of six regions a picture on average; a batch without objects gives one region and a loss of nothing, so that every weight has a gradient.
    lot = torch.where(is_object, torch.rand(len(regions), device=index.device), -1.0)
    some = lot.topk(min(6 * len(index), max(1, int(is_object.sum())))).indices
    drawn = model.roi_head.mask_head(roi_align(levels, regions[some], picture[some], 14))
    drawn = drawn[torch.arange(len(some), device=index.device), labels[some].clamp(max=BACKGROUND - 1)]
    wanted = mask_targets(batch['masks'][picture[some], object_[some]], regions[some])
    mask = mean(F.binary_cross_entropy_with_logits(drawn, wanted, reduction='none').mean((1, 2)), is_object[some])
    return kind, box, mask


def losses(model, batch):
    """The six losses of a batch, by name."""
    pictures = normalise(batch['pictures'])
    with torch.autocast(pictures.device.type, torch.bfloat16):
        levels, tags = model.pyramid(pictures.to(memory_format=torch.channels_last))
        scores, deltas = model.rpn_head(levels)
    levels = [x.float() for x in levels]
    scores, deltas, tags = scores.float(), deltas.float(), tags.float()
    objectness, place = proposal_losses(scores, deltas, batch)
    kind, box, mask = region_losses(model, levels, *propose(scores.detach(), deltas.detach()), batch)
    tag = mean(F.binary_cross_entropy_with_logits(tags, batch['tags'].clamp(min=0), reduction='none'), batch['tags'] >= 0)
    return {'objectness': objectness, 'place': place, 'kind': kind, 'box': box, 'mask': mask, 'tag': tag * 4}


def option(name, usual):
    return type(usual)(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else usual


def main():
    work, minutes = Path(sys.argv[1]), float(sys.argv[2])
    overfit, device = option('--overfit', 0), option('--device', 'cpu')
    # The share of the rate at which this run ends; a run that is to be continued ends high.
    rate, last, size, often = option('--rate', 0.02), option('--end', 0.1), option('--batch', 8), option('--often', 12)
    began = saved = time.time()
    torch.manual_seed(int(began))
    torch.set_num_threads(1)
    state = {'step': 0, 'seen': 0, 'minutes': 0.0}
    path = work / ('overfit.pt' if overfit else 'model.pt')
    model = MaskRcnn(len(scenes.CLASSES), len(scenes.TAGS))
    average = MaskRcnn(len(scenes.CLASSES), len(scenes.TAGS))
    stored = torch.load(path, map_location='cpu', weights_only=True) if path.exists() and not overfit else None
    if stored:
        model.load_state_dict(stored['model'])
        average.load_state_dict(stored['mean'])
        state = stored['state']
    else:
        average.load_state_dict(model.state_dict())
    # Processes that draw are begun before the device is touched.
    pool = Fixed(overfit, device) if overfit else Pool(option('--pool', 9000), option('--workers', 1), device, state.get('drawn', state['seen']))
    model = model.to(device, memory_format=torch.channels_last)
    average = average.to(device)
    hidden = lambda n, p: p.ndim >= 2 and 'lookup' not in n and not any(k in n for k in ('patch_embed', 'fc_cls', 'rpn_cls', 'rpn_reg', 'fc_reg', 'conv_logits', 'backbone.head', 'conv_attn'))
    optimiser = Optimiser(list(model.named_parameters()), rate, matrix=hidden, weight_decay=0.02)
    floats = lambda network: [v for v in network.state_dict().values() if v.dtype.is_floating_point]
    smooth, first, so_far = {}, state['step'], state['minutes']
    model.train()

    def save():
        average.load_state_dict({k: v for k, v in model.state_dict().items() if not v.dtype.is_floating_point}, strict=False)
        now_there = {**state, 'minutes': so_far + (time.time() - began) / 60, 'drawn': pool.begin + pool.drawn}
        torch.save({'model': model.state_dict(), 'mean': average.state_dict(), 'state': now_there}, path.with_suffix('.part'))
        path.with_suffix('.part').rename(path)
        return now_there

    while (spent := (time.time() - began) / 60) < minutes:
        progress = spent / minutes
        scale = min(1, (state['step'] - first + 1) / 60) * (1 if progress < 0.4 else max(last, 1 - (progress - 0.4) / 0.6 * (1 - last)))
        parts = losses(model, pool.batch(size, often))
        sum(parts.values()).backward()
        optimiser.step(scale)
        state['step'] += 1
        state['seen'] += overfit or size
        decay = min(0.998, 1 - 1 / (1 + state['step'] / 4))
        with torch.no_grad():
            torch._foreach_lerp_(floats(average), [v.float() for v in floats(model)], 1 - decay)
        if state['step'] % 25 == 0:
            for k, v in parts.items():
                smooth[k] = smooth.get(k, float(v.detach())) * 0.8 + float(v.detach()) * 0.2
            print(now(), state['step'], state['seen'], pool.drawn, ' '.join(f'{k} {v:.3f}' for k, v in smooth.items()), f'rate {scale:.2f}', flush=True)
        if time.time() - saved > 60:
            save()
            saved = time.time()
    print(json.dumps(save()))
    pool.close()


if __name__ == '__main__':
    main()
