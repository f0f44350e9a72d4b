import { type Causal, causalAlignments, noOptions, type Problem } from '../attention/problem.ts';
import type { RequestedTiling } from '../attention/tiling.ts';
import { CaseRandom } from './random.ts';

export interface VerifyCase {
  problem: Problem;
  tiling: RequestedTiling | null;
}

const causals: readonly Causal[] = [false, ...causalAlignments];

/**
 * Random problems in which options meet: lengths that are multiples of nothing, more queries than keys and
 * fewer, grouped heads, head dims that fill no vec4, both causal alignments, single rows, forced tilings.
 * The same seed gives the same cases.
 */
export function verifyCases(seed: number, count: number): VerifyCase[] {
  const random = new CaseRandom(seed);
  return Array.from({ length: count }, (_, index) => {
    const kvHeads = random.between(1, 3);
    const headDim = headDimension(random);
    const seqLenQ = sequenceLength(random);
    const problem: Problem = {
      batch: random.between(1, 2),
      heads: kvHeads * random.between(1, 3),
      kvHeads,
      seqLenQ,
      seqLenKv: random.pick([seqLenQ, sequenceLength(random), sequenceLength(random)]),
      headDim,
      headDimV: random.pick([headDim, headDimension(random)]),
      ...noOptions,
      dtype: 'f32',
      // Every alignment comes up, however few the cases.
      causal: causals[index % causals.length]!,
      seed: random.next(),
    };
    const tiling = random.pick([
      null,
      null,
      { br: random.pick([4, 8, 12, 16]), bc: random.pick([4, 8, 16]) },
    ]);
    return { problem, tiling };
  });
}

function sequenceLength(random: CaseRandom): number {
  return random.pick([1, random.between(2, 40), random.between(2, 40), random.between(41, 150)]);
}

function headDimension(random: CaseRandom): number {
  return random.pick([64, 80, random.between(1, 32), random.between(1, 128), random.between(129, 256)]);
}
