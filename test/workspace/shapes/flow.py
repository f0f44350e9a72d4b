import torch
import torch.nn.functional as F

heads = 4
a = torch.randn(1, heads, 64, 32)
first = F.scaled_dot_product_attention(a, a, a)
heads = 8
a = torch.randn(1, heads, 128, 32)
second = F.scaled_dot_product_attention(a, a, a)
