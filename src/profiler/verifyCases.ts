import type { BlockMask } from '../attention/blockMask.ts';
import { type Dtype, noOptions, type Problem, type Window } from '../attention/problem.ts';
import type { RequestedTiling } from '../attention/tiling.ts';
import { coveringRows, type Factors, type Row } from './covering.ts';
import { CaseRandom } from './random.ts';

export interface VerifyCase {
  /** The level of every factor. */
  row: Row;
  problem: Problem;
  tiling: RequestedTiling | null;
  /** For algorithms that compute listed blocks alone: the problem with this mask. */
  blockMask: BlockMask;
}

/** What is crossed: each combination of two (or three) levels meets in some case. */
export const verifyFactors = {
  dtype: ['f32', 'f16', 'bf16'],
  causal: ['no', 'top-left', 'bottom-right'],
  window: ['no', 'left', 'both'],
  keys: ['whole', 'lengths', 'packed'],
  bias: ['no', 'broadcast', 'whole'],
  alibi: ['no', 'yes'],
  softcap: ['no', 'yes'],
  sinks: ['no', 'yes'],
  dropout: ['no', 'yes'],
  heads: ['own', 'grouped', 'shared'],
  lengths: ['equal', 'more keys', 'fewer keys', 'one query'],
  widths: ['vec4', 'odd', 'unequal'],
  tiling: ['default', 'forced'],
} as const satisfies Factors;

const blockMasks: readonly BlockMask[] = [
  { kind: 'local', width: 2 },
  { kind: 'strided', stride: 3 },
  { kind: 'butterfly' },
  { kind: 'random', density: 0.4 },
];

/**
 * Problems that contain every combination of `strength` levels of the factors, with sizes that are
 * multiples of nothing. The same seed gives the same cases.
 */
export function verifyCases(seed: number, strength: 2 | 3 = 2): VerifyCase[] {
  const random = new CaseRandom(seed);
  return coveringRows(verifyFactors, strength, random).map((row) => ({
    row,
    problem: problemOf(row, random),
    blockMask: random.pick(blockMasks),
    tiling:
      row.tiling === 'default' ? null : { br: random.pick([4, 8, 12, 16]), bc: random.pick([4, 8, 16]) },
  }));
}

function problemOf(row: Row, random: CaseRandom): Problem {
  const kvHeads = row.heads === 'shared' ? 1 : random.between(1, 2);
  const heads = row.heads === 'own' ? kvHeads : kvHeads * random.between(2, 3);
  const batch = random.between(1, 2);
  const problem: Problem = {
    ...noOptions,
    ...{ batch, heads, kvHeads, ...sequences(row, random), ...widths(row, random) },
    dtype: row.dtype as Dtype,
    causal: row.causal === 'no' ? false : (row.causal as 'top-left' | 'bottom-right'),
    window: windowOf(row, random),
    alibi: row.alibi === 'yes',
    softcap: row.softcap === 'yes' ? random.between(1, 20) : null,
    sinks: row.sinks === 'yes',
    dropout: row.dropout === 'yes' ? random.between(1, 9) / 10 : null,
    seed: random.next(),
  };
  if (row.keys === 'packed') pack(problem, random);
  if (row.keys === 'lengths') {
    problem.lengths = Array.from({ length: batch }, () => random.between(0, problem.seqLenKv));
  }
  if (row.bias === 'broadcast') problem.bias = { batch: 1, heads: 1 };
  if (row.bias === 'whole') problem.bias = { batch: problem.batch, heads };
  return problem;
}

function sequences(row: Row, random: CaseRandom) {
  const short = random.between(2, 45);
  const long = short + random.between(1, 80);
  switch (row.lengths) {
    case 'more keys':
      return { seqLenQ: short, seqLenKv: long };
    case 'fewer keys':
      return { seqLenQ: long, seqLenKv: short };
    case 'one query':
      return { seqLenQ: 1, seqLenKv: long };
    default:
      return { seqLenQ: long, seqLenKv: long };
  }
}

function widths(row: Row, random: CaseRandom) {
  const whole = random.pick([8, 64, 80, 128]);
  const odd = random.pick([random.between(1, 31), random.between(33, 127), random.between(129, 255)]) | 1;
  if (row.widths === 'vec4') return { headDim: whole, headDimV: whole };
  if (row.widths === 'odd') return { headDim: odd, headDimV: odd };
  return random.pick([
    { headDim: whole, headDimV: odd },
    { headDim: odd, headDimV: whole },
  ]);
}

function windowOf(row: Row, random: CaseRandom): Window | null {
  if (row.window === 'no') return null;
  const left = random.between(0, 40);
  // A causal mask ends at the diagonal itself.
  return { left, right: row.window === 'both' && row.causal === 'no' ? random.between(0, 20) : null };
}

/** Packed sequences lie in one batch entry, queries and keys alike. */
function pack(problem: Problem, random: CaseRandom): void {
  problem.packed = Array.from({ length: random.between(1, 4) }, () => random.between(1, 40));
  problem.batch = 1;
  problem.seqLenQ = problem.packed.reduce((sum, length) => sum + length, 0);
  problem.seqLenKv = problem.seqLenQ;
}
