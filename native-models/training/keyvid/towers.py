"""The conditioning towers of KeyVID with the official key names, at any width: ImageBind's audio trunk, the keyframe
localiser built on it, OpenCLIP's vision tower and the perceiver resampler.  (The text tower is `model_text.TextTower`.)
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

FRAMES, GROUP = 48, 12  # frames of two seconds at 24 per second; sound tokens of a frame
CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def attend(q, k, v, heads):
    """Plain softmax attention; q, k, v [B, N, C]."""
    b, n, c = q.shape
    q, k, v = (a.reshape(b, -1, heads, c // heads).transpose(1, 2) for a in (q, k, v))
    a = torch.softmax(q * (c // heads) ** -0.5 @ k.transpose(2, 3), -1)
    return (a @ v).transpose(1, 2).reshape(b, n, c)


class PackedAttention(nn.Module):
    """nn.MultiheadAttention's keys; with `bias_kv` one learned key and value follow the projected ones."""

    def __init__(self, width, heads, bias_kv):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.randn(3 * width, width) * width ** -0.5)
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)
        self.bias_kv = bias_kv
        if bias_kv:
            self.bias_k = nn.Parameter(torch.randn(1, 1, width) * 0.02)
            self.bias_v = nn.Parameter(torch.randn(1, 1, width) * 0.02)

    def forward(self, x):
        q, k, v = F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)
        if self.bias_kv:
            one = lambda a: a.expand(x.shape[0], 1, -1).to(k.dtype)
            k, v = torch.cat([k, one(self.bias_k)], 1), torch.cat([v, one(self.bias_v)], 1)
        return self.out_proj(attend(q, k, v, self.heads))


class AudioBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.attn = PackedAttention(width, heads, True)
        self.norm_1, self.norm_2 = nn.LayerNorm(width, 1e-6), nn.LayerNorm(width, 1e-6)
        self.mlp = nn.Module()
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.attn(self.norm_1(x))
        return x + self.mlp.fc2(F.gelu(self.mlp.fc1(self.norm_2(x))))


class AudioTrunk(nn.Module):
    """Mel [B, 1, 128, T] -> tokens [B, 1 + 12 * 48, width] (stride 10 x 4), or without a class token 29 * 46 (stride 4 x 4)."""

    def __init__(self, width=96, heads=3, blocks=3, localiser=False):
        super().__init__()
        self.stride = (4, 4) if localiser else (10, 4)
        pre, stem, pos, trunk = nn.Module(), nn.Module(), nn.Module(), nn.Module()
        if not localiser:
            pre.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        stem.proj = nn.Conv2d(1, width, 16, self.stride, bias=False)
        stem.norm_layer = nn.LayerNorm(width, 1e-5)
        pos.pos_embed = nn.Parameter(torch.randn(1, 29 * 46 if localiser else 1 + 12 * FRAMES, width) * 0.02)
        pre.rgbt_stem, pre.pos_embedding_helper = stem, pos
        trunk.blocks = nn.ModuleList([AudioBlock(width, heads) for _ in range(blocks)])
        self.modality_preprocessors, self.modality_trunks = nn.ModuleDict({'audio': pre}), nn.ModuleDict({'audio': trunk})

    def forward(self, mel):
        pre = self.modality_preprocessors['audio']
        x = pre.rgbt_stem.norm_layer(pre.rgbt_stem.proj(mel).flatten(2).transpose(1, 2))
        if hasattr(pre, 'cls_token'):
            x = torch.cat([pre.cls_token.expand(x.shape[0], -1, -1).to(x.dtype), x], 1)
        x = x + pre.pos_embedding_helper.pos_embed
        for b in self.modality_trunks['audio'].blocks:
            x = b(x)
        return x


def flat_tokens(x):
    """Trunk output [B, 577, C] -> [B, 624, C]: per time column the class token and its 12 frequencies."""
    b, _, c = x.shape
    rows = x[:, 1:].reshape(b, GROUP, FRAMES, c).transpose(1, 2)
    return torch.cat([x[:, :1, None].expand(b, FRAMES, 1, c), rows], 2).reshape(b, FRAMES * 13, c)


def keyframe_audio(flat, index):
    """The generator's tokens: frame i takes the flat tokens 12 i .. 12 i + 11.  flat [B, 624, C], index [B, T] -> [B, T, 12, C]."""
    g = flat.reshape(flat.shape[0], 52, GROUP, -1)
    return torch.stack([a[i] for a, i in zip(g, index)])


