import type { Shape } from '../../attention/shape.ts';

/** Sizes of a call as its tensors give them; not yet checked. */
export type Sizes = Shape;

/** Sizes of a call and what was assumed to get them, or why they cannot be told. */
export type ReadSizes = { sizes: Sizes; notes: string[] } | { error: string };

/** Null where the ranks are none that the function takes. */
export type LayoutReader = (q: readonly number[], k: readonly number[], v: readonly number[]) => Sizes | null;

/**
 * PyTorch's order: (..., heads, seqLen, headDim). Three sizes are (batch, seqLen, headDim) with one head, two are
 * (seqLen, headDim). Leading sizes beyond four count as batch; sizes of 1 are broadcast.
 */
export const headsFirst: LayoutReader = (q, k, v) => {
  if (Math.min(q.length, k.length, v.length) < 2) return null;
  const [one, two, three] = [q, k, v].map(leading) as [Leading, Leading, Leading];
  const batch = Math.max(one.batch, two.batch, three.batch);
  const kvHeads = Math.max(two.heads, three.heads);
  if (![one, two, three].every((each) => each.batch === batch || each.batch === 1)) return null;
  if (![two, three].every((each) => each.heads === kvHeads || each.heads === 1)) return null;
  return {
    batch,
    heads: Math.max(one.heads, kvHeads),
    kvHeads,
    seqLenQ: q.at(-2)!,
    seqLenKv: k.at(-2)!,
    headDim: q.at(-1)!,
    headDimV: v.at(-1)!,
  };
};

interface Leading {
  batch: number;
  heads: number;
}

function leading(shape: readonly number[]): Leading {
  const heads = shape.length >= 4 ? shape.at(-3)! : 1;
  const batch = shape.slice(0, shape.length >= 4 ? -3 : -2).reduce((product, size) => product * size, 1);
  return { batch, heads };
}

/** flash-attn's and JAX's order: (batch, seqLen, heads, headDim). Three sizes are one batch entry. */
export const sequenceFirst: LayoutReader = (q, k, v) => {
  const [one, two, three] = [q, k, v].map((shape) => (shape.length === 3 ? [1, ...shape] : shape));
  if (one!.length !== 4 || two!.length !== 4 || three!.length !== 4) return null;
  const [batch, seqLenQ, heads, headDim] = one as [number, number, number, number];
  const [, seqLenKv, kvHeads] = two as [number, number, number, number];
  if (two![0] !== batch || three![0] !== batch || three![1] !== seqLenKv || three![2] !== kvHeads)
    return null;
  return { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV: three![3]! };
};

/**
 * xFormers: (batch, seqLen, heads, headDim); five sizes are (batch, seqLen, groups, heads of a group, headDim) with
 * keys shared inside a group; three are (batch x heads, seqLen, headDim).
 */
export const memoryEfficient: LayoutReader = (q, k, v) => {
  if (q.length !== k.length || q.length !== v.length) return null;
  if (q.length === 4) return sequenceFirst(q, k, v);
  if (q.length === 3) return headsFirst(q, k, v);
  if (q.length !== 5) return null;
  const [batch, seqLenQ, groups, perGroup, headDim] = q as [number, number, number, number, number];
  return {
    batch,
    heads: groups * perGroup,
    kvHeads: groups,
    seqLenQ,
    seqLenKv: k[1]!,
    headDim,
    headDimV: v[4]!,
  };
};

/** Sizes of the tensors of nn.MultiheadAttention, whose last size is that of all heads together. */
export function embedded(
  q: readonly number[],
  k: readonly number[],
  heads: number,
  order: 'batch-first' | 'sequence-first',
): Sizes | null {
  const unbatched = q.length === 2 && k.length === 2;
  if (!unbatched && (q.length !== 3 || k.length !== 3)) return null;
  const [atSequence, atBatch] = order === 'batch-first' ? [1, 0] : [0, 1];
  const embedDim = q.at(-1)!;
  if (!Number.isSafeInteger(heads) || heads < 1 || embedDim % heads !== 0) return null;
  const headDim = embedDim / heads;
  return {
    batch: unbatched ? 1 : q[atBatch]!,
    heads,
    kvHeads: heads,
    seqLenQ: unbatched ? q[0]! : q[atSequence]!,
    seqLenKv: unbatched ? k[0]! : k[atSequence]!,
    headDim,
    headDimV: headDim,
  };
}
