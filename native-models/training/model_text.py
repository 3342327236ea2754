"""The CLIP text tower in OpenCLIP's key layout (`cond_stage_model.model.*`), penultimate output.

The tower is built with `layers` blocks and runs layers-1 of them (with a causal mask), then `ln_final` on all 77 rows.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Attn(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.randn(3 * width, width) * width ** -0.5)
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = F.linear(x, self.in_proj_weight, self.in_proj_bias).reshape(b, n, 3, self.heads, -1).unbind(2)
        y = F.scaled_dot_product_attention(*(a.transpose(1, 2) for a in (q, k, v)), is_causal=True)
        return self.out_proj(y.transpose(1, 2).reshape(b, n, d))


class TextBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.ln_1, self.attn, self.ln_2 = nn.LayerNorm(width), Attn(width, heads), nn.LayerNorm(width)
        self.mlp = nn.Module()
        self.mlp.c_fc, self.mlp.c_proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp.c_proj(F.gelu(self.mlp.c_fc(self.ln_2(x))))


class TextTower(nn.Module):
    def __init__(self, width=64, heads=4, layers=4, vocab=49408, length=77):
        super().__init__()
        self.token_embedding = nn.Embedding(vocab, width)
        self.positional_embedding = nn.Parameter(torch.randn(length, width) * 0.02)
        nn.init.normal_(self.token_embedding.weight, std=0.05)
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.ModuleList([TextBlock(width, heads) for _ in range(layers)])
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.zeros(width, width))
        self.logit_scale = nn.Parameter(torch.zeros(()))

    def forward(self, ids):
        """Token ids [B, 77] -> context [B, 77, width]."""
        x = self.token_embedding(ids) + self.positional_embedding
        for block in self.transformer.resblocks[:-1]:
            x = block(x)
        return self.ln_final(x)
