import torch
from torch.nn.attention.flex_attention import flex_attention

flex_attention = torch.compile(flex_attention, dynamic=False)


def run(score_mod):
    q = torch.randn(1, 8, 2048, 64, device="cuda", dtype=torch.float16)
    k = torch.randn(1, 2, 2048, 64, device="cuda", dtype=torch.float16)
    v = torch.randn(1, 2, 2048, 64, device="cuda", dtype=torch.float16)
    return flex_attention(q, k, v, score_mod=score_mod, enable_gqa=True)
