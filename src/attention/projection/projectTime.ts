import type { Result } from '../shape.ts';
import { assumptionsOf } from './assumptions.ts';
import type { Machine } from './machine.ts';
import type { ProjectedStage, Projection, StageProjection, TimeLimit } from './projection.ts';
import { type Rates, ratesOf } from './rates.ts';
import type { KernelTraits } from './traits.ts';
import { drawnBandwidth, waveEfficiency } from './waves.ts';

/** One value of each parameter. */
type Chosen = Record<
  'bandwidth' | 'matmul' | 'exponentialOverlap' | 'memoryOverlap' | 'launchSeconds',
  number
>;

const names = ['least', 'typical', 'most'] as const;
type Name = (typeof names)[number];
const opposite: Record<Name, Name> = { least: 'most', typical: 'typical', most: 'least' };

/** Parameters of the quickest (`most`), usual or slowest (`least`) case: a launch costs the other way round. */
function choose(traits: KernelTraits, which: Name): Chosen {
  return {
    bandwidth: traits.bandwidthEfficiency[which],
    matmul: traits.matmulEfficiency[which],
    exponentialOverlap: traits.exponentialOverlap[which],
    memoryOverlap: traits.memoryOverlap[which],
    launchSeconds: traits.launchMicroseconds[opposite[which]] * 1e-6,
  };
}

interface Seconds {
  total: number;
  memory: number;
  products: number;
  exponentials: number;
  launch: number;
}

/** Shares of the device that workgroups keep busy: of its arithmetic, and of its bandwidth. */
interface Waves {
  filled: number;
  drawing: number;
}

const allBusy: Waves = { filled: 1, drawing: 1 };

/** Seconds of one stage. */
function secondsOf(stage: ProjectedStage, rates: Rates, chosen: Chosen, waves: Waves): Seconds {
  const { bytes, matmulFlops, exponentials, sharedMemoryBytes = 0n, dispatches } = stage;
  const memory = Number(bytes) / (chosen.bandwidth * rates.bytes) / waves.drawing;
  const feed = rates.sharedMemoryBytes === null ? 0 : Number(sharedMemoryBytes) / rates.sharedMemoryBytes;
  const products = Math.max(Number(matmulFlops) / (chosen.matmul * rates.flops), feed) / waves.filled;
  const taken = rates.exponentials === null ? 0 : Number(exponentials) / rates.exponentials;
  const exposed = ((1 - chosen.exponentialOverlap) * taken) / waves.filled;
  const arithmetic = products + exposed;
  const shorter = Math.min(memory, arithmetic);
  const launch = dispatches * chosen.launchSeconds;
  const total = Math.max(memory, arithmetic) + (1 - chosen.memoryOverlap) * shorter + launch;
  return { total, memory, products, exponentials: exposed, launch };
}

function limitOf({ memory, products, exponentials, launch }: Seconds): TimeLimit {
  const arithmetic = products + exponentials;
  if (launch > Math.max(memory, arithmetic)) return 'launch';
  if (memory >= arithmetic) return 'bandwidth';
  return products >= exponentials ? 'matmul' : 'exponentials';
}

/**
 * Time of a kernel on a machine, milliseconds: the sum over its stages of
 *
 *   max(memory, arithmetic) + (1 - memoryOverlap) min(memory, arithmetic) + dispatches x launch
 *   memory     = bytes / (bandwidthEfficiency x bandwidth) / drawn
 *   arithmetic = (max(FLOPs / (matmulEfficiency x derated peak), shared memory bytes / its rate)
 *                + (1 - exponentialOverlap) x exponentials / (rate x multiprocessors x clock)) / waves
 *
 * with `waves` the efficiency of `waveEfficiency` and `drawn` the share of `drawnBandwidth`. `ms` has the typical parameters, `lowMs` and `highMs` all of
 * the best and all of the worst of the stated ranges. Terms whose rate is not known are left out, which the
 * assumptions say; without a bandwidth, or without any rate of products where there are some, the error names
 * the value that is missing.
 */
export function projectTime(
  stages: readonly ProjectedStage[],
  machine: Machine,
  traits: KernelTraits,
): Result<Projection> {
  const projected: StageProjection[] = [];
  for (const stage of stages) {
    const own = stage.traits ?? traits;
    const needs = { bytes: stage.bytes > 0n, flops: stage.matmulFlops > 0n };
    const rates = ratesOf(machine, own.products, needs);
    if (!rates.ok) return rates;
    projected.push(projectStage(stage, rates.value, own, machine.multiprocessors));
  }
  const sum = (of: (stage: StageProjection) => number) =>
    projected.reduce((all, stage) => all + of(stage), 0);
  return {
    ok: true,
    value: {
      provenance: 'modelled',
      ms: sum(({ ms }) => ms),
      lowMs: sum(({ lowMs }) => lowMs),
      highMs: sum(({ highMs }) => highMs),
      stages: projected,
      assumptions: assumptionsOf(machine, stages, traits),
    },
  };
}

function projectStage(
  stage: ProjectedStage,
  rates: Rates,
  traits: KernelTraits,
  multiprocessors: number | null,
): StageProjection {
  const { workgroups, dispatches, residentPerMultiprocessor: resident } = stage;
  const known = multiprocessors !== null && workgroups > 0 && dispatches > 0;
  const each = workgroups / dispatches;
  const waves = known
    ? {
        filled: waveEfficiency(each, multiprocessors, resident),
        drawing: drawnBandwidth(each, multiprocessors),
      }
    : null;
  const [slow, usual, quick] = names.map((which) =>
    secondsOf(stage, rates, choose(traits, which), waves ?? allBusy),
  ) as [Seconds, Seconds, Seconds];
  return {
    stage: stage.stage,
    ms: usual.total * 1e3,
    lowMs: quick.total * 1e3,
    highMs: slow.total * 1e3,
    limitedBy: limitOf(usual),
    parts: {
      bandwidthMs: usual.memory * 1e3,
      matmulMs: usual.products * 1e3,
      exponentialMs: usual.exponentials * 1e3,
      launchMs: usual.launch * 1e3,
    },
    waveEfficiency: waves?.filled ?? null,
  };
}
