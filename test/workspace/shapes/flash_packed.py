import torch
from flash_attn import flash_attn_kvpacked_func
from flash_attn import flash_attn_qkvpacked_func as flash_attn_func

qkv = torch.randn(3, 256, 3, 6, 96, device="cuda", dtype=torch.bfloat16)
# Looks like three tensors by its name, and is one.
one = flash_attn_func(qkv, causal=True)

q = torch.randn(3, 128, 6, 64, device="cuda", dtype=torch.bfloat16)
kv = torch.randn(3, 512, 2, 2, 64, device="cuda", dtype=torch.bfloat16)
two = flash_attn_kvpacked_func(q, kv, window_size=(127, 0))
