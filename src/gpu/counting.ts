import type { PlanBinding, PlanDispatch } from '../plans/plan.ts';
import { bufferUsage } from './constants.ts';
import { GpuError } from './errors.ts';
import { compileAll, type Execution, isNeverCut } from './execution.ts';
import type { LedgerEntry } from './ledger.ts';
import type { SiteCount } from './measurement.ts';
import { readWords } from './readback.ts';
import { runSliced, type SlicedRun } from './runner.ts';
import type { Submitter } from './submitter.ts';

export interface CountingRun {
  run: SlicedRun;
  /** Null where the run did not finish: half a count is no count. */
  counts: SiteCount[] | null;
}

interface Counter {
  stage: string;
  module: string;
  sites: number;
  binding: number;
  entry: LedgerEntry;
}

/** Runs the instrumented build of every module, with a counter buffer for each module and stage. */
export async function countAccesses(
  execution: Execution,
  submitter: Submitter,
  deadline: number,
): Promise<CountingRun> {
  const pipelines = await compileAll(execution, 'counting');
  const counters = await allocateCounters(execution);
  try {
    const run = await runSliced(
      execution,
      submitter,
      {
        variant: 'counting',
        pipelines,
        counters: (dispatch) => {
          const counter = counters.get(counterKey(dispatch));
          return counter ? { binding: counter.binding, buffer: counter.entry.buffer } : null;
        },
      },
      { phase: 'count', deadline },
    );
    if (!run.completed) return { run, counts: null };
    const counts: SiteCount[] = [];
    for (const counter of counters.values()) counts.push(...(await readCounter(execution, counter)));
    return { run, counts };
  } finally {
    for (const { entry } of counters.values()) execution.ledger.release(entry);
  }
}

function counterKey({ stage, module }: PlanDispatch): string {
  return `${stage} ${module}`;
}

async function allocateCounters(execution: Execution): Promise<Map<string, Counter>> {
  const { plan, modules, ledger } = execution;
  const counters = new Map<string, Counter>();
  for (const dispatch of plan.dispatches) {
    const key = counterKey(dispatch);
    const { sites, counterBinding } = modules.get(dispatch.module)!.counting;
    if (counters.has(key) || sites.length === 0) continue;
    const isParameters = counterBinding === 0 && !isNeverCut(dispatch);
    const isTaken = ({ group = 0, binding }: PlanBinding) => group === 0 && binding === counterBinding;
    if (isParameters || dispatch.bindings.some(isTaken)) {
      throw new GpuError(`Module ${dispatch.module} counts into binding ${counterBinding}, which is taken.`);
    }
    // A new buffer is zero by WebGPU's rules.
    const entry = await ledger.allocate(
      'harness',
      `counters of ${key}`,
      sites.length * 8,
      bufferUsage.storage | bufferUsage.copySource,
    );
    const { stage, module } = dispatch;
    counters.set(key, { stage, module, sites: sites.length, binding: counterBinding, entry });
  }
  return counters;
}

async function readCounter(execution: Execution, counter: Counter): Promise<SiteCount[]> {
  const { stage, module, sites, entry } = counter;
  const words = new Uint32Array(sites * 2);
  for await (const chunk of readWords(execution, entry.buffer, entry.bytes))
    words.set(chunk.words, chunk.from);
  return Array.from({ length: sites }, (_, site) => {
    const total = (BigInt(words[site * 2 + 1]!) << 32n) | BigInt(words[site * 2]!);
    return { stage, module, site, count: total.toString() };
  });
}
