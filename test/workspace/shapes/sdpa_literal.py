import torch
import torch.nn.functional as F

q = torch.randn(4, 16, 512, 64, device="cuda", dtype=torch.bfloat16)
k = torch.randn(4, 16, 768, 64, device="cuda", dtype=torch.bfloat16)
v = torch.randn(4, 16, 768, 32, device="cuda", dtype=torch.bfloat16)
out = F.scaled_dot_product_attention(q, k, v)
