import { nn, numpy as np, random } from '@jax-js/jax';

const batch = 2;
const numHeads = 8;
const kvHeads: number = numHeads / 4;

export function grouped(key: np.Array): np.Array {
  const seqLen = 4 * 128;
  const q = random.normal(key, [batch, seqLen, numHeads, 64]);
  const k = np.zeros([batch, seqLen * 2, kvHeads, 64]);
  const v = np.zeros([batch, seqLen * 2, kvHeads, 64]);
  return nn.dotProductAttention(q, k.ref, v, { isCausal: true });
}

export function single(x: np.Array, mask: np.Array): np.Array {
  const [length, width] = x.shape;
  const headDim = width / numHeads;
  const q = x.ref.reshape([length, numHeads, headDim]);
  return nn.dotProductAttention(q, q.ref, q.ref, { mask });
}
