"""Compares these modules with reference vectors of the official architecture.  Usage: check.py GOLDEN_FOLDER

The folder holds tokenizer.json, tiny07B_merged_all.pt (a pickled whole module) and *.safetensors.  The pickle is read
with dummy classes, so that none of the original code is needed.
"""
import collections
import json
import pickle
import struct
import sys
import zipfile

import torch

from model_text import TextTower
from model_unet import UNet
from model_vae import AutoencoderKL
from tokenizer import Tokenizer

DTYPES = {'F32': torch.float32, 'F16': torch.float16, 'I64': torch.int64, 'U8': torch.uint8, 'I32': torch.int32, 'I16': torch.int16}
CODES = {v: k for k, v in DTYPES.items()}


def read_safetensors(path):
    """Name -> tensor."""
    raw = open(path, 'rb').read()
    n = struct.unpack('<Q', raw[:8])[0]
    out = {}
    for k, v in json.loads(raw[8:8 + n]).items():
        if k != '__metadata__' and v['dtype'] in DTYPES:
            a, b = v['data_offsets']
            data = bytearray(raw[8 + n + a:8 + n + b])
            out[k] = torch.frombuffer(data, dtype=DTYPES[v['dtype']]).reshape(v['shape']) if data else torch.zeros(v['shape'])
    return out


def write_safetensors(path, tensors):
    """Write name -> tensor, names sorted."""
    head, blobs, at = {}, [], 0
    for k in sorted(tensors):
        t = tensors[k].detach().contiguous()
        b = t.reshape(-1).numpy().tobytes()
        head[k] = {'dtype': CODES[t.dtype], 'shape': list(t.shape), 'data_offsets': [at, at + len(b)]}
        blobs.append(b)
        at += len(b)
    j = json.dumps(head).encode()
    j += b' ' * (-len(j) % 8)
    with open(path, 'wb') as f:
        f.write(struct.pack('<Q', len(j)) + j + b''.join(blobs))


class _Dummy:
    def __init__(self, *a, **k):
        pass

    def __setstate__(self, s):
        self.__dict__['s'] = s

    def __setitem__(self, k, v):
        pass

    def append(self, v):
        pass


def read_module_pickle(path):
    """State dict of a pickled nn.Module, without its classes."""
    z = zipfile.ZipFile(path)
    root = next(n for n in z.namelist() if n.endswith('/data.pkl'))[:-8]

    class Reader(pickle.Unpickler):
        def find_class(self, mod, name):
            if name == '_rebuild_tensor_v2':
                return lambda st, off, size, stride, *a: torch.as_strided(st, size, stride, off)
            if name == '_rebuild_parameter':
                return lambda t, *a: t
            if name == 'OrderedDict':
                return collections.OrderedDict
            if mod in ('__builtin__', 'builtins') and name in ('set', 'dict', 'list'):
                return {'set': set, 'dict': dict, 'list': list}[name]
            if name == 'getattr':
                return lambda *a: None
            if name.endswith('Storage'):
                return name
            return type(name, (_Dummy,), {})

        def persistent_load(self, pid):
            kind = {'HalfStorage': torch.float16, 'FloatStorage': torch.float32, 'LongStorage': torch.int64,
                    'DoubleStorage': torch.float64, 'BoolStorage': torch.bool}[pid[1]]
            return torch.frombuffer(bytearray(z.read(root + 'data/' + pid[2])), dtype=kind)

    out = {}

    def walk(m, prefix):
        s = getattr(m, 's', None)
        if not isinstance(s, dict):
            return
        skip = s.get('_non_persistent_buffers_set') or ()
        for part in ('_parameters', '_buffers'):
            for k, v in (s.get(part) or {}).items():
                if torch.is_tensor(v) and k not in skip:
                    out[prefix + k] = v
        for k, c in (s.get('_modules') or {}).items():
            walk(c, prefix + k + '.')

    walk(Reader(z.open(root + 'data.pkl')).load(), '')
    return out


def main():
    root = sys.argv[1]
    tok, bad = Tokenizer(), []
    cases = json.load(open(root + '/tokenizer.json'))['cases']
    for c in cases:
        if not c['needs_ftfy'] and tok.encode(c['prompt']) != c['ids']:
            bad.append(c['prompt'])
    print(f'tokenizer: {len(cases)} cases, wrong {bad}')
    sd = read_module_pickle(root + '/tiny07B_merged_all.pt')
    part = lambda p: {k[len(p):]: v.float() for k, v in sd.items() if k.startswith(p)}
    unet = UNet(32, (1, 2, 2, 1), 8, 16, groups=32)
    unet.load_state_dict(part('model.diffusion_model.'))
    vae = AutoencoderKL(32, (2, 1, 1, 1), 1, 32, encoder_ch=32)
    missing = vae.load_state_dict(part('first_stage_model.'), strict=False)
    text = TextTower(16, 2, 3)
    text.load_state_dict(part('cond_stage_model.model.'))
    print('vae keys', {k: len(v) for k, v in missing._asdict().items()})
    worst = lambda a, b: f'max abs difference {(a - b).abs().max():.2e} (values up to {b.abs().max():.1f})'
    with torch.no_grad():
        g = read_safetensors(root + '/unet_forward.safetensors')
        for case in ('main', 'batch2', 'frames1', 'frames26', 'no_w'):
            get = lambda k: g.get(f'{case}.{k}')
            x = get('latent')
            y = unet(x, get('timesteps').expand(x.shape[0]), get('context'), get('fps').expand(x.shape[0]), get('w_embedding'))
            print('unet', case, worst(y, get('out')))
        g = read_safetensors(root + '/text_encoder.safetensors')
        print('text', worst(text(g['token_ids']), g['prompt_embeds']))
        g = read_safetensors(root + '/vae_decode.safetensors')
        z = g['latents_div_scale_factor'][0].transpose(0, 1)
        print('vae', worst(vae.decode(z).transpose(0, 1)[None], g['decoded']))


if __name__ == '__main__':
    main()
