import { denseProducts } from '../../attention/cost/flops.ts';
import { checkOptions } from '../../attention/options.ts';
import type { Problem } from '../../attention/problem.ts';
import { checkShape, type Result, type Shape } from '../../attention/shape.ts';
import { microTile, type RequestedTiling } from '../../attention/tiling.ts';
import { type Axis, type AxisName, axisNames } from './axes.ts';

/** One problem of a sweep, with the tiling that is asked for. */
export interface SweepPoint {
  /** `seq=512 d=64`: what varies and its size, in the order of `axisNames` however the axes were given. */
  id: string;
  problem: Problem;
  tiling: RequestedTiling | null;
}

type Values = Partial<Record<AxisName, number>>;

/**
 * Every crossing of the axes, applied to a problem and its tiling, small points first. Refuses the whole where one
 * of them is no problem that there can be. Axes as `checkAxes` returns them.
 */
export function sweepPoints(
  problem: Problem,
  tiling: RequestedTiling | null,
  axes: readonly Axis[],
): Result<SweepPoint[]> {
  const points: SweepPoint[] = [];
  for (const values of crossings(axes)) {
    const id = pointId(values);
    const varied = problemAt(problem, values);
    if (!varied.ok) return { ok: false, error: `${id}: ${varied.error}` };
    const tile = tilingAt(tiling, values);
    if (!tile.ok) return { ok: false, error: `${id}: ${tile.error}` };
    points.push({ id, problem: varied.value, tiling: tile.value });
  }
  return { ok: true, value: points.sort(smallFirst) };
}

/** A measure of work that every algorithm grows with. */
export function pointWork({ problem }: { problem: Shape }): number {
  return denseProducts(problem);
}

const sizes = ['batch', 'heads', 'kvHeads', 'seqLenQ', 'seqLenKv', 'headDim', 'headDimV'] as const;

/** Whether `larger` is at least as large in every size and larger in one, with the same tiling asked for. */
export function isLarger(
  larger: Pick<SweepPoint, 'problem' | 'tiling'>,
  smaller: Pick<SweepPoint, 'problem' | 'tiling'>,
): boolean {
  const tiles = ({ tiling }: Pick<SweepPoint, 'tiling'>) => [tiling?.br, tiling?.bc, tiling?.splits].join();
  return (
    tiles(larger) === tiles(smaller) &&
    sizes.every((size) => larger.problem[size] >= smaller.problem[size]) &&
    sizes.some((size) => larger.problem[size] > smaller.problem[size])
  );
}

/** By work, so that every line of a chart fills from its small end; a larger point never comes before a smaller. */
function smallFirst(a: SweepPoint, b: SweepPoint): number {
  return (
    pointWork(a) - pointWork(b) ||
    a.problem.kvHeads - b.problem.kvHeads ||
    (a.tiling?.br ?? 0) - (b.tiling?.br ?? 0) ||
    (a.tiling?.bc ?? 0) - (b.tiling?.bc ?? 0) ||
    (a.id < b.id ? -1 : 1)
  );
}

function crossings(axes: readonly Axis[]): Values[] {
  return axes.reduce<Values[]>(
    (crossed, { name, values }) =>
      crossed.flatMap((before) => values.map((value) => ({ ...before, [name]: value }))),
    [{}],
  );
}

function pointId(values: Values): string {
  return axisNames.flatMap((name) => (values[name] === undefined ? [] : `${name}=${values[name]}`)).join(' ');
}

/**
 * As `parseShape` would read it: kv heads follow the heads, and the value dim the head dim, where they were equal
 * and do not vary on their own; so does a bias with a matrix for each head or batch entry.
 */
function problemAt(base: Problem, { b, h, kv, seq, n, m, d, dv }: Values): Result<Problem> {
  const shape: Shape = {
    batch: b ?? base.batch,
    heads: h ?? base.heads,
    kvHeads: kv ?? (base.kvHeads === base.heads ? (h ?? base.heads) : base.kvHeads),
    seqLenQ: seq ?? n ?? base.seqLenQ,
    seqLenKv: seq ?? m ?? base.seqLenKv,
    headDim: d ?? base.headDim,
    headDimV: dv ?? (base.headDimV === base.headDim ? (d ?? base.headDim) : base.headDimV),
  };
  const checked = checkShape(shape);
  if (!checked.ok) return checked;
  const bias = base.bias && {
    batch: base.bias.batch === 1 ? 1 : shape.batch,
    heads: base.bias.heads === 1 ? 1 : shape.heads,
  };
  return checkOptions({ ...base, ...checked.value, bias });
}

function tilingAt(base: RequestedTiling | null, { br, bc }: Values): Result<RequestedTiling | null> {
  const varied = { ...(br === undefined ? {} : { br }), ...(bc === undefined ? {} : { bc }) };
  for (const [name, rows] of Object.entries(varied)) {
    if (base?.[name as 'br' | 'bc'] !== undefined) {
      return {
        ok: false,
        error: `${name} varies, so the tiling cannot give it as well: leave one of them out`,
      };
    }
    if (rows % microTile !== 0) {
      return { ok: false, error: `tiling ${name}=${rows} is not possible: give multiples of ${microTile}` };
    }
  }
  return { ok: true, value: base || br || bc ? { ...base, ...varied } : null };
}
