import argparse

import torch
from sageattention import sageattn

parser = argparse.ArgumentParser()
parser.add_argument("--batch-size", type=int, default=4)
parser.add_argument("--num_heads", type=int, default=32)
parser.add_argument("--causal", action="store_true")
args = parser.parse_args()

for length in [1024, 4096]:
    q = torch.randn(args.batch_size, length, args.num_heads, 128, dtype=torch.float16)
    k = torch.randn(args.batch_size, length, args.num_heads, 128, dtype=torch.float16)
    v = torch.randn(args.batch_size, length, args.num_heads, 128, dtype=torch.float16)
    out = sageattn(q, k, v, tensor_layout="NHD", is_causal=False)
