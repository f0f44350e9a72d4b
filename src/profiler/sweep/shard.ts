import type { Shape } from '../../attention/shape.ts';
import { pointWork } from './points.ts';

/** One of `count` parts of a sweep; `index` is from 1. */
export interface Shard {
  index: number;
  count: number;
}

export const maxShards = 10_000;

/**
 * The points of one part, in the order of the sweep: the largest first, each to the part that has the least work so
 * far (Graham 1969, "Bounds on multiprocessing timing anomalies"). Every part comes to the same division by itself,
 * and every point is in one part. Points are ordered as `sweepPoints` orders them.
 */
export function shardPoints<P extends { id: string; problem: Shape }>(
  points: readonly P[],
  { index, count }: Shard,
): P[] {
  const loads = new Array<number>(count).fill(0);
  const own = new Set<string>();
  for (const point of [...points].reverse()) {
    const least = loads.indexOf(Math.min(...loads));
    loads[least]! += pointWork(point);
    if (least === index - 1) own.add(point.id);
  }
  return points.filter(({ id }) => own.has(id));
}
