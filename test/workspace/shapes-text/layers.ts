import * as tf from '@tensorflow/tfjs';
import { MultiHeadAttention } from './layers';

const keyDim = 64;

export function encoder() {
  const layer = new MultiHeadAttention({ numHeads: 12, keyDim, valueDim: 32 });
  const query = tf.input({ shape: [40, 768] });
  const memory = tf.input({ shape: [20, 768] });
  return layer.apply(query, { value: memory, useCausalMask: true });
}

export class Block {
  attention = new MultiHeadAttention({ embedDim: 512, numHeads: 8 });
}
