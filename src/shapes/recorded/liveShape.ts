import { checkOptions } from '../../attention/options.ts';
import { type Dtype, noOptions, type Problem, problemId } from '../../attention/problem.ts';
import { checkShape, type Result } from '../../attention/shape.ts';
import { observedApis } from './observedApis.ts';
import type { ObservedCall, TensorFacts } from './observedCall.ts';

/** A problem that ran, or is about to: the best of all evidence. */
export interface LiveShape {
  problem: Problem;
  basis: 'live';
  /** The function, as people write it. */
  title: string;
  /** The query as the program has it; its dtype can be one that a problem has not. */
  query: TensorFacts;
  /** What the problem leaves out of the call or takes for granted, each a clause. */
  notes: string[];
}

const dtypes: Readonly<Record<string, Dtype>> = { float32: 'f32', float16: 'f16', bfloat16: 'bf16' };

/** The problem of a call that was seen with its tensors, or in one line why it cannot be told. */
export function liveShapeOf(call: ObservedCall): Result<LiveShape> {
  const api = Object.hasOwn(observedApis, call.api) ? observedApis[call.api] : undefined;
  if (!api) return fail(`${call.api} is not known to this version`);
  const read = api.sizes(call);
  if ('error' in read) return fail(read.error);
  const shape = checkShape(read.sizes);
  if (!shape.ok) return shape;
  const { options, notes } = api.options(call);
  const query = call.tensors[api.query]!;
  const dtype = Object.hasOwn(dtypes, query.dtype) ? dtypes[query.dtype]! : null;
  const problem: Problem = { ...shape.value, ...noOptions, ...options, dtype: dtype ?? 'f32', seed: 0 };
  const obstacle = windowObstacle(call, problem);
  if (obstacle) return fail(obstacle);
  const checked = checkOptions(problem);
  if (!checked.ok) return checked;
  const ofDtype = dtype ? [] : [`${query.dtype} is profiled as f32`];
  return {
    ok: true,
    value: {
      problem: checked.value,
      basis: 'live',
      title: api.title,
      query,
      notes: [...read.notes, ...notes, ...ofDtype],
    },
  };
}

/** Windows without a causal mask follow the bottom-right diagonal here, the top-left one in JAX. */
function windowObstacle(
  { api }: ObservedCall,
  { window, causal, seqLenQ, seqLenKv }: Problem,
): string | null {
  if (!api.startsWith('jax.') || window === null || causal || seqLenQ === seqLenKv) return null;
  return 'a window from the top-left corner over unequal lengths cannot be profiled';
}

/** A problem that ran, how often, and where. */
export interface DistinctShape<T> {
  shape: LiveShape;
  count: number;
  calls: T[];
}

/** The distinct problems among calls, the one that ran most often first; calls that are not understood are left out. */
export function distinctShapes<T extends ObservedCall & { count: number }>(
  calls: Iterable<T>,
): DistinctShape<T>[] {
  const byProblem = new Map<string, DistinctShape<T>>();
  for (const call of calls) {
    const shape = liveShapeOf(call);
    if (!shape.ok) continue;
    const id = problemId(shape.value.problem);
    const known = byProblem.get(id);
    if (known) {
      known.count += call.count;
      known.calls.push(call);
    } else {
      byProblem.set(id, { shape: shape.value, count: call.count, calls: [call] });
    }
  }
  return [...byProblem.values()].sort((a, b) => b.count - a.count);
}

function fail(error: string): { ok: false; error: string } {
  return { ok: false, error };
}
