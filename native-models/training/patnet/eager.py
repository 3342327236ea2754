"""PATNet in PyTorch, eager, as a yardstick of speed: python3 eager.py SIZE.  For `npm run bench -- patnet --torch PYTHON`.

Twice: `published`, with the modules of the published network (its own way of folding fails on it), and `folded`, with batch
norms in convolutions and PAT_sp's branches merged into one, as the product has them.  Both look relative positions up once.
Random weights, one thread.  Prints both numbers of parameters, then answers each line on stdin, a form and a batch size,
with the seconds of one forward pass: {"cpu": s, "wall": s}.
"""
import functools
import json
import resource
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

import model

SIDE = 224
# Channels of the first stage, blocks of the four stages, activation, attention heads of the last stage.
SIZES = {'T0': (32, (1, 2, 8, 2), F.gelu, 4), 'T1': (48, (1, 2, 8, 2), F.gelu, 6), 'T2': (64, (2, 2, 6, 4), F.relu, 6),
         'S': (96, (2, 2, 9, 4), F.relu, 6), 'M': (128, (2, 3, 16, 4), F.relu, 6), 'L': (160, (2, 3, 20, 4), F.relu, 6)}


class ChannelGate(nn.Module):
    """PAT_ch with the norm after it left to the convolution behind."""

    def __init__(self, u):
        super().__init__()
        self.cfc1 = nn.Conv2d(u, u, (1, 2))

    def forward(self, x):
        std, mean = torch.std_mean(x.flatten(2), 2)
        return x * F.hardsigmoid(self.cfc1(torch.stack([mean, std], -1).unsqueeze(2)))


class SelfAttention(nn.Module):
    """PAT_sf with the layer norm's scale and shift in the projections."""

    def __init__(self, u, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(u, 3 * u)
        self.proj = nn.Linear(u, u)
        self.rpe_k = model.Table(heads)
        self.bias = None

    def forward(self, x):
        n, u, h, w = x.shape
        if self.bias is None:
            self.bias = self.rpe_k.lookup_table_bias[:, model.buckets(h, w, x.device)][None]
        tokens = F.layer_norm(x.flatten(2).transpose(1, 2), (u,), eps=1e-6)
        q, k, v = self.qkv(tokens).reshape(n, h * w, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=self.bias)
        return self.proj(out.transpose(1, 2).reshape(n, h * w, u)).transpose(1, 2).reshape(n, u, h, w)


class Block(nn.Module):
    def __init__(self, d, heads, act):
        super().__init__()
        self.split, self.gated, self.act, self.inner = d // 4, d - d // 2, act, bool(heads)
        self.partial_conv3 = nn.Conv2d(self.split, self.split, 3, 1, 1, bias=False)
        self.attn = SelfAttention(d - self.split, heads) if heads else ChannelGate(d - self.split)
        self.first = nn.Conv2d(d, 2 * d, 1)
        # The last output is the gate's map.
        self.second = nn.Conv2d(2 * d, d + 1, 1)
        self.shift = nn.Parameter(torch.zeros(1, self.gated, 1, 1))

    def forward(self, x):
        m = torch.cat([self.partial_conv3(x[:, :self.split]), self.attn(x[:, self.split:])], 1)
        x, m = (x + m, x + m) if self.inner else (x, m)
        o = self.second(self.act(self.first(m)))
        gated = o[:, :self.gated] * F.hardsigmoid(o[:, -1:]) + self.shift
        return x + torch.cat([gated, o[:, self.gated:-1]], 1)


class Folded(nn.Module):
    def __init__(self, embed, depths, act, heads):
        super().__init__()
        parts = [nn.Conv2d(3, embed, 4, 4)]
        for i, depth in enumerate(depths):
            d = embed * 2 ** i
            parts += [nn.Conv2d(d // 2, d, 2, 2)] if i else []
            parts += [Block(d, heads if i == 3 else 0, act) for _ in range(depth)]
        self.act, self.stages = act, nn.Sequential(*parts)
        self.features, self.head = nn.Linear(8 * embed, 1280, bias=False), nn.Linear(1280, 1000)

    def forward(self, x):
        return self.head(self.act(self.features(self.stages(x).mean((2, 3)))))


class Published(model.Backbone):
    """The classifier alone: without the norms that a detector puts behind the stages."""

    def forward(self, x):
        return self.head(self.act(self.avgpool_pre_head(self.stages(self.patch_embed(x)))).flatten(1))


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@torch.inference_mode()
def main(size):
    torch.set_num_threads(1)
    model.buckets = functools.cache(model.buckets)
    embed, depths, act, heads = SIZES[size]
    module = {F.gelu: nn.GELU, F.relu: nn.ReLU}[act]
    forms = {'published': Published(embed, depths, heads, module, features=1280, tags=1000).eval(),
             'folded': Folded(embed, depths, act, heads).eval()}
    counts = {name: sum(p.numel() for p in form.parameters()) for name, form in forms.items()}
    print(json.dumps({'torch': torch.__version__, 'parameters': counts}), flush=True)
    for line in sys.stdin:
        name, batch = line.split()
        x = torch.randn(int(batch), 3, SIDE, SIDE)
        before = cpu(), time.perf_counter()
        forms[name](x)
        print(json.dumps({'cpu': cpu() - before[0], 'wall': time.perf_counter() - before[1]}), flush=True)


if __name__ == '__main__':
    main(sys.argv[1])
