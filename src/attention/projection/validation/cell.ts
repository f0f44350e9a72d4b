import { forwardFlops } from '../../cost/flops.ts';
import type { GpuModel } from '../../devices/device.ts';
import { findGpu } from '../../devices/find.ts';
import { noOptions, type Pass, type Problem } from '../../problem.ts';
import type { Implementation } from '../implementations/implementation.ts';
import { machineOfGpu } from '../machine.ts';
import { projectTime } from '../projectTime.ts';
import type { KernelTraits } from '../traits.ts';

/** A published time or throughput, and the call that it is of. */
export interface BenchmarkCell {
  id: string;
  source: string;
  quantity: string;
  unit: 'TFLOP/s' | 'ms' | 'µs';
  published: number;
  implementation: Implementation;
  problem: Problem;
  passes: readonly Pass[];
  gpu: GpuModel;
}

/** Traits in the place of an implementation's own: how a parameter is varied to fit it. */
export type TraitsChange = (traits: KernelTraits, pass: Pass) => KernelTraits;

/** What the model says of a cell, in the cell's unit. */
export function projectedValue(cell: BenchmarkCell, change: TraitsChange = (traits) => traits): number {
  return inUnit(cell, projectedMs(cell, change).ms);
}

/** The range that the model gives a cell, in the cell's unit. */
export function projectedRange(cell: BenchmarkCell): { low: number; high: number } {
  const { lowMs, highMs } = projectedMs(cell, (traits) => traits);
  const ends = [inUnit(cell, lowMs), inUnit(cell, highMs)];
  return { low: Math.min(...ends), high: Math.max(...ends) };
}

function projectedMs(cell: BenchmarkCell, change: TraitsChange): Record<'ms' | 'lowMs' | 'highMs', number> {
  const { implementation, problem, passes, gpu } = cell;
  const sum = { ms: 0, lowMs: 0, highMs: 0 };
  for (const pass of passes) {
    const stages = implementation.stages(problem, pass, gpu);
    const traits = change(implementation.traits(pass, gpu), pass);
    const projection = projectTime(stages, machineOfGpu(gpu), traits);
    if (!projection.ok) throw new Error(`${cell.id}: ${projection.error}`);
    for (const name of ['ms', 'lowMs', 'highMs'] as const) sum[name] += projection.value[name];
  }
  return sum;
}

function inUnit({ unit, problem, passes }: BenchmarkCell, ms: number): number {
  if (unit === 'ms') return ms;
  return unit === 'µs' ? ms * 1e3 : nominalFlops(problem, passes) / (ms * 1e9);
}

/** FLOPs by the rule of the FlashAttention benchmarks: the backward pass counts 2.5 times the forward pass. */
function nominalFlops(problem: Problem, passes: readonly Pass[]): number {
  const { nominal } = forwardFlops(problem);
  return passes.reduce((sum, pass) => sum + Number(nominal) * (pass === 'forward' ? 1 : 2.5), 0);
}

/** A self-attention problem in f16 without options. */
export function selfAttention(batch: number, heads: number, seqLen: number, headDim: number): Problem {
  return {
    ...{ batch, heads, kvHeads: heads, seqLenQ: seqLen, seqLenKv: seqLen, headDim, headDimV: headDim },
    ...noOptions,
    ...{ dtype: 'f16', seed: 0 },
  };
}

/** What the implementation of a cell is called in a table. */
export const shortName = ({ traits }: Implementation, gpu: GpuModel) => traits('forward', gpu).name;

/** A row of the table that is known to be there. */
export function knownGpu(id: string): GpuModel {
  const gpu = findGpu(id);
  if (!gpu.ok) throw new Error(gpu.error);
  return gpu.value;
}
