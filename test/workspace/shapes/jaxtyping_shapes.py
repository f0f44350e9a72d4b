import torch.nn.functional as F
from jaxtyping import BFloat16
from torch import Tensor


def attend(
    q: BFloat16[Tensor, "batch 16 seq 128"],
    k: BFloat16[Tensor, "batch 16 cache 128"],
    v: BFloat16[Tensor, "batch 16 cache 128"],
):
    return F.scaled_dot_product_attention(q, k, v)
