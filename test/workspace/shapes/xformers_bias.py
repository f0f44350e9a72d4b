import torch
import xformers.ops as xops

q = torch.randn(2, 640, 12, 64, dtype=torch.float16)
k = torch.randn(2, 640, 12, 64, dtype=torch.float16)
v = torch.randn(2, 640, 12, 64, dtype=torch.float16)
plain = xops.memory_efficient_attention(q, k, v)
masked = xops.memory_efficient_attention(q, k, v, attn_bias=xops.LowerTriangularMask())
grouped = xops.memory_efficient_attention(
    torch.randn(2, 640, 4, 3, 64), torch.randn(2, 640, 4, 3, 64), torch.randn(2, 640, 4, 3, 64)
)
