import torch
from flash_attn import flash_attn_varlen_func

offsets = torch.tensor([0, 100, 300, 384], dtype=torch.int32, device="cuda")
q = torch.randn(384, 8, 64, device="cuda", dtype=torch.float16)
k, v = [torch.randn(384, 2, 64, device="cuda", dtype=torch.float16) for _ in range(2)]
out = flash_attn_varlen_func(
    q, k, v, offsets, offsets, 200, 200, causal=True,
)
