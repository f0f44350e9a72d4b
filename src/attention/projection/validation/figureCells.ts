import {
  benchmarkRule,
  flashAttention2Figure4,
  flashAttention2Forward,
  type ThroughputCurve,
} from '../../literature/published/flashAttention2.ts';
import { flashAttention3Figure5 } from '../../literature/published/flashAttention3.ts';
import { flashAttention4Forward, flashAttention4Rule } from '../../literature/published/flashAttention4.ts';
import type { Pass, Problem } from '../../problem.ts';
import { pytorchEager } from '../implementations/eager.ts';
import { flashAttention2 } from '../implementations/flash2.ts';
import { flashAttention3 } from '../implementations/flash3.ts';
import { flashAttention4 } from '../implementations/flash4.ts';
import type { Implementation } from '../implementations/implementation.ts';
import { type BenchmarkCell, knownGpu, selfAttention, shortName } from './cell.ts';

/** The curves of the figures that are modelled; Triton, cuDNN, xFormers and later FlashAttention-1 are not. */
const modelled: Readonly<Record<string, Implementation>> = {
  pytorch: pytorchEager,
  flash2: flashAttention2,
  flash3: flashAttention3,
  flash4: flashAttention4,
};

type BenchmarkRule = typeof benchmarkRule | typeof flashAttention4Rule;

function benchmarkProblem(
  { headDim, causal }: ThroughputCurve,
  seqLen: number,
  rule: BenchmarkRule,
): Problem {
  const { tokens, hidden, dtype } = rule;
  const problem = selfAttention(tokens / seqLen, hidden / headDim, seqLen, headDim);
  return { ...problem, dtype, causal: causal ? 'bottom-right' : false };
}

function figureCells(
  curves: readonly ThroughputCurve[],
  place: { id: string; source: string; gpu: string; passes: readonly Pass[]; rule?: BenchmarkRule },
): BenchmarkCell[] {
  return curves.flatMap((curve) => {
    const implementation = modelled[curve.implementation];
    if (implementation === undefined) return [];
    const { headDim, causal } = curve;
    const gpu = knownGpu(place.gpu);
    const rule = place.rule ?? benchmarkRule;
    return rule.seqLens.flatMap((seqLen, index): BenchmarkCell[] => {
      const published = curve.tflops[index] ?? null;
      if (published === null) return [];
      return [
        {
          id: `${place.id}-${curve.implementation}-d${headDim}${causal ? '-causal' : ''}-n${seqLen}`,
          source: place.source,
          quantity: `${shortName(implementation, gpu)}, d ${headDim}${causal ? ', causal' : ''}, N ${seqLen}`,
          unit: 'TFLOP/s',
          published,
          implementation,
          problem: benchmarkProblem(curve, seqLen, rule),
          passes: place.passes,
          gpu,
        },
      ];
    });
  });
}

/** FlashAttention-2 Figure 4, A100 80GB, forward and backward. */
export const figure4Cells = (): BenchmarkCell[] =>
  figureCells(flashAttention2Figure4, {
    id: 'time-flash2-figure4',
    source: 'FlashAttention-2 (arXiv 2307.08691), Figure 4 (both passes), A100 80GB',
    gpu: 'a100-80gb-sxm',
    passes: ['forward', 'backward'],
  });

/** FlashAttention-3 Figure 5, H100, forward. */
export const figure5Cells = (): BenchmarkCell[] =>
  figureCells(flashAttention3Figure5, {
    id: 'time-flash3-figure5',
    source: 'FlashAttention-3 (arXiv 2407.08608), Figure 5 (forward), H100 SXM',
    gpu: 'h100-sxm',
    passes: ['forward'],
  });

/** FlashAttention-4 on a GPU of the GB200 class, forward. */
export const flash4Cells = (): BenchmarkCell[] =>
  figureCells(flashAttention4Forward, {
    id: 'time-flash4-gb200',
    source: 'FlashAttention-4, flash-attention pull request 2605 (forward), GB200 class',
    gpu: 'gb200',
    passes: ['forward'],
    rule: flashAttention4Rule,
  });

/** The two points of FlashAttention-2 forward on an A100 that are known as text. */
export function flash2ForwardCells(): BenchmarkCell[] {
  const { headDim, seqLen, points } = flashAttention2Forward;
  return points.map(({ causal, paper }) => ({
    id: `time-flash2-forward-d${headDim}${causal ? '-causal' : ''}-n${seqLen}`,
    source:
      'FlashAttention-2 (arXiv 2307.08691), Figure 5 (forward) as quoted in xFormers issue 924, A100 80GB',
    quantity: `FlashAttention-2, d ${headDim}${causal ? ', causal' : ''}, N ${seqLen}`,
    unit: 'TFLOP/s',
    published: paper,
    implementation: flashAttention2,
    problem: { ...selfAttention(8, 16, seqLen, headDim), causal: causal ? 'bottom-right' : false },
    passes: ['forward'],
    gpu: knownGpu('a100-80gb-sxm'),
  }));
}
