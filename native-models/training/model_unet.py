"""The Hummingbird 0.7B U-Net (a pruned VideoCrafter2) with the official key names, at any width.

Written from the specification of the architecture; no third-party code.  Activations are kept as [B, T, H, W, C]
(channels last), so that per-frame convolutions, per-clip norms, temporal convolutions and token layers are all views
of the same memory.  The public `forward` takes and returns the official layout [B, 4, T, H, W].
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def sinusoid(t, dim):
    """[cos | sin] embedding of integers t [B] -> [B, dim]; freq_i = exp(-ln(10000) i / (dim/2))."""
    half = dim // 2
    a = t[:, None].float() * torch.exp(-math.log(10000) * torch.arange(half, device=t.device) / half)[None]
    return torch.cat([a.cos(), a.sin()], -1)


def frame_conv(x, conv):
    """Conv2d on every frame of x [B, T, H, W, C]."""
    b, t, h, w, c = x.shape
    y = conv(x.reshape(b * t, h, w, c).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    return y.reshape(b, t, *y.shape[1:])


def frame_norm(x, norm):
    """GroupNorm with statistics per frame."""
    b, t, h, w, c = x.shape
    return norm(x.reshape(b * t, h, w, c).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).reshape(b, t, h, w, c)


def clip_norm(x, norm):
    """GroupNorm with statistics over (T, H, W) of a clip."""
    b, t, h, w, c = x.shape
    return norm(x.reshape(b, t * h, w, c).permute(0, 3, 1, 2)).permute(0, 2, 3, 1).reshape(b, t, h, w, c)


class TemporalConv(nn.Module):
    """Four GroupNorm-SiLU-Conv3d(3,1,1) stages with a residual; key `temopral_conv` as in the official files."""

    def __init__(self, c, groups):
        super().__init__()
        conv = lambda: nn.Conv3d(c, c, (3, 1, 1), padding=(1, 0, 0))
        self.conv1 = nn.Sequential(nn.GroupNorm(groups, c), nn.SiLU(), conv())
        for i in (2, 3, 4):
            setattr(self, f'conv{i}', nn.Sequential(nn.GroupNorm(groups, c), nn.SiLU(), nn.Dropout(0.0), conv()))
        nn.init.zeros_(self.conv4[-1].weight)
        nn.init.zeros_(self.conv4[-1].bias)

    def forward(self, x):
        b, t, h, w, c = x.shape
        y = x
        for seq in (self.conv1, self.conv2, self.conv3, self.conv4):
            y = F.silu(clip_norm(y, seq[0]))
            k = seq[-1]
            v = F.conv2d(y.reshape(b, t, h * w, c).permute(0, 3, 1, 2), k.weight.squeeze(-1), k.bias, padding=(1, 0))
            y = v.permute(0, 2, 3, 1).reshape(b, t, h, w, c)
        return x + y


class ResBlock(nn.Module):
    def __init__(self, cin, cout, emb, groups):
        super().__init__()
        self.in_layers = nn.Sequential(nn.GroupNorm(groups, cin), nn.SiLU(), nn.Conv2d(cin, cout, 3, padding=1))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(emb, cout))
        self.out_layers = nn.Sequential(nn.GroupNorm(groups, cout), nn.SiLU(), nn.Dropout(0.0),
                                        nn.Conv2d(cout, cout, 3, padding=1))
        self.skip_connection = nn.Identity() if cin == cout else nn.Conv2d(cin, cout, 1)
        self.temopral_conv = TemporalConv(cout, groups)
        nn.init.zeros_(self.out_layers[3].weight)
        nn.init.zeros_(self.out_layers[3].bias)

    def forward(self, x, emb):
        """x [B, T, H, W, C]; emb [B, E], or [B, T, E] where every frame has its own (KeyVID)."""
        h = frame_conv(F.silu(frame_norm(x, self.in_layers[0])), self.in_layers[2])
        e = self.emb_layers(emb)
        h = h + (e[:, :, None, None] if e.ndim == 3 else e[:, None, None, None])
        h = frame_conv(F.silu(frame_norm(h, self.out_layers[0])), self.out_layers[3])
        skip = x if isinstance(self.skip_connection, nn.Identity) else frame_conv(x, self.skip_connection)
        return self.temopral_conv(skip + h)


class Attention(nn.Module):
    """to_q/k/v without bias, to_out.0 with bias, scale head^-0.5, no mask."""

    def __init__(self, dim, heads, head, context=None):
        super().__init__()
        inner = heads * head
        self.heads, self.head = heads, head
        self.to_q = nn.Linear(dim, inner, bias=False)
        self.to_k = nn.Linear(context or dim, inner, bias=False)
        self.to_v = nn.Linear(context or dim, inner, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(inner, dim)])

    def forward(self, x, context=None):
        """x [N, L, C]; context [N, M, K] or None for self-attention."""
        n, l, _ = x.shape
        src = x if context is None else context
        q, k, v = (m(s).reshape(n, s.shape[1], self.heads, self.head).transpose(1, 2).reshape(-1, s.shape[1], self.head)
                   for m, s in ((self.to_q, x), (self.to_k, src), (self.to_v, src)))
        y = self._attend(q, k, v).reshape(n, self.heads, l, self.head)
        return self.to_out[0](y.transpose(1, 2).reshape(n, l, -1))

    def _attend(self, q, k, v):
        """Plain batched products: on a CPU their backward pass is twice as fast as the fused kernel's."""
        a = torch.bmm(q * self.head ** -0.5, k.transpose(1, 2))
        return torch.bmm(torch.softmax(a, -1, dtype=v.dtype), v)

    def over_time(self, x):
        """Self-attention along T for every (clip, position): x [B, T, S, C]."""
        b, t, s, _ = x.shape
        q, k, v = (m(x).reshape(b, t, s, self.heads, self.head) for m in (self.to_q, self.to_k, self.to_v))
        q, k, v = (a.permute(0, 2, 3, 1, 4).reshape(-1, t, self.head) for a in (q, k, v))
        y = self._attend(q, k, v).reshape(b, s, self.heads, t, self.head).permute(0, 3, 1, 2, 4).reshape(b, t, s, -1)
        return self.to_out[0](y)


