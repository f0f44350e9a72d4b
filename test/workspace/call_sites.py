"""Attention calls whose sizes are partly names. Hover a call, or read the line above it."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class Decoder(nn.Module):
    def __init__(self, width: int = 512, heads: int = 8):
        super().__init__()
        self.heads = heads
        self.width = width
        self.qkv = nn.Linear(width, 3 * width)

    def forward(self, x):
        rows, tokens, width = x.shape
        q, k, v = self.qkv(x).split(self.width, dim=2)
        q = q.view(rows, tokens, self.heads, width // self.heads).transpose(1, 2)
        k = k.view(rows, tokens, self.heads, width // self.heads).transpose(1, 2)
        v = v.view(rows, tokens, self.heads, width // self.heads).transpose(1, 2)
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def a_book_at_once():
    """Written out, the scores of this call alone take more memory than a GPU has."""
    q = torch.empty(1, 32, 262_144, 128, dtype=torch.float16, device="meta")
    k = torch.empty(1, 8, 262_144, 128, dtype=torch.float16, device="meta")
    return F.scaled_dot_product_attention(q, k, k, enable_gqa=True)
