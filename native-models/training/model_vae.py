"""AutoencoderKL with the official (Stable Diffusion 1.x) key names; see the specification's section on the VAE.

Images are [N, 3, H, W] in -1..1, latents [N, 4, H/8, W/8].  The encoder may be narrower than the decoder: only the
decoder and `post_quant_conv` are shipped.  GroupNorm eps is 1e-6, the number of groups is a setting.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F


class ResnetBlock(nn.Module):
    def __init__(self, cin, cout, groups):
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(groups, cin, 1e-6), nn.Conv2d(cin, cout, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(groups, cout, 1e-6), nn.Conv2d(cout, cout, 3, padding=1)
        if cin != cout:
            self.nin_shortcut = nn.Conv2d(cin, cout, 1)

    def forward(self, x):
        h = self.conv2(F.silu(self.norm2(self.conv1(F.silu(self.norm1(x))))))
        return h + (self.nin_shortcut(x) if hasattr(self, 'nin_shortcut') else x)


class AttnBlock(nn.Module):
    """Single-head attention over all H*W positions, scale C^-0.5."""

    def __init__(self, c, groups):
        super().__init__()
        self.norm = nn.GroupNorm(groups, c, 1e-6)
        self.q, self.k, self.v, self.proj_out = (nn.Conv2d(c, c, 1) for _ in range(4))

    def forward(self, x):
        n, c, h, w = x.shape
        y = self.norm(x)
        q, k, v = (m(y).flatten(2).transpose(1, 2) for m in (self.q, self.k, self.v))
        a = torch.softmax(q @ k.transpose(1, 2) * c ** -0.5, -1) @ v
        return x + self.proj_out(a.transpose(1, 2).reshape(n, c, h, w))


class Sample(nn.Module):
    """Up (nearest x2, conv) or down (asymmetric zero padding, conv stride 2)."""

    def __init__(self, c, up):
        super().__init__()
        self.up = up
        self.conv = nn.Conv2d(c, c, 3, padding=1) if up else nn.Conv2d(c, c, 3, stride=2)

    def forward(self, x):
        if self.up:
            return self.conv(F.interpolate(x, scale_factor=2.0, mode='nearest'))
        return self.conv(F.pad(x, (0, 1, 0, 1)))


def _level(blocks, sample_name=None, sample=None):
    m = nn.Module()
    m.block, m.attn = nn.ModuleList(blocks), nn.ModuleList()
    if sample is not None:
        setattr(m, sample_name, sample)
    return m


def _mid(c, groups):
    m = nn.Module()
    m.block_1, m.attn_1, m.block_2 = ResnetBlock(c, c, groups), AttnBlock(c, groups), ResnetBlock(c, c, groups)
    return m


class Encoder(nn.Module):
    def __init__(self, ch, mult, nres, groups, z=4):
        super().__init__()
        self.conv_in = nn.Conv2d(3, ch, 3, padding=1)
        self.down, c = nn.ModuleList(), ch
        for i, m in enumerate(mult):
            blocks = []
            for _ in range(nres):
                blocks.append(ResnetBlock(c, ch * m, groups))
                c = ch * m
            self.down.append(_level(blocks, 'downsample', Sample(c, False) if i < len(mult) - 1 else None))
        self.mid = _mid(c, groups)
        self.norm_out, self.conv_out = nn.GroupNorm(groups, c, 1e-6), nn.Conv2d(c, 2 * z, 3, padding=1)

    def forward(self, x):
        h = self.conv_in(x)
        for lev in self.down:
            for b in lev.block:
                h = b(h)
            if hasattr(lev, 'downsample'):
                h = lev.downsample(h)
        h = self.mid.block_2(self.mid.attn_1(self.mid.block_1(h)))
        return self.conv_out(F.silu(self.norm_out(h)))


class Decoder(nn.Module):
    def __init__(self, ch, mult, nres, groups, z=4):
        super().__init__()
        c = ch * mult[-1]
        self.conv_in, self.mid = nn.Conv2d(z, c, 3, padding=1), _mid(c, groups)
        ups = []
        for i in reversed(range(len(mult))):
            blocks = []
            for _ in range(nres + 1):
                blocks.append(ResnetBlock(c, ch * mult[i], groups))
                c = ch * mult[i]
            ups.insert(0, _level(blocks, 'upsample', Sample(c, True) if i > 0 else None))
        self.up = nn.ModuleList(ups)
        self.norm_out, self.conv_out = nn.GroupNorm(groups, c, 1e-6), nn.Conv2d(c, 3, 3, padding=1)

    def forward(self, z):
        h = self.conv_in(z)
        h = self.mid.block_2(self.mid.attn_1(self.mid.block_1(h)))
        for lev in reversed(self.up):
            for b in lev.block:
                h = b(h)
            if hasattr(lev, 'upsample'):
                h = lev.upsample(h)
        return self.conv_out(F.silu(self.norm_out(h)))


class AutoencoderKL(nn.Module):
    def __init__(self, ch=24, mult=(1, 2, 4, 4), nres=1, groups=1, encoder_ch=16, with_encoder=True):
        super().__init__()
        if with_encoder:
            self.encoder = Encoder(encoder_ch, mult, 1, groups)
            self.quant_conv = nn.Conv2d(8, 8, 1)
        self.decoder = Decoder(ch, mult, nres, groups)
        self.post_quant_conv = nn.Conv2d(4, 4, 1)

    def moments(self, x):
        """Mean and log-variance of the latent, each [N, 4, H/8, W/8]."""
        mean, logvar = self.quant_conv(self.encoder(x)).chunk(2, 1)
        return mean, logvar.clamp(-30, 20)

    def decode(self, z):
        """Latent (already divided by scale_factor) to pixels in about -1..1."""
        return self.decoder(self.post_quant_conv(z))
