import torch
import torch.nn.functional as F

qkv = [torch.randn(2, 4, 32, 16) for _ in range(3)]
a = F.scaled_dot_product_attention(*[torch.zeros(2, 4, 32, 16) for _ in (0, 1, 2)], is_causal=True)
options = {"query": torch.ones(1, 2, 8, 16), "key": torch.ones(1, 2, 8, 16), "value": torch.ones(1, 2, 8, 16)}
b = F.scaled_dot_product_attention(**options)
