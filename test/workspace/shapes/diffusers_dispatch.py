import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn

states = torch.randn(2, 4608, 24 * 128, dtype=torch.bfloat16)
q = states.unflatten(-1, (24, -1))
out = dispatch_attention_fn(q, q, q, attn_mask=None)
