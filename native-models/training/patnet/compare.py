"""Compares model.py with the reference: python3 compare.py GOLDEN_FOLDER (the PATNet goldens)."""
import sys
from pathlib import Path

import torch

from model import Backbone, MaskRcnn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from check import read_safetensors  # noqa: E402


def compare(name, ours, theirs, bound):
    error = float((ours - theirs).abs().max() / theirs.abs().max())
    print(f'{name}: rel to max {error:.1e} (allowed {bound:.0e})')
    return error <= bound


@torch.no_grad()
def main(folder):
    ok = True
    golden = read_safetensors(folder / 'cls/t2like_sp_rect.safetensors')
    model = Backbone(12, (2, 2, 2, 2), heads=6, features=64, tags=30).eval()
    missing, extra = model.load_state_dict(torch.load(folder / 'cls/t2like_sp_rect.pth', weights_only=True), strict=False)
    # A classifier has no norms for the feature pyramid.
    assert not extra and all(n.startswith('norm') for n in missing), (missing, extra)
    ok &= compare('classifier logits', model(golden['input'])[1], golden['logits'], 5e-5)

    golden = read_safetensors(folder / 'det/maskrcnn_a.safetensors')
    weights = torch.load(folder / 'det/maskrcnn_a.pth', weights_only=False)['state_dict']
    model = MaskRcnn(5, 0, 12, (1, 1, 2, 2), 32, 64, 4).eval()
    model.load_state_dict(weights)
    levels, _ = model.pyramid(golden['input'])
    for i in (2, 3, 4):
        ok &= compare(f'detector pyramid {i}', levels[i], golden[f'fpn.{i}'], 2e-5)
    return 0 if ok else 1


if __name__ == '__main__':
    sys.exit(main(Path(sys.argv[1])))
