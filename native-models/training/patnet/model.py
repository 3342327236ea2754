"""PATNet and Mask R-CNN with the official key names, at any width, for training (the product runs its own graphs).

Written from the architecture's description: H. Huang et al., "PATNet", 2025; K. He et al., "Mask R-CNN", 2017.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn


class ChannelGate(nn.Module):
    """PAT_ch's gate: mean and standard deviation of every channel, mixed over all channels."""

    def __init__(self, u):
        super().__init__()
        self.cfc1 = nn.Conv2d(u, u, (1, 2), bias=False)
        self.bn = nn.BatchNorm2d(u)

    def forward(self, x):
        flat = x.flatten(2)
        stats = torch.stack([flat.mean(2), (flat.var(2) + 1e-12).sqrt()], -1).unsqueeze(2)
        return x * F.hardsigmoid(self.bn(self.cfc1(stats)))


def buckets(h, w, device):
    """Bucket of every pair of cells [h*w, h*w]: euclidean distance, fine up to 20, logarithmic beyond."""
    ys, xs = torch.meshgrid(torch.arange(h, device=device), torch.arange(w, device=device), indexing='ij')
    p = torch.stack([ys.flatten(), xs.flatten()], 1).float()
    d = (p[:, None] - p[None]).square().sum(-1).sqrt().round()
    far = (20 + torch.log(d.clamp(min=1) / 20) / math.log(8) * 20).round().clamp(max=40)
    return torch.where(d <= 20, d, far).long() + 40


class Table(nn.Module):
    def __init__(self, heads):
        super().__init__()
        self.lookup_table_bias = nn.Parameter(torch.zeros(heads, 81))


