import jax
import jax.numpy as jnp


def attend(query, key, value):
    logits = jnp.einsum("BTNH,BSNH->BNTS", query, key)
    weights = jax.nn.softmax(logits, axis=-1)
    return jnp.einsum("BNTS,BSNH->BTNH", weights, value)
