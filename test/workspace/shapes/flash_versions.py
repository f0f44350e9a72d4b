import torch
from flash_attn import flash_attn_func as second
from flash_attn_interface import flash_attn_func as third

q = torch.randn(2, 1024, 32, 128, dtype=torch.float16, device="cuda")
k = torch.randn(2, 1024, 8, 128, dtype=torch.float16, device="cuda")
v = torch.randn(2, 1024, 8, 128, dtype=torch.float16, device="cuda")

# The fourth argument is the dropout rate here ...
a = second(q, k, v, 0.25, causal=True)
# ... and the scale there.
b = third(q, k, v, 0.25, True)
