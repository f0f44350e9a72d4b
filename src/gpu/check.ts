import { compareWithReference, errorMeasurement } from './compare.ts';
import { GpuError } from './errors.ts';
import type { Execution } from './execution.ts';
import { type NormalStream, normalReader } from './inputs.ts';
import type { ErrorMeasurement } from './measurement.ts';
import { type OutputScan, scanOutput } from './outputs.ts';
import { referenceRows } from './reference.ts';
import { sampleRows } from './rows.ts';
import type { Tensors } from './tensors.ts';

/** Every output of a run as it was read back, by name. */
export type Outputs = Map<string, OutputScan>;

export interface Checked {
  errors: Record<string, ErrorMeasurement>;
  /** What is wrong with the outputs whatever their error: NaN, infinity, unwritten elements. */
  fault: string | null;
}

/** Elements of an output that belong to one query row. */
function rowWidth(execution: Execution, output: string): number {
  return output === 'o' ? execution.plan.problem.headDimV : 1;
}

/** Reads every output back; `rows` are kept for a comparison. */
export async function readOutputs(
  execution: Execution,
  tensors: Tensors,
  rows: readonly number[],
): Promise<Outputs> {
  const outputs: Outputs = new Map();
  for (const { name, role } of execution.plan.buffers) {
    if (role !== 'output') continue;
    execution.reporter.report('readback', null, 0);
    const kept = name === 'o' || name === 'lse' ? rows : [];
    outputs.set(name, await scanOutput(execution, tensors, name, kept, rowWidth(execution, name)));
  }
  return outputs;
}

export function rowsToCheck({ plan }: Execution, wanted: number | 'all'): number[] {
  if (plan.pass !== 'forward') {
    throw new GpuError(`Checking against float64 is for the forward pass; this plan is ${plan.pass}.`);
  }
  if (plan.problem.dtype !== 'f32') {
    throw new GpuError(
      `Checking against float64 is for f32 tensors; this problem stores ${plan.problem.dtype}.`,
    );
  }
  return sampleRows(plan.problem, plan.tiling.br, wanted);
}

/** Compares the sampled rows of o and lse with float64. */
export async function checkOutputs(
  execution: Execution,
  outputs: Outputs,
  rows: readonly number[],
): Promise<Checked> {
  const { plan, reporter, signal } = execution;
  const { problem } = plan;
  const streams = new Map<string, NormalStream>();
  for (const { name, fill } of plan.buffers) if (fill.kind === 'normal') streams.set(name, fill);
  reporter.report('check', null, 0);
  const reference = await referenceRows(problem, rows, normalReader(streams), {
    signal,
    onProgress: (fraction) => reporter.report('check', null, fraction),
  });
  const errors: Record<string, ErrorMeasurement> = {};
  const of = problem.batch * problem.heads * problem.seqLenQ;
  for (const name of ['o', 'lse'] as const) {
    const scan = outputs.get(name);
    if (!scan) continue;
    const comparison = compareWithReference(scan.sampled, reference[name]);
    errors[name] = errorMeasurement(comparison, rows.length, of, scan.nonFinite);
  }
  return { errors, fault: faultOf(outputs) };
}

/** NaN, infinity and poison in the outputs, in words; null where there is none. */
export function faultOf(outputs: Outputs): string | null {
  const faults: string[] = [];
  for (const [name, { elements, nonFinite, unwritten, firstNonFinite }] of outputs) {
    if (nonFinite === 0) continue;
    faults.push(
      `output ${name} has ${nonFinite} of ${elements} elements that are not finite, ` +
        `${unwritten} of them never written, the first at ${firstNonFinite}`,
    );
  }
  return faults.length === 0 ? null : faults.join('; ');
}
