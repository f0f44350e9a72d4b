import { flashInt8Stages, int8Buffers } from '../attention/cost/flashInt8.ts';
import { int8Words, rowsPerScale, scalePlaces } from '../attention/int8.ts';
import type { DeviceLimits } from '../attention/limits.ts';
import type { Problem } from '../attention/problem.ts';
import type { Tiling } from '../attention/tiling.ts';
import { vec4s } from '../attention/workgroupMemory.ts';
import { forwardInputs, type HeadSlice, headSlices, outputBuffer, sliceDispatch } from './layout.ts';
import { problemModule } from './modules.ts';
import type { PlanBuilder, PlanDispatch, PlanModule } from './plan.ts';
import { unplannable } from './unplannable.ts';

/** Codes of Q, K and V for a slice of heads, then attention on them. */
export function int8Plan(id: string, rotated: boolean): PlanBuilder {
  return (problem, tiling, limits) => {
    const reason = unplannable(id, problem, tiling, limits, null);
    if (reason) return { ok: false, reason };
    const codes = int8Buffers(problem, tiling, rotated);
    const bytes = Object.fromEntries(codes.map(({ name, bytes }) => [name, bytes]));
    const quantisers = (['q', 'k', 'v'] as const).map((name) => quantiser(problem, tiling, rotated, name));
    const attention = attentionModule(problem, tiling, rotated);
    const whole = (name: string, binding: number) => ({ name, binding, bytes: bytes[name]! });
    const dispatches = headSlices(problem, tiling).flatMap((slice) => [
      ...quantisers.map((module) => quantise(problem, slice, limits, module, whole)),
      sliceDispatch(problem, slice, limits, {
        stage: flashInt8Stages[1],
        module: attention,
        grid: [Math.ceil(problem.seqLenQ / tiling.br), slice.heads, 1],
        whole: [whole('q8', 3), whole('k8', 4), whole('v8', 5), whole('scales', 6)],
        uses: ['mask', 'scores', 'sinks'],
      }),
    ]);
    return {
      ok: true,
      plan: {
        algorithm: id,
        pass: 'forward',
        problem,
        tiling,
        buffers: [
          ...forwardInputs(problem),
          outputBuffer(problem, 'o'),
          ...codes.map((size) => ({
            ...size,
            role: 'scratch' as const,
            elements: { dtype: 'f32' as const, width: 1 },
            fill: { kind: 'poison' as const },
          })),
        ],
        modules: [...quantisers, attention],
        prologue: [],
        dispatches,
        stages: [...flashInt8Stages],
      },
    };
  };
}

function quantiser(problem: Problem, tiling: Tiling, rotated: boolean, name: 'q' | 'k' | 'v'): PlanModule {
  const width = name === 'v' ? problem.headDimV : problem.headDim;
  return problemModule(problem, tiling, {
    id: `quantise ${name}`,
    source: 'flash-int8/quantise',
    tensors: [{ name, binding: 2, access: 'read' }],
    conditions: {
      QUERIES: name === 'q',
      KEYS: name === 'k',
      VALUES: name === 'v',
      ROTATED: rotated && name !== 'v',
    },
    constants: {
      ROWS: rowsPerScale,
      WIDTH: width,
      CODE_WORDS: name === 'v' ? vec4s(width) : int8Words(problem, rotated),
      SCALES_AT: scalePlaces(problem, tiling)[name],
      LENGTH: name === 'q' ? problem.seqLenQ : problem.seqLenKv,
    },
  });
}

function quantise(
  problem: Problem,
  slice: HeadSlice,
  limits: DeviceLimits,
  module: PlanModule,
  whole: (name: string, binding: number) => { name: string; binding: number; bytes: number },
): PlanDispatch {
  const name = module.tensors[0]!.name as 'q' | 'k' | 'v';
  const rows = name === 'q' ? problem.seqLenQ : problem.seqLenKv;
  const heads = name === 'q' ? slice.heads : slice.heads / (problem.heads / problem.kvHeads);
  return sliceDispatch(problem, slice, limits, {
    stage: flashInt8Stages[0],
    module,
    grid: [Math.ceil(rows / rowsPerScale), heads, 1],
    whole: [whole(`${name}8`, 3), whole('scales', 4)],
    uses: [],
  });
}

function attentionModule(problem: Problem, tiling: Tiling, rotated: boolean): PlanModule {
  const { k, v } = scalePlaces(problem, tiling);
  return problemModule(problem, tiling, {
    id: 'attention',
    source: 'flash-int8/attention',
    tensors: [{ name: 'o', binding: 2, access: 'write' }],
    constants: {
      ROWS: rowsPerScale,
      CODE_WORDS: int8Words(problem, rotated),
      K_SCALES_AT: k,
      V_SCALES_AT: v,
    },
  });
}
