import { flashTrainingMemory } from '../memory/flashMemory.ts';
import { standardTrainingMemory } from '../memory/standardMemory.ts';
import type { AccountProblem } from './account.ts';
import {
  flash1BackwardTraffic,
  flash1ForwardTraffic,
  matmulFlops,
  standardBackwardTraffic,
  standardForwardTraffic,
} from './accounts.ts';
import {
  correctedFigure2Gflops,
  figure2Left,
  figure2Middle,
  figure2Workload,
  memoryReduction,
  table21,
  tableSeqLens,
  tableSetup,
} from './published/flashAttention1.ts';
import { type ReproduceRow, reproduceRow } from './row.ts';

const paper = 'FlashAttention (arXiv 2205.14135v2)';

/** Self-attention as many heads in Q as in K, and one head dimension. */
function selfAttention(
  batch: number,
  heads: number,
  seqLen: number,
  headDim: number,
  causal: AccountProblem['causal'] = false,
): AccountProblem {
  const lengths = { seqLenQ: seqLen, seqLenKv: seqLen };
  return { batch, heads, kvHeads: heads, ...lengths, headDim, headDimV: headDim, dtype: 'f16', causal };
}

const { batch, heads, seqLen, headDim } = figure2Workload;
const figure2 = selfAttention(batch, heads, seqLen, headDim);

/** Half of the last printed digit, relative: what rounding alone may do. */
const rounding = (published: number, lastDigit: number) => lastDigit / 2 / published;

/** The size of a block of keys that the released kernel has for this head dimension. */
const releasedBc = 256;
const figureRule = (bc: number) => ({ bc, count: 'figure', statistics: false }) as const;

/** Figure 2 left: bytes, and operations as printed and as corrected. */
export function figure2LeftRows(): ReproduceRow[] {
  const [printed, cameraReady] = figure2Left as [(typeof figure2Left)[0], (typeof figure2Left)[0]];
  const source = `${paper}, Figure 2 left`;
  const standardBytes =
    standardForwardTraffic(figure2, { mask: true, dropout: true, separateScale: false }).bytes +
    standardBackwardTraffic(figure2, { maskPasses: 0, dropout: true, separateScale: false }).bytes;
  const flashBytes =
    flash1ForwardTraffic(figure2, figureRule(releasedBc)).bytes +
    flash1BackwardTraffic(figure2, figureRule(releasedBc)).bytes;
  const gigabytes = { source, unit: 'GB' };
  const gflop = { source, unit: 'GFLOP' };
  return [
    reproduceRow({
      ...{ ...gigabytes, id: 'flash1-figure2-left-standard-hbm', published: printed.standard.hbmGB },
      quantity: 'standard, HBM reads and writes',
      ours: Number(standardBytes) / 1e9,
      tolerance: rounding(printed.standard.hbmGB, 0.1),
      note: '18 A + 12 u: Algorithms 0 and 3, an added mask in the forward pass, dropout in both. 17 A + 28 u would fit as well.',
    }),
    reproduceRow({
      ...{ ...gigabytes, id: 'flash1-figure2-left-flash-hbm', published: printed.flash.hbmGB },
      quantity: 'FlashAttention, HBM reads and writes',
      ours: Number(flashBytes) / 1e9,
      tolerance: rounding(printed.flash.hbmGB, 0.1),
      note: '(3 Tc + 1) u + (4 Tc + 4) u = 33 u for blocks of 256 keys. Blocks that a causal mask skips are counted, as the paper does.',
    }),
    ...(['standard', 'flash'] as const).flatMap((algorithm) => {
      const name = algorithm === 'flash' ? 'FlashAttention' : algorithm;
      const corrected = correctedFigure2Gflops[algorithm];
      return [
        reproduceRow({
          ...{ ...gflop, id: `flash1-figure2-left-${algorithm}-gflop`, published: corrected },
          quantity: `${name}, products, as corrected`,
          ours: totalGflop(figure2, algorithm),
          tolerance: 1e-3,
          note: 'From the author, flash-attention issue 741.',
        }),
        reproduceRow({
          ...{ ...gflop, id: `flash1-figure2-left-${algorithm}-gflop-printed` },
          published: printed[algorithm].gflops,
          quantity: `${name}, as printed`,
          ours: printedGflop(algorithm),
          tolerance: rounding(printed[algorithm].gflops, 0.1),
          note: 'What is printed leaves out the 16 heads and adds 3.5 N^2 d for the softmax and others to the matrix products: it is not the work of the workload that the figure names.',
        }),
      ];
    }),
    reproduceRow({
      ...{ id: 'flash1-figure2-left-causal-time', source, unit: 'ms', published: printed.flash.ms },
      quantity: "FlashAttention, of the camera-ready's time",
      ours: cameraReady.flash.ms * visitedShare(),
      tolerance: rounding(printed.flash.ms, 0.1),
      note: 'The camera-ready has 11.7 ms without a causal mask: the share of blocks that such a mask leaves (10 of 16) explains the 7.3 ms of arXiv v2.',
    }),
  ];
}

