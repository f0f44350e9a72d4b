"""Put the cursor on a shape and run "Attention: Profile Shape at Cursor"."""

import torch
import torch.nn.functional as F

# One layer of a small decoder: (8, 16, 4096, 64)
q = torch.randn(8, 16, 4096, 64)
k = torch.randn(8, 16, 4096, 64)
v = torch.randn(8, 16, 4096, 64)

out = F.scaled_dot_product_attention(q, k, v, is_causal=True)

# A shape that a laptop's software adapter finishes in seconds.
small = torch.randn(1, 4, 256, 64)

# Named, with fewer key heads than query heads: b=1 h=8 kv=2 n=333 m=517 d=80
