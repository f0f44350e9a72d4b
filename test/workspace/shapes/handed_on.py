import torch
import torch.nn.functional as F
from timing import bench

query = torch.randn(8, 16, 1024, 64, dtype=torch.float16)
key = torch.randn(8, 16, 1024, 64, dtype=torch.float16)
value = torch.randn(8, 16, 1024, 64, dtype=torch.float16)
print(bench(F.scaled_dot_product_attention, query, key, value))
