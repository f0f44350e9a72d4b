import jax
import jax.numpy as jnp
from flax import linen as nn
from flax import nnx

inputs = jnp.ones((4, 100, 256))
layer = nn.MultiHeadDotProductAttention(num_heads=8, qkv_features=128)
variables = layer.init(jax.random.key(0), inputs)
out = layer.apply(variables, inputs, inputs, inputs)

attention = nnx.MultiHeadAttention(num_heads=4, in_features=256, decode=False, rngs=nnx.Rngs(0))
out2 = attention(inputs)
