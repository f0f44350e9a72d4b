import torch.nn.functional as F


def attend(q, k, v):
    """Attention over one layer.

    Args:
        q: (batch, heads, queries, width)
        k: (batch, kv_heads, keys, width)
        v: (batch, kv_heads, keys, width)
    """
    return F.scaled_dot_product_attention(q, k, v, enable_gqa=True)
