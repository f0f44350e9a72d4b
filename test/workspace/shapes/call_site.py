import torch
import torch.nn.functional as F
from torch import nn


class Heads(nn.Module):
    def __init__(self, width, heads, head_dim=128):
        super().__init__()
        self.heads = heads
        self.head_dim = head_dim
        self.q = nn.Linear(width, heads * head_dim)
        self.k = nn.Linear(width, heads * head_dim)
        self.v = nn.Linear(width, heads * head_dim)

    def forward(self, x):
        B, T, _ = x.size()
        q = self.q(x).view(B, T, self.heads, self.head_dim)
        k = self.k(x).view(B, T, self.heads, self.head_dim)
        v = self.v(x).view(B, T, self.heads, self.head_dim)
        y = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True)
        return y


class Model(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.attention = Heads(width, width // 128)


model = Model(768)
