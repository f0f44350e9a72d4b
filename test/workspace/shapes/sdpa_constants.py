import torch
from torch.nn.functional import scaled_dot_product_attention as sdpa

BATCH, HEADS, LENGTH, WIDTH = 2, 12, 1024, 64

query = torch.rand((BATCH, HEADS, LENGTH, WIDTH)).half()
key = torch.rand_like(query)
value = torch.zeros_like(key)
result = sdpa(query, key, value, is_causal=True, dropout_p=0.1, scale=0.125)
