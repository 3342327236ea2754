"""KeyVID's U-Net (a DynamiCrafter with frame-wise sound) with the official key names, at any width.

One class is both networks: the keyframe generator has `frame_idx_embedding`, the motion interpolator has not.
Written from the specification of the architecture; the layers that Hummingbird shares live in `model_unet.py`.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F

from model_unet import Attention, ResBlock, Resample, Transformer, frame_conv, frame_norm, sinusoid


class CrossAttention(Attention):
    """One query, three softmaxes: 77 text tokens a clip, 16 image tokens and 12 sound tokens a frame, summed."""

    def __init__(self, dim, heads, head, context):
        super().__init__(dim, heads, head, context)
        for k in ('to_k_ip', 'to_v_ip', 'to_k_ap', 'to_v_ap'):
            setattr(self, k, nn.Linear(context, heads * head, bias=False))
        self.beta = nn.Parameter(torch.zeros(()))

    def _one(self, q, src, to_k, to_v):
        """q [N, L, inner], src [N, M, K] -> [N, L, inner]."""
        n, l, _ = q.shape
        heads = lambda a: a.reshape(n, a.shape[1], self.heads, self.head).transpose(1, 2).reshape(-1, a.shape[1], self.head)
        y = self._attend(heads(q), heads(to_k(src)), heads(to_v(src))).reshape(n, self.heads, l, self.head)
        return y.transpose(1, 2).reshape(n, l, -1)

    def forward(self, x, text, image, audio):
        """x [B, T, L, C], text [B, 77, K], image [B, T, 16, K], audio [B, T, 12, K] -> [B, T, L, C]."""
        b, t, l, c = x.shape
        q = self.to_q(x)
        y = self._one(q.reshape(b, t * l, -1), text, self.to_k, self.to_v).reshape(b * t, l, -1)
        q = q.reshape(b * t, l, -1)
        y = y + self._one(q, image.flatten(0, 1), self.to_k_ip, self.to_v_ip)
        y = y + (torch.tanh(self.beta) + 1) * self._one(q, audio.flatten(0, 1), self.to_k_ap, self.to_v_ap)
        return self.to_out[0](y).reshape(b, t, l, c)


class SpatialTransformer(Transformer):
    """Self-attention within a frame, then the cross-attention above, then GEGLU."""

    def __init__(self, c, heads, head, groups, context):
        super().__init__(c, heads, head, groups, context)
        self.transformer_blocks[0].attn2 = CrossAttention(heads * head, heads, head, context)

    def forward(self, x, cond):
        if self.idle:
            return x
        b, t, h, w, c = x.shape
        blk = self.transformer_blocks[0]
        y = self.proj_in(frame_norm(x, self.norm))
        i = y.shape[-1]
        y = y.reshape(b * t, h * w, i)
        y = (y + blk.attn1(blk.norm1(y))).reshape(b, t, h * w, i)
        y = y + blk.attn2(blk.norm2(y), *cond)
        y = y + blk.ff(blk.norm3(y))
        return x + self.proj_out(y.reshape(b, t, h, w, i))


class UNet(nn.Module):
    """`attn_res` lists the downsampling factors that have transformers; the middle always has one pair."""

    def __init__(self, model_channels=32, channel_mult=(1, 2, 2), num_res_blocks=1, attn_res=(2, 4), head_ch=8, ctx=32,
                 aud=64, groups=4, frame_idx=True):
        super().__init__()
        ch, emb = model_channels, model_channels * 4
        self.ch = ch
        mlp = lambda: nn.Sequential(nn.Linear(ch, emb), nn.SiLU(), nn.Linear(emb, emb))
        self.time_embed, self.fps_embedding = mlp(), mlp()
        if frame_idx:
            self.frame_idx_embedding = mlp()
        self.audio_proj_2 = nn.Linear(aud, ctx)
        self.init_attn = nn.ModuleList([Transformer(ch, 8, head_ch, groups, conv1d=True)])
        pair = lambda c: [SpatialTransformer(c, c // head_ch, head_ch, groups, ctx), Transformer(c, c // head_ch, head_ch, groups)]
        self.input_blocks = nn.ModuleList([nn.ModuleList([nn.Conv2d(8, ch, 3, padding=1)])])
        skips, c = [ch], ch
        for i, m in enumerate(channel_mult):
            for _ in range(num_res_blocks):
                self.input_blocks.append(nn.ModuleList([ResBlock(c, ch * m, emb, groups)] + (pair(ch * m) if 2 ** i in attn_res else [])))
                c = ch * m
                skips.append(c)
            if i < len(channel_mult) - 1:
                self.input_blocks.append(nn.ModuleList([Resample(c, False)]))
                skips.append(c)
        self.middle_block = nn.ModuleList([ResBlock(c, c, emb, groups), *pair(c), ResBlock(c, c, emb, groups)])
        self.output_blocks = nn.ModuleList()
        for i in reversed(range(len(channel_mult))):
            for j in range(num_res_blocks + 1):
                co = ch * channel_mult[i]
                mods = [ResBlock(c + skips.pop(), co, emb, groups)] + (pair(co) if 2 ** i in attn_res else [])
                if i and j == num_res_blocks:
                    mods.append(Resample(co, True))
                self.output_blocks.append(nn.ModuleList(mods))
                c = co
        self.out = nn.Sequential(nn.GroupNorm(groups, c), nn.SiLU(), nn.Conv2d(c, 4, 3, padding=1))
        nn.init.zeros_(self.out[2].weight)
        nn.init.zeros_(self.out[2].bias)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                m.to(memory_format=torch.channels_last)

    def forward(self, x, concat, t, text, image, audio, fs, frame_idx=None):
        """x, concat [B, 4, T, H, W]; t, fs [B]; text [B, 77, K]; image [B, T, 16, K]; audio [B, T, 12, A]; frame_idx [B, T] or None."""
        b, frames = x.shape[0], x.shape[2]
        emb = (self.time_embed(sinusoid(t, self.ch)) + self.fps_embedding(sinusoid(fs, self.ch)))[:, None].expand(b, frames, -1)
        if frame_idx is not None:
            emb = emb + self.frame_idx_embedding(sinusoid(frame_idx.reshape(-1), self.ch)).reshape(b, frames, -1)
        cond = (text, image, F.normalize(self.audio_proj_2(audio).float(), dim=-1, eps=1e-12))
        h = torch.cat([x, concat], 1).permute(0, 2, 3, 4, 1).contiguous()
        skips = []

        def run(mods, h):
            for m in mods:
                if isinstance(m, ResBlock):
                    h = m(h, emb)
                elif isinstance(m, Transformer):
                    h = m(h, cond)
                else:
                    h = frame_conv(h, m) if isinstance(m, nn.Conv2d) else m(h)
            return h

        for i, mods in enumerate(self.input_blocks):
            h = run(mods, h)
            if i == 0:
                h = self.init_attn[0](h, None)
            skips.append(h)
        h = run(self.middle_block, h)
        for mods in self.output_blocks:
            h = run(mods, torch.cat([h, skips.pop()], -1))
        h = frame_conv(F.silu(frame_norm(h, self.out[0])), self.out[2])
        return h.permute(0, 4, 1, 2, 3)