def clip_audio(flat):
    """The interpolator's tokens: the 52 groups of 12 resized linearly to 48.  [B, 624, C] -> [B, 48, 12, C]."""
    g = flat.reshape(flat.shape[0], 52, GROUP, -1)
    at = ((torch.arange(FRAMES) + 0.5) * 52 / FRAMES - 0.5).clamp(0, 51)
    lo = at.floor().long()
    f = (at - lo).to(g.dtype)[:, None, None]
    return g[:, lo] * (1 - f) + g[:, (lo + 1).clamp(max=51)] * f


class Localiser(nn.Module):
    """Mel without its six padded columns [B, 1, 128, 198] -> motion score [B, 48]."""

    def __init__(self, width=48, heads=2, blocks=1):
        super().__init__()
        self.ada_weight, self.ada_bias = nn.Parameter(torch.ones(1)), nn.Parameter(torch.zeros(1))
        self.imagebindMoodel = AudioTrunk(width, heads, blocks, localiser=True)
        self.linear1, self.linear2, self.linear3 = nn.Linear(1334, FRAMES), nn.Linear(width, 16), nn.Linear(16 * FRAMES, FRAMES)

    def forward(self, mel):
        z = self.linear1(self.imagebindMoodel(mel).transpose(1, 2)).transpose(1, 2)
        return self.linear3(F.relu(self.linear2(F.relu(z)).flatten(1))) + z.mean(-1)


def clip_image(x):
    """Picture [B, 3, H, W] in -1..1, at most 224 px a side -> [B, 3, 224, 224] for the vision tower (larger pictures are blurred first)."""
    assert max(x.shape[-2:]) <= 224
    y = (F.interpolate(x, (224, 224), mode='bicubic', align_corners=True) + 1) / 2
    return (y - torch.tensor(CLIP_MEAN)[:, None, None]) / torch.tensor(CLIP_STD)[:, None, None]


class VisionBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1, self.attn, self.ln_2 = nn.LayerNorm(width), PackedAttention(width, heads, False), nn.LayerNorm(width)
        self.mlp = nn.Module()
        self.mlp.c_fc, self.mlp.c_proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp.c_proj(F.gelu(self.mlp.c_fc(self.ln_2(x))))


class VisionTower(nn.Module):
    """`embedder.model.visual.*`: all 257 tokens of the last block, without ln_post and projection."""

    def __init__(self, width=64, head=32, layers=2, ctx=64):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 14, 14, bias=False)
        self.class_embedding = nn.Parameter(torch.randn(width) * 0.05)
        self.positional_embedding = nn.Parameter(torch.randn(257, width) * 0.05)
        self.ln_pre, self.ln_post = nn.LayerNorm(width), nn.LayerNorm(width)
        self.proj = nn.Parameter(torch.zeros(width, ctx))
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.ModuleList([VisionBlock(width, width // head) for _ in range(layers)])

    def forward(self, x):
        """[B, 3, 224, 224], normalised -> [B, 257, width]."""
        x = self.conv1(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(x.shape[0], 1, -1).to(x.dtype), x], 1) + self.positional_embedding
        x = self.ln_pre(x)
        for b in self.transformer.resblocks:
            x = b(x)
        return x


class PerceiverAttention(nn.Module):
    def __init__(self, dim, dh, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.to_q, self.to_kv = nn.Linear(dim, dh * heads, bias=False), nn.Linear(dim, 2 * dh * heads, bias=False)
        self.to_out = nn.Linear(dh * heads, dim, bias=False)

    def forward(self, x, latents):
        x, latents = self.norm1(x), self.norm2(latents)
        k, v = self.to_kv(torch.cat([x, latents], 1)).chunk(2, -1)
        return self.to_out(attend(self.to_q(latents), k, v, self.heads))


class Resampler(nn.Module):
    """`image_proj_model.*`: vision tokens [B, 257, width] -> [B, 48 * 16, ctx], 16 tokens a frame."""

    def __init__(self, width=64, dim=64, ctx=64, depth=1, dh=32, heads=2, ff=4):
        super().__init__()
        self.latents = nn.Parameter(torch.randn(1, FRAMES * 16, dim) * dim ** -0.5)
        self.proj_in, self.proj_out, self.norm_out = nn.Linear(width, dim), nn.Linear(dim, ctx), nn.LayerNorm(ctx)
        feed = lambda: nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, dim * ff, bias=False), nn.GELU(), nn.Linear(dim * ff, dim, bias=False))
        self.layers = nn.ModuleList([nn.ModuleList([PerceiverAttention(dim, dh, heads), feed()]) for _ in range(depth)])

    def forward(self, x):
        lat, x = self.latents.expand(x.shape[0], -1, -1), self.proj_in(x)
        for attn, ff in self.layers:
            lat = attn(x, lat) + lat
            lat = ff(lat) + lat
        return self.norm_out(self.proj_out(lat))
