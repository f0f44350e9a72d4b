import { type BenchmarkCell, projectedValue } from '../projection/validation/cell.ts';
import {
  figure4Cells,
  figure5Cells,
  flash2ForwardCells,
  flash4Cells,
} from '../projection/validation/figureCells.ts';
import { decodingCells, timeTableCells } from '../projection/validation/tableCells.ts';
import { type ReproduceRow, reproduceRow } from './row.ts';

/** Below this the fixed costs of a call rule, which the model does not have: such cells are only reported. */
const leastSeqLen = 1024;
const longestSeqLen = 16384;

/** Claimed of every cell from 1k on. */
const usualTolerance = 0.25;
/** Claimed of FlashAttention-2 and -3, forward, where their throughput has levelled off. */
const plateauTolerance = 0.15;

const isStandard = ({ implementation }: BenchmarkCell) => implementation.id === 'pytorch-eager';
const isDecoding = ({ problem }: BenchmarkCell) => problem.seqLenQ === 1;
const isFlash4 = ({ implementation }: BenchmarkCell) => implementation.id === 'flash-attention-4';
const isPlateau = (cell: BenchmarkCell) =>
  !isStandard(cell) && !isFlash4(cell) && cell.passes.length === 1 && cell.problem.seqLenQ === longestSeqLen;
const isForwardPoint = ({ id }: BenchmarkCell) => id.startsWith('time-flash2-forward-');

function toleranceOf(cell: BenchmarkCell): number | null {
  if (isDecoding(cell)) return usualTolerance;
  if (cell.problem.seqLenQ < leastSeqLen) return null;
  if (cell.unit === 'TFLOP/s' && (isPlateau(cell) || isForwardPoint(cell))) return plateauTolerance;
  return usualTolerance;
}

/** What is known of a cell that the model does not meet, or need not. */
function noteOf(cell: BenchmarkCell): string {
  const { problem, passes } = cell;
  if (isDecoding(cell)) {
    return isStandard(cell)
      ? 'eager copies K and V for every query head, for batches above 1 most likely twice: which copies is not published'
      : 'the post does not say which A100: taken as the one of 80 GB';
  }
  if (problem.seqLenQ < leastSeqLen) return 'below 1k, where fixed costs of a call rule: reported only';
  if (isStandard(cell) && problem.lengths !== null && passes.includes('backward')) {
    return 'padding costs PyTorch 15 A backward, an artefact of its fill on a strided view that the account leaves out';
  }
  if (isFlash4(cell)) {
    return 'the share of hidden exponentials is an estimate, and what a workgroup needs to start is not modelled';
  }
  if (cell.implementation.id === 'flash-attention-1') {
    const reasons = [
      ...(problem.dropout !== null ? ['random numbers of dropout are not modelled'] : []),
      ...(problem.seqLenQ === leastSeqLen ? ['fixed costs still show at 1k'] : []),
    ];
    return reasons.join('; ');
  }
  if (isStandard(cell) && problem.dropout !== null) {
    return 'dropout is accounted as a pass at the speed of the others; at long sequences PyTorch is quicker';
  }
  return '';
}

/** The cells that are printed: figures and the decoding table whole, FlashAttention's tables from 1k on. */
export function projectionCells(): BenchmarkCell[] {
  return [
    ...timeTableCells().filter(({ problem }) => problem.seqLenQ >= leastSeqLen),
    ...decodingCells(),
    ...flash2ForwardCells(),
    ...figure4Cells(),
    ...figure5Cells(),
    ...flash4Cells(),
  ];
}

/** Published times and throughputs beside projected ones; how the model was fitted is in test/bench/PROJECTION.md. */
export function projectionRows(): ReproduceRow[] {
  return projectionCells().map((cell) =>
    reproduceRow({
      id: cell.id,
      source: cell.source,
      quantity: cell.quantity,
      unit: cell.unit,
      published: cell.published,
      ours: projectedValue(cell),
      tolerance: toleranceOf(cell),
      note: noteOf(cell),
    }),
  );
}
