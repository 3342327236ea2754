"""Judges weights on pictures never trained on: python3 evaluate.py WORK/model.pt [N].  Prints JSON.

Tags: the share of held-out frames whose family, and whose colour, is the surest of its kind.  Objects: average precision
over IoU 0.50 to 0.95 of boxes and of masks (COCO's definition: 101 recall points, 100 detections a picture), on scenes of
pairs seen in training and of pairs never seen.
"""
import json
import sys

import numpy as np
import torch
import torch.nn.functional as F

import scenes
from boxes import decode, iou, nms, roi_align_exact
from model import MaskRcnn
from train import ANCHORS, BOX_STDS, LEVEL, ONES, normalise

FIRST_HELD_SEED = 50_000_000
THRESHOLDS = np.arange(0.5, 0.96, 0.05)
# From this score on the studio tells of an object.
LEAST = 0.7


def load(path):
    stored = torch.load(path, map_location='cpu', weights_only=True)
    model = MaskRcnn(len(scenes.CLASSES), len(scenes.TAGS))
    model.load_state_dict(stored['mean'])
    return model.eval(), stored['state']


def propose_exact(scores, deltas, before=500, after=200):
    """As train.propose, with the best of each level by itself, as mmdet and the product take them."""
    top = torch.cat([where[torch.topk(scores[where], min(before, len(where))).indices]
                     for where in ((LEVEL == level).nonzero().flatten() for level in range(5))])
    boxes = decode(ANCHORS[top], deltas[top], ONES, scenes.SIZE)
    ok = ((boxes[:, 2:] - boxes[:, :2]) > 0).all(1)
    top, boxes = top[ok], boxes[ok]
    return boxes[nms(boxes, scores[top], LEVEL[top], 0.7)[:after]]


@torch.no_grad()
def detect(model, picture, least=0.05, most=100):
    """Objects of a uint8 picture [S, S, 3]: boxes [N, 4], scores [N], classes [N], masks [N, S, S] of bool."""
    levels, tags = model.pyramid(normalise(picture[None]))
    scores, deltas = model.rpn_head(levels)
    regions = propose_exact(scores[0], deltas[0])
    logits, moves = model.roi_head.bbox_head(roi_align_exact(levels, regions, torch.zeros(len(regions), dtype=torch.long), 7))
    probability = logits.softmax(1)[:, :-1]
    which, label = (probability > least).nonzero(as_tuple=True)
    boxes = decode(regions[which], moves[which, label], BOX_STDS, scenes.SIZE)
    certain = probability[which, label]
    kept = nms(boxes, certain, label, 0.5)[:most]
    boxes, certain, label = boxes[kept], certain[kept], label[kept]
    masks = torch.zeros(len(boxes), scenes.SIZE, scenes.SIZE, dtype=torch.bool)
    if len(boxes):
        drawn = model.roi_head.mask_head(roi_align_exact(levels, boxes, torch.zeros(len(boxes), dtype=torch.long), 14))
        drawn = drawn[torch.arange(len(boxes)), label].sigmoid()
        centre = torch.arange(scenes.SIZE) + 0.5
        for i, (x1, y1, x2, y2) in enumerate(boxes.tolist()):
            gx, gy = (centre - x1) / max(x2 - x1, 1e-3) * 2 - 1, (centre - y1) / max(y2 - y1, 1e-3) * 2 - 1
            grid = torch.stack([gx[None].expand(scenes.SIZE, -1), gy[:, None].expand(-1, scenes.SIZE)], -1)
            masks[i] = F.grid_sample(drawn[i][None, None], grid[None], align_corners=False)[0, 0] >= 0.5
    return boxes, certain, label, masks, tags[0].sigmoid()


def mask_iou(a, b):
    a, b = a.flatten(1).float(), b.flatten(1).float()
    inner = a @ b.T
    return inner / (a.sum(1)[:, None] + b.sum(1)[None] - inner).clamp(min=1)


