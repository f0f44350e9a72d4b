import torch
from flash_attn import flash_attn_with_kvcache


def decode_one():
    B, capacity, heads, width = 4, 2048, 16, 128
    q = torch.randn(B, 1, heads, width, dtype=torch.bfloat16)
    new_k = torch.randn(B, 1, heads, width, dtype=torch.bfloat16)
    new_v = torch.randn(B, 1, heads, width, dtype=torch.bfloat16)
    k_cache = torch.zeros(B, capacity, heads, width, dtype=torch.bfloat16)
    v_cache = torch.zeros(B, capacity, heads, width, dtype=torch.bfloat16)
    lengths = torch.full((B,), 511, dtype=torch.int32)
    # 512 keys are attended to, however many the cache could hold.
    return flash_attn_with_kvcache(q, k_cache, v_cache, k=new_k, v=new_v, cache_seqlens=lengths, causal=True)
