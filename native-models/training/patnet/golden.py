"""Reference files of the shipped eyes for other engines: python3 golden.py EYES.ckpt FOLDER, or --frames FOLDER [N].

Writes eyes.safetensors and manifest.json: three held-out pictures with tags, pyramid and objects, in float32 with the fp16
weights that ship.  With --frames it writes N held-out frames of clips (PNG, seen and unseen pairs in turn), for judging int8.
"""
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import torch

import scenes
from evaluate import FIRST_HELD_SEED, detect
from model import MaskRcnn
from train import normalise

from check import write_safetensors  # noqa: E402  (scenes puts the folder above into the path)
from util import write_png

# Far from what evaluate.py judges, so that looking at these pictures tells nothing about its figures.
SEEDS = {'scene': (FIRST_HELD_SEED + 900_001, False), 'unseen': (FIRST_HELD_SEED + 900_002, True)}
FRAME_SEED = FIRST_HELD_SEED + 900_003


def load(path):
    stored = torch.load(path, map_location='cpu', weights_only=True)
    model = MaskRcnn(len(scenes.CLASSES), len(scenes.TAGS))
    model.load_state_dict({k: v.float() if v.dtype == torch.float16 else v for k, v in stored['state_dict'].items()})
    return model.eval(), stored['plume']


def crowded(seed, held_out):
    """The first scene from this seed on with three objects or more."""
    while len(scenes.scene(seed, held_out)['classes']) < 3:
        seed += 10
    return scenes.scene(seed, held_out)['picture'], seed


@torch.no_grad()
def main(path, folder):
    torch.set_num_threads(1)
    model, plume = load(path)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    pictures, seeds, out, least = {}, {}, {}, plume['test']['scoreThreshold']
    for name, (seed, held_out) in SEEDS.items():
        pictures[name], seeds[name] = crowded(seed, held_out)
    pictures['frame'], seeds['frame'] = scenes.frame(FRAME_SEED, False)['picture'], FRAME_SEED
    for name, picture in pictures.items():
        picture = torch.from_numpy(np.ascontiguousarray(picture))
        levels, tags = model.pyramid(normalise(picture[None]))
        boxes, scores, classes, masks, _ = detect(model, picture, least)
        out |= {f'{name}.picture': picture, f'{name}.tags': tags[0].sigmoid(), f'{name}.p4': levels[2][0], f'{name}.boxes': boxes,
                f'{name}.scores': scores, f'{name}.classes': classes.int(), f'{name}.masks': torch.from_numpy(np.packbits(masks.numpy(), axis=2))}
    write_safetensors(str(folder / 'eyes.safetensors'), out)
    info = {'checkpoint_sha256': hashlib.sha256(Path(path).read_bytes()).hexdigest(), 'version': plume['version'], 'seeds': seeds,
            'pictures': list(pictures), 'least_score': least, 'masks': 'bits, eight pixels of a row in a byte, the first one highest',
            'compute': 'float32, weights rounded to float16', 'tolerance': {'tags': 1e-4, 'p4': 1e-3, 'boxes': 0.05, 'scores': 1e-3, 'mask_iou': 0.98}}
    (folder / 'manifest.json').write_text(json.dumps(info, indent=1))
    print({name: len(out[f'{name}.scores']) for name in pictures}, 'objects')


def frames(folder, count=200):
    """Held-out frames of clips, of pairs seen in training and never seen in turn."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(int(count)):
        picture = scenes.frame(FIRST_HELD_SEED + i // 2, i % 2 == 1)['picture']
        write_png(folder / f'frame{i:04}.png', torch.from_numpy(np.ascontiguousarray(picture)))


if __name__ == '__main__':
    (frames if sys.argv[1] == '--frames' else main)(*[a for a in sys.argv[1:] if a != '--frames'])
