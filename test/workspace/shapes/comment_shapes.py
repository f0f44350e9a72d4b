import torch.nn.functional as F
from project import project


def attend(x):
    q = project(x, "q")  # (B, 16, T, 64)
    k = project(x, "k")  # (B, 16, S, 64)
    v = project(x, "v")  # (B, 16, S, 64)
    return F.scaled_dot_product_attention(q, k, v)
