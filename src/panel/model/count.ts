import type { Count, DocumentTally } from '../../profiler/document/schema.ts';

/** A tally of a document with its counts as big integers. */
export interface BigTally {
  readBytes: bigint;
  writeBytes: bigint;
  loads: bigint;
  stores: bigint;
}

export function bigTally(tally: DocumentTally): BigTally {
  return {
    readBytes: BigInt(tally.readBytes),
    writeBytes: BigInt(tally.writeBytes),
    loads: BigInt(tally.loads),
    stores: BigInt(tally.stores),
  };
}

export function totalBytes(traffic: DocumentTally): bigint {
  return BigInt(traffic.readBytes) + BigInt(traffic.writeBytes);
}

/** A ratio of two integers of any size; null where the divisor is zero. Good to 6 digits. */
export function ratio(numerator: bigint, denominator: bigint): number | null {
  if (denominator === 0n) return null;
  return Number((numerator * 1_000_000n) / denominator) / 1_000_000;
}

export function sumCounts(counts: Iterable<Count>): bigint {
  let sum = 0n;
  for (const count of counts) sum += BigInt(count);
  return sum;
}