class FeedForward(nn.Module):
    """GEGLU: net.0.proj C -> 8C, value * gelu_erf(gate), net.2 4C -> C."""

    def __init__(self, dim):
        super().__init__()
        gate = nn.Module()
        gate.proj = nn.Linear(dim, dim * 8)
        self.net = nn.ModuleList([gate, nn.Dropout(0.0), nn.Linear(dim * 4, dim)])

    def forward(self, x):
        a, g = self.net[0].proj(x).chunk(2, -1)
        return self.net[2](a * F.gelu(g))


class Block(nn.Module):
    def __init__(self, dim, heads, head, context):
        super().__init__()
        self.attn1, self.ff = Attention(dim, heads, head), FeedForward(dim)
        self.attn2 = Attention(dim, heads, head, context)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(dim), nn.LayerNorm(dim), nn.LayerNorm(dim)


class Transformer(nn.Module):
    """Spatial (context given) or temporal transformer; conv1d=True is the `init_attn` form with Conv1d projections."""

    def __init__(self, c, heads, head, groups, context=None, conv1d=False):
        super().__init__()
        inner = heads * head
        self.temporal, self.conv1d = context is None, conv1d
        self.idle = False  # set by the recipe where proj_out is zero, so that the block is exactly the identity
        self.norm = nn.GroupNorm(groups, c, 1e-6)
        make = (lambda a, b: nn.Conv1d(a, b, 1)) if conv1d else nn.Linear
        self.proj_in, self.proj_out = make(c, inner), make(inner, c)
        self.transformer_blocks = nn.ModuleList([Block(inner, heads, head, context)])
        nn.init.zeros_(self.proj_out.weight)
        nn.init.zeros_(self.proj_out.bias)

    def _proj(self, layer, x):
        return F.linear(x, layer.weight.squeeze(-1), layer.bias) if self.conv1d else layer(x)

    def forward(self, x, context):
        if self.idle:
            return x
        b, t, h, w, c = x.shape
        blk = self.transformer_blocks[0]
        y = self._proj(self.proj_in, (clip_norm if self.temporal else frame_norm)(x, self.norm))
        i = y.shape[-1]
        if self.temporal:
            y = y.reshape(b, t, h * w, i)
            y = y + blk.attn1.over_time(blk.norm1(y))
            y = y + blk.attn2.over_time(blk.norm2(y))
        else:
            y = y.reshape(b * t, h * w, i)
            y = (y + blk.attn1(blk.norm1(y))).reshape(b, t * h * w, i)
            y = y + blk.attn2(blk.norm2(y), context)
        y = y + blk.ff(blk.norm3(y))
        return x + self._proj(self.proj_out, y.reshape(b, t, h, w, i))


