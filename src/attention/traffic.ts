import type { Provenance } from './provenance.ts';

/**
 * Accesses to storage buffers. Loads and stores are access expressions executed, whatever their width;
 * bytes are what those accesses moved. Big integers, because a long sequence passes 2^53 bytes.
 */
export interface Tally {
  readBytes: bigint;
  writeBytes: bigint;
  loads: bigint;
  stores: bigint;
}

export interface StageTraffic extends Tally {
  name: string;
  buffers: Record<string, Tally>;
}

/** Traffic of one run, in total, per buffer and per stage. The totals are the sums of their parts. */
export interface Traffic<P extends Provenance = Provenance> extends Tally {
  provenance: P;
  buffers: Record<string, Tally>;
  stages: StageTraffic[];
}

export function emptyTally(): Tally {
  return { readBytes: 0n, writeBytes: 0n, loads: 0n, stores: 0n };
}

export function addTally(into: Tally, other: Tally): void {
  into.readBytes += other.readBytes;
  into.writeBytes += other.writeBytes;
  into.loads += other.loads;
  into.stores += other.stores;
}

/** One row of a traffic account: `elements` accessed in `stage`, moved `width` elements at a time. */
export interface Access {
  stage: string;
  buffer: string;
  kind: 'load' | 'store';
  /** How many access expressions are executed. */
  accesses: bigint;
  /** Bytes moved by each of them. */
  bytesPerAccess: number;
}

/** Sums access rows into totals per buffer and per stage, stages in the order given. */
export function sumTraffic<P extends Provenance>(
  provenance: P,
  stageNames: readonly string[],
  accesses: Iterable<Access>,
): Traffic<P> {
  const stages = new Map<string, StageTraffic>(
    stageNames.map((name) => [name, { name, ...emptyTally(), buffers: {} }]),
  );
  const total: Traffic<P> = { provenance, ...emptyTally(), buffers: {}, stages: [...stages.values()] };
  for (const access of accesses) {
    const stage = stages.get(access.stage);
    if (!stage) throw new Error(`traffic account names an unknown stage: ${access.stage}`);
    const bytes = access.accesses * BigInt(access.bytesPerAccess);
    stage.buffers[access.buffer] ??= emptyTally();
    total.buffers[access.buffer] ??= emptyTally();
    for (const sum of [total, stage, stage.buffers[access.buffer]!, total.buffers[access.buffer]!]) {
      if (access.kind === 'load') {
        sum.loads += access.accesses;
        sum.readBytes += bytes;
      } else {
        sum.stores += access.accesses;
        sum.writeBytes += bytes;
      }
    }
  }
  return total;
}
