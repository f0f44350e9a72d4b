import type { DeviceLimits } from './limits.ts';
import type { Shape } from './shape.ts';

/** Bytes of one head's rows of a tensor, f32. */
export interface HeadBytes {
  q: number;
  k: number;
  v: number;
  o: number;
  /** Scratch that every head of a slice needs, in one buffer: a score matrix, for instance. */
  scratch: number;
}

/**
 * How many heads (of batch x heads) one dispatch can take: every binding must stay under the device's
 * binding limit, and a scratch buffer under a quarter of the largest buffer, so that two of them still
 * leave memory for the rest. 0 where one head alone does not fit; with `wholeGroups` a slice takes all query
 * heads of its K/V heads, and 0 is where one group does not fit.
 */
export function headsPerSlice(
  shape: Shape,
  limits: DeviceLimits,
  bytes: HeadBytes,
  wholeGroups = false,
): number {
  const allHeads = shape.batch * shape.heads;
  const alignment = limits.minStorageBufferOffsetAlignment;
  const binding = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
  const group = shape.heads / shape.kvHeads;
  const unit = wholeGroups ? group : 1;
  const fits = (heads: number) => {
    // A slice that does not begin at the buffer's start is bound from the aligned offset before it.
    const slack = heads === allHeads ? 0 : alignment;
    const kvHeads = Math.min(shape.batch * shape.kvHeads, Math.ceil(heads / group) + (wholeGroups ? 0 : 1));
    const widest = Math.max(heads * Math.max(bytes.q, bytes.o), kvHeads * Math.max(bytes.k, bytes.v));
    const scratch = heads * bytes.scratch;
    return (
      widest + slack <= binding &&
      scratch <= binding &&
      (heads === unit || scratch <= limits.maxBufferSize / 4)
    );
  };
  if (fits(allHeads)) return allHeads;
  let low = 0;
  let high = allHeads / unit;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle * unit)) low = middle;
    else high = middle;
  }
  return low * unit;
}
