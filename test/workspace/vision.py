"""A vision transformer: most four-number tuples in here are images, and only some are attention shapes."""

import torch
from torch import nn

image = torch.randn(8, 3, 224, 224)
patches = nn.Conv2d(3, 768, kernel_size=16, stride=16)(image)  # (8, 768, 14, 14)

tokens = patches.flatten(2).transpose(1, 2)
tokens = torch.cat([torch.zeros(8, 1, 768), tokens], dim=1)

qkv = nn.Linear(768, 3 * 768)(tokens)
q, k, v = qkv.chunk(3, dim=-1)
q = q.view(8, 197, 12, 64).transpose(1, 2)
assert q.shape == (8, 12, 197, 64)

mask = torch.zeros(
    8,  # batch
    12,  # heads
    197,  # one class token and 14 * 14 patches
    64,
    dtype=torch.float32,
)

# The text tower of a small CLIP: one prompt of 77 tokens for each of two images.
text = torch.randn(2, 8, 77, 64)
