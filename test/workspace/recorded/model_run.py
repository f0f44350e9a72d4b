"""A small program whose attention calls "Attention: Record Shapes of a Run" can record on a CPU."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.functional import scaled_dot_product_attention


def grouped_query(tokens):
    q = torch.randn(2, 8, tokens, 32)
    k = torch.randn(2, 2, tokens, 32)
    v = torch.randn(2, 2, tokens, 32)
    return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(64, 4, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]


def main():
    for tokens in (16, 16, 24):
        grouped_query(tokens)
    q = torch.randn(1, 4, 10, 16, dtype=torch.bfloat16)
    context = torch.randn(1, 4, 77, 16, dtype=torch.bfloat16)
    for _ in range(5):
        scaled_dot_product_attention(q, context, context)
    block = Block()
    for _ in range(2):
        block(torch.randn(3, 20, 64))


if __name__ == "__main__":
    main()
