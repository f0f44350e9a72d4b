import type { Pass } from '../../problem.ts';
import type { KernelTraits, Parameter } from '../traits.ts';
import { type BenchmarkCell, projectedValue, type TraitsChange } from './cell.ts';
import { figure4Cells, figure5Cells } from './figureCells.ts';
import { timeTableCells } from './tableCells.ts';

type ParameterName = 'bandwidthEfficiency' | 'matmulEfficiency' | 'exponentialOverlap';

/** A parameter of the model that is fitted, and the published cells that it is fitted to. */
export interface Calibration {
  id: string;
  parameter: ParameterName;
  /** The pass whose kernels have it; both where left out. */
  pass?: Pass;
  what: string;
  on: string;
  cells: () => BenchmarkCell[];
}

const seqLen = ({ problem }: BenchmarkCell) => problem.seqLenQ;
const isOf = (id: string) => (cell: BenchmarkCell) => cell.implementation.id === id;

/** Every parameter that was fitted, one value each; all others are published or assumed. */
export const calibrations: readonly Calibration[] = [
  {
    id: 'bandwidth',
    parameter: 'bandwidthEfficiency',
    what: 'share of the bandwidth that accesses reach, for every implementation',
    on: 'PyTorch in FlashAttention-2 Figure 4, N = 1k to 8k, 16 cells',
    cells: () => figure4Cells().filter((cell) => isOf('pytorch-eager')(cell) && seqLen(cell) >= 1024),
  },
  {
    id: 'flash1-forward',
    parameter: 'matmulEfficiency',
    what: 'FlashAttention, forward: share of the derated matmul rate',
    on: 'FlashAttention Table 18, N = 16384, 1 cell',
    cells: () => timeTableCells().filter(({ id }) => id === 'time-flash1-table18-flash-n16384'),
  },
  {
    id: 'flash1-backward',
    parameter: 'matmulEfficiency',
    what: 'FlashAttention, backward: share of the derated matmul rate',
    on: 'FlashAttention Table 19, N = 16384, 1 cell',
    cells: () => timeTableCells().filter(({ id }) => id === 'time-flash1-table19-flash-n16384'),
  },
  {
    id: 'flash2-backward',
    parameter: 'matmulEfficiency',
    pass: 'backward',
    what: 'FlashAttention-2, backward: share of the derated matmul rate',
    on: 'FlashAttention-2 in Figure 4, not causal, N = 16k, d = 64 and 128, 2 cells',
    cells: () =>
      figure4Cells().filter(
        (cell) => isOf('flash-attention-2')(cell) && seqLen(cell) === 16384 && !cell.problem.causal,
      ),
  },
  {
    id: 'flash2-hopper',
    parameter: 'matmulEfficiency',
    what: "FlashAttention-2 on Hopper, forward: share of the derated matmul rate that Ampere's instructions reach",
    on: 'FlashAttention-2 in FlashAttention-3 Figure 5, d = 64, N = 16k, 1 cell',
    cells: () => figure5Cells().filter(({ id }) => id === 'time-flash3-figure5-flash2-d64-n16384'),
  },
  {
    id: 'flash3-overlap',
    parameter: 'exponentialOverlap',
    what: 'FlashAttention-3: share of the exponentials hidden behind products',
    on: 'FlashAttention-3 in Figure 5, N = 16k, d = 64, 128 and 256, 3 cells',
    cells: () => figure5Cells().filter((cell) => isOf('flash-attention-3')(cell) && seqLen(cell) === 16384),
  },
];

/** Sum of the squared logarithms of projected over published. */
export function squaredError(cells: readonly BenchmarkCell[], change?: TraitsChange): number {
  return cells.reduce((sum, cell) => sum + Math.log(projectedValue(cell, change) / cell.published) ** 2, 0);
}

/** The parameter as the model has it for these cells. */
export function valueInUse({ parameter, pass, cells }: Calibration): number {
  const [cell] = cells();
  if (cell === undefined) throw new Error('a calibration without cells');
  const traits = cell.implementation.traits(pass ?? cell.passes[0]!, cell.gpu);
  return traits[parameter].typical;
}

/** Least squares over the cells by golden section search between `from` and `to`. */
export function leastSquares(calibration: Calibration, from = 0.05, to = 1.2): number {
  const cells = calibration.cells();
  const error = (value: number) => squaredError(cells, withValue(calibration, value));
  const ratio = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [from, to];
  while (high - low > 1e-5) {
    const left = high - ratio * (high - low);
    const right = low + ratio * (high - low);
    if (error(left) < error(right)) high = right;
    else low = left;
  }
  return (low + high) / 2;
}

function withValue({ parameter, pass }: Calibration, typical: number): TraitsChange {
  const at = (old: Parameter): Parameter => ({ ...old, typical });
  return (traits: KernelTraits, of: Pass) =>
    pass === undefined || pass === of ? { ...traits, [parameter]: at(traits[parameter]) } : traits;
}
