import { checkShape, type Shape } from '../attention/shape.ts';

/** How sure the text itself is that four sizes are an attention shape. */
export type Setting =
  /** Sizes with names: `h=16 n=4096 d=64`. The writer said what they are. */
  | 'named'
  /** The sizes of a tensor that is made or viewed: `torch.randn(8, 16, 4096, 64)`. */
  | 'tensor'
  /** A tuple, a list or `8x16x4096x64`, which might be anything. */
  | 'bare';

/** Heads that no published attention layer exceeds; more means that the sizes stand in another order. */
const mostHeads = 256;

const attentionWords =
  /(?:^|[^A-Za-z0-9])(?:q|qkv|kv|query|queries|heads?|attn|attention|sdpa|flash)(?![A-Za-z0-9])/i;

/** Whether the text around a shape speaks of attention, by a word such as `query`, `qkv` or `attention`. */
export function speaksOfAttention(surroundings: string): boolean {
  return attentionWords.test(surroundings);
}

/**
 * Whether sizes are claimed as (batch, heads, sequence, head dim). A wrong claim is worse than none, so sizes
 * without names are refused where they read as well or better as something else:
 *
 * - more than 256 heads, or more heads than positions (sequence > 1): (batch, sequence, heads, head dim)
 * - 1 or 3 heads with sides within 5:2 of each other, or equal sides: channels x height x width
 * - heads equal to sequence: batch x height x width x channels
 * - head dims below 8; for bare tuples also those below 16 or not a multiple of 8: indices, kernels, versions
 * - bare tuples that grow all the way: a sweep or the widths of a network
 *
 * The second, third and fourth are lifted where the words around the shape speak of attention.
 */
export function isPlausible(shape: Shape, setting: Setting, aboutAttention: boolean): boolean {
  if (!checkShape(shape).ok) return false;
  if (setting === 'named') return true;
  const { batch, heads, seqLenQ, headDim } = shape;
  if (heads > mostHeads || (heads > seqLenQ && seqLenQ > 1)) return false;
  if (setting === 'bare' && batch < heads && heads < seqLenQ && seqLenQ < headDim) return false;
  if (aboutAttention) return true;
  if (seqLenQ === headDim || heads === seqLenQ) return false;
  if ((heads === 1 || heads === 3) && withinFiveToTwo(seqLenQ, headDim)) return false;
  return setting === 'bare' ? headDim >= 16 && headDim % 8 === 0 : headDim >= 8;
}

function withinFiveToTwo(a: number, b: number): boolean {
  return Math.max(a, b) * 2 <= Math.min(a, b) * 5;
}