class Resample(nn.Module):
    def __init__(self, c, up):
        super().__init__()
        self.up = up
        if up:
            self.conv = nn.Conv2d(c, c, 3, padding=1)
        else:
            self.op = nn.Conv2d(c, c, 3, stride=2, padding=1)

    def forward(self, x):
        if not self.up:
            return frame_conv(x, self.op)
        b, t, h, w, c = x.shape
        x = x[:, :, :, None, :, None].expand(b, t, h, 2, w, 2, c).reshape(b, t, 2 * h, 2 * w, c)
        return frame_conv(x, self.conv)


class UNet(nn.Module):
    """Settings: see `hyper_parameters` in the README.  Attention at the first three scales, no middle block."""

    def __init__(self, model_channels=32, channel_mult=(1, 2, 4, 4), num_head_channels=16, context_dim=64, groups=4,
                 w_dim=256):
        super().__init__()
        ch, hd, emb = model_channels, num_head_channels, model_channels * 4
        self.ch = ch
        mlp = lambda: nn.Sequential(nn.Linear(ch, emb), nn.SiLU(), nn.Linear(emb, emb))
        self.time_embed, self.fps_embedding = mlp(), mlp()
        self.time_cond_proj = nn.Linear(w_dim, ch, bias=False)
        self.init_attn = nn.ModuleList([Transformer(ch, 8, hd, groups, conv1d=True)])
        pair = lambda c: [Transformer(c, c // hd, hd, groups, context_dim), Transformer(c, c // hd, hd, groups)]
        self.input_blocks = nn.ModuleList([nn.ModuleList([nn.Conv2d(4, ch, 3, padding=1)])])
        skips, c = [ch], ch
        for i, m in enumerate(channel_mult):
            self.input_blocks.append(nn.ModuleList([ResBlock(c, ch * m, emb, groups)] + (pair(ch * m) if i < 3 else [])))
            c = ch * m
            skips.append(c)
            if i < len(channel_mult) - 1:
                self.input_blocks.append(nn.ModuleList([Resample(c, False)]))
                skips.append(c)
        self.output_blocks = nn.ModuleList()
        for i in reversed(range(len(channel_mult))):
            for j in range(2):
                co = ch * channel_mult[i]
                mods = [ResBlock(c + skips.pop(), co, emb, groups)] + (pair(co) if i < 3 else [])
                if i and j:
                    mods.append(Resample(co, True))
                self.output_blocks.append(nn.ModuleList(mods))
                c = co
        self.out = nn.Sequential(nn.GroupNorm(groups, c), nn.SiLU(), nn.Conv2d(c, 4, 3, padding=1))
        nn.init.zeros_(self.out[2].weight)
        nn.init.zeros_(self.out[2].bias)
        nn.init.zeros_(self.time_cond_proj.weight).requires_grad_(False)  # no guidance embedding in this recipe
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                m.to(memory_format=torch.channels_last)

    def forward(self, x, t, context, fps, w_emb=None):
        """x [B, 4, T, H, W], t and fps [B] integers, context [B, 77, D], w_emb [B, 256] or None -> [B, 4, T, H, W]."""
        sin = sinusoid(t, self.ch)
        if w_emb is not None:
            sin = sin + self.time_cond_proj(w_emb)
        emb = self.time_embed(sin) + self.fps_embedding(sinusoid(fps, self.ch))
        h = x.permute(0, 2, 3, 4, 1).contiguous()
        skips = []

        def run(mods, h):
            for m in mods:
                if isinstance(m, ResBlock):
                    h = m(h, emb)
                elif isinstance(m, Transformer):
                    h = m(h, context)
                else:
                    h = frame_conv(h, m) if isinstance(m, nn.Conv2d) else m(h)
            return h

        for i, mods in enumerate(self.input_blocks):
            h = run(mods, h)
            if i == 0:
                h = self.init_attn[0](h, None)
            skips.append(h)
        for mods in self.output_blocks:
            h = run(mods, torch.cat([h, skips.pop()], -1))
        h = frame_conv(F.silu(frame_norm(h, self.out[0])), self.out[2])
        return h.permute(0, 4, 1, 2, 3)