def average_precision(found, overlap_of, thresholds=THRESHOLDS):
    """Mean over classes and thresholds.  found: per picture (truth, detections); overlap_of gives their IoU [D, T]."""
    values = []
    for label in range(len(scenes.CLASSES)):
        total = sum(int((t['classes'] == label).sum()) for t, _ in found)
        if total == 0:
            continue
        for threshold in thresholds:
            rows = []
            for truth, detections in found:
                own = detections[2] == label
                mine = torch.from_numpy(truth['classes']) == label
                overlap = overlap_of(truth, detections)[own][:, mine]
                taken = set()
                for score, row in zip(detections[1][own].tolist(), overlap):
                    free = [(float(v), j) for j, v in enumerate(row) if j not in taken and v >= threshold]
                    if free:
                        taken.add(max(free)[1])
                    rows.append((score, bool(free)))
            rows.sort(reverse=True)
            hit = np.cumsum([h for _, h in rows]) if rows else np.zeros(0)
            recall, precision = hit / total, hit / np.arange(1, len(rows) + 1)
            for i in range(len(precision) - 1, 0, -1):
                precision[i - 1] = max(precision[i - 1], precision[i])
            at = np.searchsorted(recall, np.linspace(0, 1, 101))
            values.append(np.mean([precision[i] if i < len(precision) else 0 for i in at]))
    return float(np.mean(values)) if values else 0.0


def objects(model, count, held_out, first=FIRST_HELD_SEED):
    found = []
    for seed in range(first, first + count):
        truth = scenes.scene(seed, held_out)
        found.append((truth, detect(model, torch.from_numpy(truth['picture']))))
    of = {'box': lambda t, d: iou(d[0], torch.from_numpy(t['boxes'])),
          'mask': lambda t, d: mask_iou(d[3], torch.from_numpy(t['masks']))}
    result = {'pictures': count}
    for name, overlap in of.items():
        result[f'{name}_ap'] = round(average_precision(found, overlap), 3)
        result[f'{name}_ap50'] = round(average_precision(found, overlap, [0.5]), 3)
    return {**result, **right_and_found(found, of['mask'])}


def right_and_found(found, overlap_of, least=LEAST):
    """What a user meets: of the objects told (score `least` or more) those that are right, and of the objects there those told."""
    right = told = there = 0
    for truth, detections in found:
        kept = detections[1] >= least
        same = detections[2][kept][:, None] == torch.from_numpy(truth['classes'])[None]
        hit = (overlap_of(truth, detections)[kept] >= 0.5) & same
        right += int(hit.any(0).sum())
        told += int(kept.sum())
        there += len(truth['classes'])
    return {'precision': round(right / max(told, 1), 3), 'recall': round(right / max(there, 1), 3)}


@torch.no_grad()
def tags(model, count, held_out):
    right, told = {'family': 0, 'colour': 0}, [0, 0, 0]
    kinds = {'family': (0, len(scenes.clips.FAMILIES)),
             'colour': (len(scenes.clips.FAMILIES), len(scenes.clips.FAMILIES) + len(scenes.COLOUR_NAMES))}
    for seed in range(FIRST_HELD_SEED, FIRST_HELD_SEED + count):
        truth = scenes.frame(seed, held_out)
        scores = model.backbone(normalise(torch.from_numpy(truth['picture'])[None]))[1][0]
        for kind, (start, end) in kinds.items():
            right[kind] += int(truth['tags'][start:end][int(scores[start:end].argmax())] == 1)
        # As the studio tells them: every tag with a probability of a half or more; unknown ones count neither way.
        said, known = scores > 0, torch.from_numpy(truth['tags'])
        for i, chosen in enumerate((said & (known == 1), said & (known >= 0), known == 1)):
            told[i] += int(chosen.sum())
    return {'pictures': count, **{kind: round(n / count, 3) for kind, n in right.items()},
            'precision': round(told[0] / max(told[1], 1), 3), 'recall': round(told[0] / max(told[2], 1), 3)}


def report(path, count=100):
    model, state = load(path)
    return {'training': state, 'parameters': sum(p.numel() for p in model.parameters()),
            'tags_seen': tags(model, count, False), 'tags_unseen': tags(model, count, True),
            'objects_seen': objects(model, count, False), 'objects_unseen': objects(model, count, True)}


if __name__ == '__main__':
    torch.set_num_threads(1)
    print(json.dumps(report(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100), indent=1))
