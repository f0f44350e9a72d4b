import { type ReadSizes, sequenceFirst } from './layouts.ts';
import { isTensor, type ObservedCall, type TensorFacts } from './observedCall.ts';

const unfit: ReadSizes = { error: 'the tensors do not have the sizes that the function takes' };

/** flash-attn: qkv is (batch, seqLen, 3, heads, headDim), kv is (batch, seqLen, 2, kvHeads, headDim). */
export function packedSizes({ tensors: { q, kv, qkv } }: ObservedCall): ReadSizes {
  const split = qkv ? unpack(qkv.shape, 3) : kv && q ? [q.shape, ...(unpack(kv.shape, 2) ?? [])] : null;
  if (split?.length !== 3) return unfit;
  const sizes = sequenceFirst(split[0]!, split[1]!, split[2]!);
  return sizes ? { sizes, notes: [] } : unfit;
}

/** The shapes of the parts that are laid beside each other in the size before the last two. */
function unpack(shape: readonly number[], parts: number): (readonly number[])[] | null {
  if (shape.at(-3) !== parts) return null;
  const part = [...shape.slice(0, -3), ...shape.slice(-2)];
  return Array.from({ length: parts }, () => part);
}

const flashFlags = {
  cuSeqlensQ: 'cu_seqlens_q',
  cuSeqlensK: 'cu_seqlens_k',
  maxSeqlenQ: 'max_seqlen_q',
  maxSeqlenK: 'max_seqlen_k',
};

/**
 * Sequences laid end to end: tensors are (tokens, heads, headDim), `cu_seqlens` has one number more than there
 * are sequences. Their lengths are data and not known; where the tokens are the longest length for each sequence
 * they are all equal, else the sizes are those of the longest, and that is said.
 */
export function varlenSizes(names: readonly [string, string, string] | 'qkv' | 'kv', flagNames = flashFlags) {
  return ({ tensors, flags }: ObservedCall): ReadSizes => {
    const parts = varlenTensors(tensors, names);
    if (parts?.length !== 3 || parts.some((shape) => shape.length !== 3)) return unfit;
    const [q, k, v] = parts as [number[], number[], number[]];
    if (flags.block_table != null)
      return { error: 'keys and values are in pages: their length is not recorded' };
    const cuQ = flags[flagNames.cuSeqlensQ] ?? flags.cu_seqlens;
    const longestQ = flags[flagNames.maxSeqlenQ] ?? flags.max_seqlen;
    const longestKv = flags[flagNames.maxSeqlenK] ?? flags.max_seqlen;
    if (
      !isTensor(cuQ) ||
      cuQ.shape.length !== 1 ||
      typeof longestQ !== 'number' ||
      typeof longestKv !== 'number'
    ) {
      return { error: 'the number of sequences or their longest length is not recorded' };
    }
    const batch = cuQ.shape[0]! - 1;
    const allEqual = q[0] === batch * longestQ && k[0] === batch * longestKv;
    const notes = allEqual
      ? []
      : [
          `${batch} sequences of ${q[0]} queries and ${k[0]} keys in all, taken as if each were as long as the longest`,
        ];
    const [, heads, headDim] = q as [number, number, number];
    return {
      sizes: {
        ...{ batch, heads, kvHeads: k[1]!, seqLenQ: longestQ, seqLenKv: longestKv, headDim, headDimV: v[2]! },
      },
      notes,
    };
  };
}

function varlenTensors(
  tensors: ObservedCall['tensors'],
  names: readonly [string, string, string] | 'qkv' | 'kv',
): (readonly number[])[] | null {
  const shapeOf = (tensor: TensorFacts | undefined) => tensor?.shape ?? [];
  if (names === 'qkv') return unpack(shapeOf(tensors.qkv), 3);
  if (names === 'kv') return [shapeOf(tensors.q), ...(unpack(shapeOf(tensors.kv), 2) ?? [])];
  return names.map((name) => shapeOf(tensors[name]));
}

/**
 * A step of generation: q is (batch, seqLenQ, heads, headDim), the caches (batch, capacity, kvHeads, headDim) or
 * pages (pages, pageSize, kvHeads, headDim) behind a table (batch, pages of an entry). How much of the cache is
 * filled is known where it was given as one number; else the capacity stands for it, and that is said.
 */
export function cachedSizes(table: 'block_table' | 'page_table') {
  return ({ tensors, flags }: ObservedCall): ReadSizes => {
    const { q, k_cache: keys, v_cache: values, k: added } = tensors;
    if (q?.shape.length !== 4 || keys?.shape.length !== 4 || values?.shape.length !== 4) return unfit;
    const [batch, seqLenQ, heads, headDim] = q.shape as [number, number, number, number];
    const [, perEntry, kvHeads] = keys.shape as [number, number, number, number];
    const pages = flags[table];
    if (pages != null && (!isTensor(pages) || pages.shape.length !== 2)) return unfit;
    const capacity = isTensor(pages) ? pages.shape[1]! * perEntry : perEntry;
    const filled = flags.cache_seqlens;
    const isKnown = typeof filled === 'number';
    const seqLenKv = isKnown ? filled + (added?.shape[1] ?? 0) : capacity;
    return {
      sizes: { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV: values.shape[3]! },
      notes: isKnown ? [] : [`the whole capacity of the cache, ${capacity} keys, taken as filled`],
    };
  };
}
