import { algorithmPass, type CatalogueRow, chooseTiling } from '../catalogue.ts';
import type { DeviceLimits } from '../limits.ts';
import type { Pass, Problem } from '../problem.ts';
import { checkShape, maxSeqLen, type Result } from '../shape.ts';
import { unsupported } from '../support.ts';
import type { Tiling } from '../tiling.ts';

/**
 * The longest sequence for which `bytesAt` is at most `memoryBytes`, up to `most` (at least 1); 0 where not even one token
 * fits. Exact where `bytesAt` never falls from one length to the next: doubles, then halves.
 */
export function longestSequence(
  memoryBytes: number,
  bytesAt: (seqLen: number) => number,
  most: number = maxSeqLen,
): number {
  const fits = (seqLen: number) => bytesAt(seqLen) <= memoryBytes;
  if (fits(most)) return most;
  let fitting = 0;
  let failing = 1;
  while (failing <= most && fits(failing)) {
    fitting = failing;
    failing *= 2;
  }
  failing = Math.min(failing, most + 1);
  while (failing - fitting > 1) {
    const middle = fitting + Math.floor((failing - fitting) / 2);
    if (fits(middle)) fitting = middle;
    else failing = middle;
  }
  return fitting;
}

export interface LongestRun {
  provenance: 'exact';
  /** 0 where not even one token fits. */
  seqLen: number;
  /** Peak bytes at that length; 0 for a length of 0. */
  bytes: number;
  /** What a longer sequence would meet first: the memory, the device's bindings, or the largest shape there is. */
  limitedBy: 'memory' | 'device' | 'shape';
}

/**
 * The longest sequence that one of our own algorithms runs in `memoryBytes`, with the tiling and the slices of
 * heads that it chooses for `limits`. Queries and keys have that length, or with `grow: 'keys'` the keys alone
 * (decoding against a cache). Masks are left out, for no plan's memory depends on them, but that of block
 * masks, which is an error. So are `lengths` and `packed`, which belong to one length. Exact, though memory
 * may fall where a longer sequence is cut into more slices.
 */
export function longestRun(
  row: CatalogueRow,
  problem: Problem,
  limits: DeviceLimits,
  memoryBytes: number,
  { pass = 'forward', grow = 'both' }: { pass?: Pass; grow?: 'both' | 'keys' } = {},
): Result<LongestRun> {
  if (problem.blockMask) {
    return { ok: false, error: `${row.id}: its list of blocks is another for every length; leave it out` };
  }
  const reason = unsupported(row, problem, pass);
  if (reason !== null) return { ok: false, error: reason };
  const at = (seqLen: number): Problem => {
    const seqLenQ = grow === 'both' ? seqLen : problem.seqLenQ;
    const ringDevices = problem.ringDevices && Math.min(problem.ringDevices, seqLenQ, seqLen);
    const unmasked = { causal: false, window: null, lengths: null, packed: null } as const;
    return { ...problem, ...unmasked, seqLenQ, seqLenKv: seqLen, ringDevices };
  };
  const { cost } = algorithmPass(row, pass);
  const bytesAt = (seqLen: number, tiling: Tiling) => cost(at(seqLen), tiling).memory.peakBytes;
  const tilingAt = (seqLen: number): Tiling | null => {
    const tiling = chooseTiling(row, at(seqLen), limits, {}, pass);
    return tiling.ok && tiling.value.headsPerSlice > 0 ? tiling.value : null;
  };
  const inShape = longestSequence(0, (seqLen) => (checkShape(at(seqLen)).ok ? 0 : 1));
  const inDevice = longestSequence(0, (seqLen) => (tilingAt(seqLen) ? 0 : 1), inShape);
  // Head by head and without splits no length needs more than a longer one: nothing beyond fits.
  const least = (seqLen: number) => bytesAt(seqLen, { ...tilingAt(seqLen)!, splits: 1, headsPerSlice: 1 });
  const top = longestSequence(memoryBytes, least, inDevice);
  // Tiles of short sequences are smaller, whatever that does to the memory.
  let seqLen = Math.min(inDevice, Math.max(top, shortSequence));
  const longestWith = new Map<string, number>();
  for (; seqLen > 0; seqLen--) {
    const tiling = tilingAt(seqLen)!;
    const key = Object.values(tiling).join();
    let longest = longestWith.get(key);
    if (longest === undefined) {
      longest = longestSequence(memoryBytes, (length) => bytesAt(length, tiling), seqLen);
      longestWith.set(key, longest);
    }
    if (seqLen <= longest) break;
  }
  const limitedBy = seqLen < inDevice ? 'memory' : inDevice < inShape ? 'device' : 'shape';
  const bytes = seqLen > 0 ? bytesAt(seqLen, tilingAt(seqLen)!) : 0;
  return { ok: true, value: { provenance: 'exact', seqLen, bytes, limitedBy } };
}

/** From here on the tiles are as large as the device takes. */
const shortSequence = 256;
