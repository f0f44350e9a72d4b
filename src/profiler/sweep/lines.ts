import type { DocumentProblem, DocumentRun, DocumentSweep, ProfileDocument } from '../document/schema.ts';
import type { AxisName } from './axes.ts';
import { runKey } from './same.ts';

/** One algorithm and pass on one device along the main axis of a sweep, the other axes fixed. */
export interface SweepLine {
  device: string;
  algorithm: string;
  pass: DocumentRun['pass'];
  /** `d=64 b=1`: the axes that do not run along the line; empty where there are none. */
  fixed: string;
  /** By rising value. Null is a run that the document lacks. */
  cells: { value: number; run: DocumentRun | null }[];
}

const lengths: readonly AxisName[] = ['seq', 'm', 'n'];

/** The axis that lines run along: a length where one varies, else the one with the most values. */
export function mainAxis({ axes }: DocumentSweep): AxisName {
  const varied = axes.filter(({ values }) => values.length > 1);
  const length = lengths.find((name) => varied.some((axis) => axis.name === name));
  const most = [...axes].sort((a, b) => b.values.length - a.values.length)[0];
  return length ?? most?.name ?? 'seq';
}

/** Every line of a sweep: by device, fixed sizes, pass and algorithm, in the order of the document. */
export function sweepLines({ sweep, devices, problems, runs }: ProfileDocument): SweepLine[] {
  if (!sweep) return [];
  const main = mainAxis(sweep);
  const others = sweep.axes.map(({ name }) => name).filter((name) => name !== main);
  const known = new Map(problems.map((problem) => [problem.id, problem]));
  const points = sweep.points.map(({ id, problem, tiling }) => {
    const sizeAlong = (name: AxisName) => axisValue(name, known.get(problem)!, tiling);
    return {
      id,
      value: sizeAlong(main) ?? 0,
      fixed: others.map((name) => `${name}=${sizeAlong(name)}`).join(' '),
    };
  });
  const groups = [...new Set(points.map(({ fixed }) => fixed))].map((fixed) => ({
    fixed,
    own: points.filter((point) => point.fixed === fixed).sort((a, b) => a.value - b.value),
  }));
  const found = new Map(runs.map((run) => [`${run.device}|${runKey(run)}`, run]));
  return devices.flatMap(({ id: device }) =>
    groups.flatMap(({ fixed, own }) =>
      sweep.passes.flatMap((pass) =>
        sweep.algorithms.map((algorithm) => ({
          ...{ device, algorithm, pass, fixed },
          cells: own.map(({ id: point, value }) => ({
            value,
            run: found.get(`${device}|${runKey({ point, algorithm, pass })}`) ?? null,
          })),
        })),
      ),
    ),
  );
}

function axisValue(
  name: AxisName,
  problem: DocumentProblem,
  tiling: DocumentSweep['points'][number]['tiling'],
): number | null {
  switch (name) {
    case 'b':
      return problem.batch;
    case 'h':
      return problem.heads;
    case 'kv':
      return problem.kvHeads;
    case 'seq':
    case 'n':
      return problem.seqLenQ;
    case 'm':
      return problem.seqLenKv;
    case 'd':
      return problem.headDim;
    case 'dv':
      return problem.headDimV;
    default:
      return tiling?.[name] ?? null;
  }
}
