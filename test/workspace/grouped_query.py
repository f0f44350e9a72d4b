"""Grouped-query and cross attention: sizes with names."""

import torch
import torch.nn.functional as F

# Eight query heads share each key head: b=1 h=32 kv=4 n=1024 m=1024 d=128
B, H, N, D = 1, 32, 1024, 128

query = torch.randn(B, H, N, D)
key = torch.randn(B, H // 8, N, D)
value = torch.randn(B, H // 8, N, D)
out = F.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)


def cross_attention(b=2, h=8, n=77, m=1500, d=64):
    """Text looks at audio: fewer queries than keys."""
    q = torch.randn(b, h, n, d)
    k = torch.randn(b, h, m, d)
    v = torch.randn(b, h, m, d)
    return F.scaled_dot_product_attention(q, k, v)


EXPERIMENTS = [
    "b=1 h=8 kv=2 n=333 m=517 d=80",  # nothing here is a multiple of a tile
    "b=4 h=16 n=2048 d=64",
    "2x12x1024x64",
]
