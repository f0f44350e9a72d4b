"""Long sequences: here the N x N matrices of standard attention meet the limits of a device."""

import torch

SEQ = 64 * 1024

# The scores of one head alone take 17 GB in f32: (1, 64, 65536, 64)
prompt = torch.empty(1, 64, 64 * 1024, 64, device="meta")

# One new token looks back at all of them.
decode = torch.empty(1, 64, 1, 64, device="meta")

lengths = [512, 1024, 2048, 4096, 8192, 16384]
