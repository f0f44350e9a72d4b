import type { Tally } from '../../../src/attention/traffic.ts';
import { countedTraffic } from '../../../src/plans/counting/collect.ts';
import { type InstrumentOptions, instrument } from '../../../src/plans/counting/instrument.ts';
import type { SiteCount } from '../../../src/plans/plan.ts';
import type { Dispatch, TestDevice } from './device.ts';

export interface CountedRun {
  buffers: Record<string, Tally>;
  /** Words of each buffer after the plain and after the counting build, by binding. */
  plain: Map<number, Uint32Array>;
  counting: Map<number, Uint32Array>;
}

/** Runs the plain and the counting build on the same inputs, and sums the counts per buffer. */
export async function runBoth(
  gpu: TestDevice,
  run: Dispatch,
  options: Partial<InstrumentOptions> = {},
): Promise<CountedRun> {
  const counting = instrument(run.wgsl, { entryPoint: run.entryPoint, ...options });
  const totals = new Uint32Array(2 * Math.max(1, counting.sites.length));
  const plainWords = await gpu.dispatch(run);
  const countingWords = await gpu.dispatch({
    ...run,
    wgsl: counting.wgsl,
    buffers: [...run.buffers, { binding: counting.counterBinding, words: totals }],
  });
  const counted = countingWords.get(counting.counterBinding)!;
  countingWords.delete(counting.counterBinding);

  const module = { id: 'kernel', wgsl: run.wgsl, counting, hash: '' };
  const counts: SiteCount[] = counting.sites.map((_, site) => ({
    stage: 'all',
    module: 'kernel',
    site,
    count: String((BigInt(counted[2 * site + 1]!) << 32n) + BigInt(counted[2 * site]!)),
  }));
  const { buffers } = countedTraffic([module], ['all'], counts);
  return { buffers, plain: plainWords, counting: countingWords };
}
