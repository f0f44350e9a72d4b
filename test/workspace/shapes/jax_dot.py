from functools import partial

import jax
import jax.numpy as jnp

attend = partial(jax.nn.dot_product_attention, implementation="xla")
key = jax.random.PRNGKey(0)
q = jax.random.normal(key, (2, 128, 8, 64), dtype=jnp.bfloat16)
k = jax.random.normal(key, (2, 256, 2, 64), dtype=jnp.bfloat16)
v = jnp.ones((2, 256, 2, 64), dtype=jnp.bfloat16)
out = attend(q, k, v, is_causal=True)
single = jax.nn.dot_product_attention(jnp.zeros((32, 4, 16)), jnp.zeros((48, 4, 16)), jnp.zeros((48, 4, 16)))
