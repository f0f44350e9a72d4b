import { type CatalogueRow, chooseTiling } from '../../attention/catalogue.ts';
import { boundTraffic } from '../../attention/cost/bound.ts';
import { forwardFlops } from '../../attention/cost/flops.ts';
import type { DeviceLimits } from '../../attention/limits.ts';
import { checkOptions } from '../../attention/options.ts';
import type { Dtype, Problem } from '../../attention/problem.ts';
import { unsupported } from '../../attention/support.ts';
import type { Tiling } from '../../attention/tiling.ts';
import { type GroupCache, groupCache } from './kvCache.ts';
import { type LayerProblem, layerProblem, type Phase, storageType } from './problems.ts';
import type { LayerGroup, ModelAttention, Tower } from './types.ts';

export interface ModelCostOptions {
  phase: Phase;
  batch: number;
  /** Tokens of the prompt, or of the context that a new token sees. Towers with a length of their own keep it. */
  seqLen: number;
  /** Algorithms whose exact traffic is asked for. */
  rows: readonly CatalogueRow[];
  /** The device whose limits decide the tilings. */
  limits: DeviceLimits;
}

/** The traffic of one algorithm for one layer, bytes; null where it has none, and why. */
export interface AlgorithmTraffic {
  id: string;
  provenance: 'exact';
  tiling: Pick<Tiling, 'br' | 'bc' | 'splits'> | null;
  bytes: bigint | null;
  reason: string | null;
}

/** One layer of a group. */
export interface LayerCost {
  group: LayerGroup;
  layer: LayerProblem;
  flops: { provenance: 'exact'; value: bigint };
  /** Least bytes to and from memory. */
  bound: { provenance: 'bound'; bytes: bigint };
  traffic: AlgorithmTraffic[];
  cache: GroupCache | null;
}

export interface TowerCost {
  tower: Tower;
  seqLen: number;
  dtype: Dtype;
  /** What had to be assumed, in words. */
  assumptions: string[];
  layers: LayerCost[];
  /** Groups without a cost, and why. */
  left: { group: LayerGroup; reason: string }[];
  total: TowerTotal;
}

/** Sums over the layers that have a cost. A sum is null where a part of it is, or their number is not known. */
export interface TowerTotal {
  /** Layers summed over. */
  costedLayers: number | null;
  flops: { provenance: 'exact'; value: bigint | null };
  bound: { provenance: 'bound'; bytes: bigint | null };
  traffic: { id: string; provenance: 'exact'; bytes: bigint | null }[];
  cache: { provenance: 'modelled'; bytesPerToken: number | null; bytes: number | null };
}

/**
 * The attention cost of every tower of a model, per layer and in total: FLOPs and the exact traffic of the given
 * algorithms by the cost functions of `attention`, the lower bound, and the cache of keys and values. Towers that
 * encode have no decode cost; towers whose number of tokens the input decides have none at all.
 */
export function modelCost(model: ModelAttention, options: ModelCostOptions): TowerCost[] {
  return model.towers.flatMap((tower) => {
    const given = tower.role === 'vision' || tower.role === 'audio' ? null : options.seqLen;
    const seqLen = tower.seqLen?.value ?? given;
    const encodes = tower.groups.every(({ causal }) => causal?.value === false);
    if (seqLen === null || (options.phase === 'decode' && encodes)) return [];
    return [towerCost(tower, model.format, { ...options, seqLen })];
  });
}

