import torch
import torch.nn.functional as F

q = torch.rand(2, 3, 8)
out = F.scaled_dot_product_attention(q, q, q)
