import numpy as np
from tensorflow import keras
from tensorflow.keras import layers

target = np.ones((2, 10, 32))
source = np.ones((2, 20, 32))
layer = layers.MultiHeadAttention(num_heads=4, key_dim=16)
# Query, value, key.
out = layer(target, source, source, use_causal_mask=True)
wide = layers.MultiHeadAttention(num_heads=2, key_dim=8, value_dim=24)(query=target, value=source)
