import pytest
import torch
from flash_attn import flash_attn_func


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("seqlen", [97, 128, 1024])
@pytest.mark.parametrize("causal", [False, True])
def test_forward(seqlen, causal, dtype):
    batch_size = 4
    nheads = 9
    q = torch.randn(batch_size, seqlen, nheads, 64, dtype=dtype)
    k = torch.randn(batch_size, seqlen, nheads, 64, dtype=dtype)
    v = torch.randn(batch_size, seqlen, nheads, 64, dtype=dtype)
    flash_attn_func(q, k, v, 0.0, causal=causal)