class SelfAttention(nn.Module):
    def __init__(self, u, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(u, 3 * u, bias=False)
        self.proj = nn.Linear(u, u)
        self.rpe_k = Table(heads)

    def forward(self, x):
        n, u, h, w = x.shape
        q, k, v = self.qkv(x.flatten(2).transpose(1, 2)).reshape(n, h * w, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        bias = self.rpe_k.lookup_table_bias[:, buckets(h, w, x.device)]
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias[None].to(q.dtype))
        return self.proj(out.transpose(1, 2).reshape(n, h * w, u)).transpose(1, 2).reshape(n, u, h, w)


class ChannelNorm(nn.LayerNorm):
    def __init__(self, u):
        super().__init__(u, eps=1e-6)

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Mixing(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.split = dim // 4
        u = dim - self.split
        self.partial_conv3 = nn.Conv2d(self.split, self.split, 3, 1, 1, bias=False)
        self.attn = SelfAttention(u, heads) if heads else ChannelGate(u)
        self.norm = ChannelNorm(u) if heads else nn.BatchNorm2d(u)
        self.is_self = bool(heads)

    def forward(self, x):
        a, b = x[:, :self.split], x[:, self.split:]
        b = self.attn(self.norm(b)) if self.is_self else self.norm(self.attn(b))
        return torch.cat([self.partial_conv3(a), b], 1)


class SpatialGate(nn.Module):
    """PAT_sp: one half is gated by a map of the picture, the other convolved."""

    def __init__(self, dim):
        super().__init__()
        self.rest = dim // 2
        self.gated = dim - self.rest
        self.conv = nn.Conv2d(self.rest, self.rest, 1, bias=False)
        self.conv_attn = nn.Conv2d(self.gated, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(self.gated)
        self.norm2 = nn.BatchNorm2d(self.rest)

    def forward(self, x):
        a, b = x[:, :self.gated], x[:, self.gated:]
        return torch.cat([self.norm(a * F.hardsigmoid(self.conv_attn(a))), self.conv(self.norm2(b))], 1)


class Block(nn.Module):
    def __init__(self, dim, heads, act, spatial):
        super().__init__()
        self.spatial_mixing = Mixing(dim, heads)
        parts = [nn.Conv2d(dim, 2 * dim, 1, bias=False), nn.BatchNorm2d(2 * dim), act(), nn.Conv2d(2 * dim, dim, 1, bias=False)]
        self.mlp = nn.Sequential(*parts, *([SpatialGate(dim)] if spatial else []))
        self.inner = bool(heads)

    def forward(self, x):
        m = self.spatial_mixing(x)
        if self.inner:
            x = x + m
            return x + self.mlp(x)
        return x + self.mlp(m)


class Stage(nn.Module):
    def __init__(self, dim, depth, heads, act, spatial):
        super().__init__()
        self.blocks = nn.Sequential(*[Block(dim, heads, act, spatial) for _ in range(depth)])

    def forward(self, x):
        return self.blocks(x)


class Embed(nn.Module):
    def __init__(self, name, inner, out, patch):
        super().__init__()
        self.name = name
        self.add_module(name, nn.Conv2d(inner, out, patch, patch, bias=False))
        self.norm = nn.BatchNorm2d(out)

    def forward(self, x):
        return self.norm(self.get_submodule(self.name)(x))


class Backbone(nn.Module):
    def __init__(self, embed=24, depths=(1, 2, 4, 1), heads=4, act=nn.ReLU, spatial=True, features=192, tags=0):
        super().__init__()
        self.patch_embed = Embed('proj', 3, embed, 4)
        stages = []
        for i, depth in enumerate(depths):
            dim = embed * 2 ** i
            if i:
                stages.append(Embed('reduction', dim // 2, dim, 2))
            stages.append(Stage(dim, depth, heads if i == 3 else 0, act, spatial))
            self.add_module(f'norm{2 * i}', nn.BatchNorm2d(dim))
        self.stages = nn.Sequential(*stages)
        self.act = act()
        if tags:
            self.avgpool_pre_head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8 * embed, features, 1, bias=False))
            self.head = nn.Linear(features, tags)

    def forward(self, x):
        """Features of the four stages (normalised), and the tags' logits."""
        x, out = self.patch_embed(x), []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i % 2 == 0:
                out.append(getattr(self, f'norm{i}')(x))
        return out, self.head(self.act(self.avgpool_pre_head(x)).flatten(1)) if hasattr(self, 'head') else None


class Wrapped(nn.Module):
    """mmcv's ConvModule without norm or activation: one convolution called `conv`."""

    def __init__(self, inner, out, kernel):
        super().__init__()
        self.conv = nn.Conv2d(inner, out, kernel, padding=kernel // 2)

    def forward(self, x):
        return self.conv(x)


class Neck(nn.Module):
    def __init__(self, widths, channels):
        super().__init__()
        self.lateral_convs = nn.ModuleList([Wrapped(w, channels, 1) for w in widths])
        self.fpn_convs = nn.ModuleList([Wrapped(channels, channels, 3) for _ in widths])

    def forward(self, xs):
        xs = [conv(x) for conv, x in zip(self.lateral_convs, xs)]
        for i in range(len(xs) - 2, -1, -1):
            xs[i] = xs[i] + F.interpolate(xs[i + 1], scale_factor=2, mode='nearest')
        xs = [conv(x) for conv, x in zip(self.fpn_convs, xs)]
        return [*xs, xs[-1][:, :, ::2, ::2]]


class RpnHead(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.rpn_conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.rpn_cls = nn.Conv2d(channels, 3, 1)
        self.rpn_reg = nn.Conv2d(channels, 12, 1)
        nn.init.constant_(self.rpn_cls.bias, -3.0)
        nn.init.normal_(self.rpn_reg.weight, std=0.01)

    def forward(self, xs):
        """Scores [N, A] and deltas [N, A, 4] over all levels, anchors counted cell by cell."""
        scores, deltas = [], []
        for x in xs:
            h = F.relu(self.rpn_conv(x))
            scores.append(self.rpn_cls(h).permute(0, 2, 3, 1).flatten(1))
            deltas.append(self.rpn_reg(h).permute(0, 2, 3, 1).reshape(len(x), -1, 4))
        return torch.cat(scores, 1), torch.cat(deltas, 1)


class BoxHead(nn.Module):
    def __init__(self, channels, width, classes):
        super().__init__()
        self.shared_fcs = nn.ModuleList([nn.Linear(channels * 49, width), nn.Linear(width, width)])
        self.fc_cls = nn.Linear(width, classes + 1)
        self.fc_reg = nn.Linear(width, 4 * classes)
        nn.init.normal_(self.fc_reg.weight, std=0.001)

    def forward(self, x):
        x = x.flatten(1)
        for fc in self.shared_fcs:
            x = F.relu(fc(x))
        return self.fc_cls(x), self.fc_reg(x).reshape(len(x), -1, 4)


class MaskHead(nn.Module):
    def __init__(self, channels, classes, convs):
        super().__init__()
        self.convs = nn.ModuleList([Wrapped(channels, channels, 3) for _ in range(convs)])
        self.upsample = nn.ConvTranspose2d(channels, channels, 2, 2)
        self.conv_logits = nn.Conv2d(channels, classes, 1)

    def forward(self, x):
        for conv in self.convs:
            x = F.relu(conv(x))
        return self.conv_logits(F.relu(self.upsample(x)))


class RoiHead(nn.Module):
    def __init__(self, channels, width, classes, convs):
        super().__init__()
        self.bbox_head = BoxHead(channels, width, classes)
        self.mask_head = MaskHead(channels, classes, convs)


class MaskRcnn(nn.Module):
    """Backbone with a tag head, and Mask R-CNN on it."""

    def __init__(self, classes, tags, embed=24, depths=(1, 2, 4, 1), channels=48, width=160, convs=3):
        super().__init__()
        self.settings = {'classes': classes, 'tags': tags, 'embed': embed, 'depths': tuple(depths), 'channels': channels,
                         'width': width, 'convs': convs}
        self.backbone = Backbone(embed, depths, tags=tags)
        self.neck = Neck([embed * 2 ** i for i in range(4)], channels)
        self.rpn_head = RpnHead(channels)
        self.roi_head = RoiHead(channels, width, classes, convs)

    def pyramid(self, x):
        features, tags = self.backbone(x)
        return self.neck(features), tags
