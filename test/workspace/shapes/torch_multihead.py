import torch
from torch import nn

x = torch.randn(50, 8, 256)
layer = nn.MultiheadAttention(256, 4)
# Sequence first, unless batch_first says otherwise.
out, _ = layer(x, x, x)

y = torch.randn(8, 50, 256)
memory = torch.randn(8, 70, 256)
other = nn.MultiheadAttention(embed_dim=256, num_heads=8, batch_first=True)
out2, weights = other(y, memory, memory)