/** As `modelCost`, for one tower. */
export function towerCost(tower: Tower, format: string, options: ModelCostOptions): TowerCost {
  const { phase, batch, seqLen, rows, limits } = options;
  const { dtype, assumed } = storageType(tower, format);
  const layers: LayerCost[] = [];
  const left: TowerCost['left'] = [];
  for (const group of tower.groups) {
    const layer = layerProblem(group, { phase, batch, seqLen, dtype });
    if ('obstacle' in layer) {
      left.push({ group, reason: layer.obstacle });
      continue;
    }
    layers.push({
      group,
      layer,
      flops: { provenance: 'exact', value: forwardFlops(layer.problem).exact * BigInt(layer.times) },
      bound: { provenance: 'bound', bytes: leastBytes(layer) },
      traffic: rows.map((row) => trafficOf(row, layer, limits)),
      cache: groupCache(group, { batch, seqLen, dtype }),
    });
  }
  const causalAssumed = layers.some(({ group }) => group.causal === null);
  return {
    tower,
    seqLen,
    dtype,
    assumptions: [...(assumed === null ? [] : [assumed]), ...(causalAssumed ? ['causal mask assumed'] : [])],
    layers,
    left,
    total: totals(layers, rows),
  };
}

/** Every input read once, every output written once; where V is a part of K it comes with it. */
function leastBytes({ problem, times, valuesInKeys }: LayerProblem): bigint {
  const traffic = boundTraffic(problem);
  const values = valuesInKeys ? (traffic.buffers.v?.readBytes ?? 0n) : 0n;
  return (traffic.readBytes + traffic.writeBytes - values) * BigInt(times);
}

function trafficOf(
  row: CatalogueRow,
  { problem, times, runnable }: LayerProblem,
  limits: DeviceLimits,
): AlgorithmTraffic {
  const none = (reason: string): AlgorithmTraffic => ({
    id: row.id,
    provenance: 'exact',
    tiling: null,
    bytes: null,
    reason,
  });
  if (!runnable) return none(`head dim ${problem.headDim} is wider than the kernels have`);
  const obstacle = obstacleOf(row, problem);
  if (obstacle !== null) return none(obstacle);
  const tiling = chooseTiling(row, problem, limits);
  if (!tiling.ok) return none(tiling.error);
  const { br, bc, splits, headsPerSlice } = tiling.value;
  const { traffic } = row.forward.cost(problem, tiling.value);
  return {
    id: row.id,
    provenance: 'exact',
    tiling: { br, bc, splits },
    bytes: (traffic.readBytes + traffic.writeBytes) * BigInt(times),
    reason: headsPerSlice === 0 ? "one head does not fit the device's bindings" : null,
  };
}

function obstacleOf(row: CatalogueRow, problem: Problem): string | null {
  const options = checkOptions(problem);
  return options.ok ? unsupported(row, problem, 'forward') : options.error;
}

function totals(layers: readonly LayerCost[], rows: readonly CatalogueRow[]): TowerTotal {
  const sum = (of: (cost: LayerCost) => bigint | null): bigint | null =>
    layers.reduce<bigint | null>((total, cost) => {
      const [count, value] = [cost.group.count?.value, of(cost)];
      return total === null || count === undefined || value === null ? null : total + value * BigInt(count);
    }, 0n);
  const caches = layers.map(({ cache }) => cache).filter((cache) => cache !== null);
  const known = caches.length > 0 && caches.every(({ layers: count }) => count !== null);
  const whole = (of: (cache: GroupCache) => number) =>
    known ? caches.reduce((total, cache) => total + of(cache) * cache.layers!, 0) : null;
  const counts = layers.map(({ group }) => group.count?.value);
  return {
    costedLayers: counts.every((count) => count !== undefined)
      ? counts.reduce((total: number, count) => total + count!, 0)
      : null,
    flops: { provenance: 'exact', value: sum(({ flops }) => flops.value) },
    bound: { provenance: 'bound', bytes: sum(({ bound }) => bound.bytes) },
    traffic: rows.map(({ id }, index) => ({
      id,
      provenance: 'exact',
      bytes: sum(({ traffic }) => traffic[index]!.bytes),
    })),
    cache: {
      provenance: 'modelled',
      bytesPerToken: whole(({ bytesPerToken }) => bytesPerToken),
      bytes: whole(({ layerBytes }) => layerBytes),
    },
  };
}
