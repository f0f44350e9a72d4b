import { addTally, emptyTally, type StageTraffic, type Tally, type Traffic } from '../traffic.ts';
import type { Account } from './tally.ts';

/**
 * Stages and buffers of the exact traffic with the bytes that a replay moved. `sampled`: the replay was of some
 * heads, and the share of their bytes is taken of all.
 */
export function modelledTraffic(
  exact: Traffic,
  accounts: readonly Account[],
  sampled: boolean,
): Traffic<'modelled'> {
  const found = new Map(accounts.map((account) => [`${account.stage} ${account.buffer}`, account]));
  const total: Traffic<'modelled'> = { provenance: 'modelled', ...emptyTally(), buffers: {}, stages: [] };
  for (const { name, buffers } of exact.stages) {
    const stage: StageTraffic = { name, ...emptyTally(), buffers: {} };
    for (const [buffer, issued] of Object.entries(buffers)) {
      const tally = movedTally(issued, found.get(`${name} ${buffer}`), sampled);
      stage.buffers[buffer] = tally;
      total.buffers[buffer] ??= emptyTally();
      for (const sum of [stage, total, total.buffers[buffer]!]) addTally(sum, tally);
    }
    total.stages.push(stage);
  }
  return total;
}

function movedTally(issued: Tally, account: Account | undefined, sampled: boolean): Tally {
  const bytes = (kind: 'load' | 'store', whole: bigint) => {
    if (!sampled) return account?.moved[kind] ?? 0n;
    // What the sample never met is taken to miss.
    if (!account || account.issued[kind] === 0n) return whole;
    return (whole * account.moved[kind]) / account.issued[kind];
  };
  const readBytes = bytes('load', issued.readBytes);
  const writeBytes = bytes('store', issued.writeBytes);
  return {
    ...{ readBytes, writeBytes },
    loads: inProportion(issued.loads, readBytes, issued.readBytes),
    stores: inProportion(issued.stores, writeBytes, issued.writeBytes),
  };
}

/** `count` accesses move `whole` bytes: how many move `bytes`, rounded up. */
function inProportion(count: bigint, bytes: bigint, whole: bigint): bigint {
  return whole === 0n ? 0n : (count * bytes + whole - 1n) / whole;
}