function totalGflop(problem: AccountProblem, algorithm: 'standard' | 'flash'): number {
  return (
    Number(matmulFlops(problem, algorithm, 'forward') + matmulFlops(problem, algorithm, 'backward')) / 1e9
  );
}

/** Of one head of each batch entry, and 3.5 N^2 d besides: what reads 15.5 and 17.5 N^2 d batch. */
function printedGflop(algorithm: 'standard' | 'flash'): number {
  const others = (3.5 * seqLen * seqLen * headDim * batch) / 1e9;
  return totalGflop({ ...figure2, heads: 1, kvHeads: 1 }, algorithm) + others;
}

/** Reads of Q with a causal mask over those without: the share of blocks that are visited. */
function visitedShare(): number {
  const reads = (problem: AccountProblem) =>
    Number(
      flash1ForwardTraffic(problem, figureRule(releasedBc)).stages.find(({ stage }) => stage === 'queries')!
        .readBytes,
    );
  return reads({ ...figure2, causal: 'bottom-right' }) / reads(figure2);
}

/** Figure 2 middle: the curve of bytes against the size of a block of keys. */
export function figure2MiddleRows(): ReproduceRow[] {
  return figure2Middle.map(({ bc, hbmGB }) =>
    reproduceRow({
      id: `flash1-figure2-middle-${bc}`,
      source: `${paper}, Figure 2 middle`,
      quantity: `forward, HBM accesses, blocks of ${bc} keys`,
      unit: 'GB',
      published: hbmGB,
      ours: Number(flash1ForwardTraffic(figure2, figureRule(bc)).bytes) / 1e9,
      tolerance: 1e-4,
      note: '(3 Tc + 1) u. Published value digitised from the vector figure.',
    }),
  );
}

const tableMethods = [
  {
    id: 'pytorch',
    name: 'PyTorch',
    bytes: (problem: AccountProblem) => standardTrainingMemory(problem).bytes,
  },
  {
    id: 'megatron',
    name: 'Megatron',
    bytes: (problem: AccountProblem) => standardTrainingMemory(problem).bytes,
  },
  {
    id: 'flash',
    name: 'FlashAttention',
    bytes: (problem: AccountProblem) => flashTrainingMemory(problem, { generation: 1 }).bytes,
  },
] as const;

/** Table 21: peak memory of every cell of PyTorch, Megatron and FlashAttention. */
export function table21Rows(): ReproduceRow[] {
  return tableMethods.flatMap(({ id, name, bytes }) =>
    tableSeqLens.flatMap((length, column) => {
      const published = table21.rows[id][column];
      if (published === null || published === undefined) return [];
      return reproduceRow({
        id: `flash1-table21-${id}-${length}`,
        source: `${paper}, Table 21`,
        quantity: `${name}, peak memory, N = ${length}`,
        unit: 'MiB',
        published,
        // The table cuts off what follows the point.
        ours: Math.floor(
          bytes(selfAttention(tableSetup.batch, tableSetup.heads, length, tableSetup.headDim)) / 2 ** 20,
        ),
        tolerance: 0,
        fitted: true,
        note:
          id === 'flash'
            ? '13 u (11 u up to 256 keys) and two f32 per row: 10 u by the released code, 3 u to fit.'
            : '4 A + 10 u, both numbers to fit.',
      });
    }),
  );
}

/** The plot of memory saved that flash-attention's repository shows. */
export function memoryReductionRows(): ReproduceRow[] {
  const { batch, heads, headDim, points } = memoryReduction;
  return points.map(({ seqLen: length, factor }) => {
    const problem = selfAttention(batch, heads, length, headDim);
    return reproduceRow({
      id: `flash1-memory-reduction-${length}`,
      source: 'flash-attention, plot of memory reduction (A100)',
      quantity: `standard over FlashAttention, N = ${length}`,
      unit: 'times',
      published: factor,
      ours: standardTrainingMemory(problem).bytes / flashTrainingMemory(problem, { generation: 1 }).bytes,
      tolerance: 0.1,
      note: 'Published value read off the heights of bars.',
    });
  });
}
