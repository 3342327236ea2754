"""Writes the file that the studio installs: python3 export.py WORK/model.pt OUT.ckpt [VERSION].

mmdet's layout with the official PATNet names: {'state_dict', 'plume'}; fp16, averaged weights.  The classifier of tags rides
on the detector's backbone as `backbone.avgpool_pre_head.*` and `backbone.head.*`.
"""
import collections
import sys

import torch

import scenes

PLUME = {
    'name': "Plume's eyes", 'licence': 'MIT', 'activation': 'relu', 'labels': scenes.CLASSES, 'tags': scenes.TAGS,
    'side': scenes.SIZE, 'scale': [scenes.SIZE, scenes.SIZE],
    'test': {'proposalsBefore': 500, 'proposals': 200, 'scoreThreshold': 0.7},
    'what_it_knows': 'It was trained on drawn pictures only: it tells drawn motion backgrounds and colours apart, and finds and '
                     'cuts out plain shapes (circles, bubbles, rings, squares, triangles, stars, hearts). It knows no photographs.',
}


def export(source, target, version='1.0'):
    stored = torch.load(source, map_location='cpu', weights_only=True)
    weights = collections.OrderedDict(
        (name, value.half() if value.dtype.is_floating_point else value) for name, value in stored['mean'].items())
    torch.save({'state_dict': weights, 'plume': {**PLUME, 'version': version}}, target)


if __name__ == '__main__':
    export(*sys.argv[1:])
