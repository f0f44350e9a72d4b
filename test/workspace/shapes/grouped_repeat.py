import torch
import torch.nn.functional as F


def repeat_kv(x, times):
    b, heads, length, width = x.shape
    if times == 1:
        return x
    return x[:, :, None, :, :].expand(b, heads, times, length, width).reshape(b, heads * times, length, width)


q = torch.randn(2, 32, 64, 128)
k = repeat_kv(torch.randn(2, 8, 64, 128), 4)
v = torch.randn(2, 8, 64, 128).repeat_interleave(4, dim=1)
out = F.scaled_dot_product_attention(q, k, v, is_causal=True)
