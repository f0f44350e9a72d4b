import { compareWithReference, errorMeasurement } from './compare.ts';
import type { Execution } from './execution.ts';
import { planReader } from './inputs.ts';
import { sampleKeyRows } from './keyRows.ts';
import type { ErrorMeasurement } from './measurement.ts';
import { type OutputScan, scanOutput } from './outputs.ts';
import { referenceGradients } from './reference/backward.ts';
import { referenceRows } from './reference/forward.ts';
import { sampleRows } from './rows.ts';
import type { Tensors } from './tensors.ts';

/** Every output of a run as it was read back, by name. */
export type Outputs = Map<string, OutputScan>;

/** Which rows are compared, ascending: of O, LSE and dQ, and of dK and dV. */
export interface CheckedRows {
  queries: readonly number[];
  keys: readonly number[];
}

export const noRows: CheckedRows = { queries: [], keys: [] };

const rowsOf: Record<string, keyof CheckedRows> = {
  o: 'queries',
  lse: 'queries',
  dq: 'queries',
  dk: 'keys',
  dv: 'keys',
};

/** The sample of a check; `wanted` rows of each kind, fewer dK and dV rows where they would take too long. */
export function rowsToCheck({ plan }: Execution, wanted: number | 'all'): CheckedRows {
  if (!plan.problem) return noRows;
  const { problem, tiling, pass } = plan;
  return {
    queries: sampleRows(problem, tiling.br, wanted),
    keys: pass === 'backward' ? sampleKeyRows(problem, tiling.bc, wanted) : [],
  };
}

/** Reads every output back; `rows` are kept for a comparison. */
export async function readOutputs(
  execution: Execution,
  tensors: Tensors,
  rows: CheckedRows,
): Promise<Outputs> {
  const outputs: Outputs = new Map();
  for (const buffer of execution.plan.buffers) {
    if (buffer.role !== 'output') continue;
    execution.reporter.report('readback', null, 0);
    const kind = rowsOf[buffer.name];
    outputs.set(buffer.name, await scanOutput(execution, tensors, buffer, kind ? rows[kind] : []));
  }
  return outputs;
}

/** Compares the sampled rows with float64, by output. An output of which no row could be taken has no entry. */
export async function checkOutputs(
  execution: Execution,
  outputs: Outputs,
  rows: CheckedRows,
): Promise<Record<string, ErrorMeasurement>> {
  const { problem } = execution.plan;
  if (!problem) return {};
  const { batch, heads, kvHeads, seqLenQ, seqLenKv } = problem;
  const of = { queries: batch * heads * seqLenQ, keys: batch * kvHeads * seqLenKv };
  const errors: Record<string, ErrorMeasurement> = {};
  for (const [name, expected] of await references(execution, outputs, rows)) {
    const scan = outputs.get(name);
    const kind = rowsOf[name]!;
    if (!scan || rows[kind].length === 0) continue;
    const comparison = compareWithReference(scan.sampled, expected);
    errors[name] = errorMeasurement(comparison, rows[kind].length, of[kind], scan.nonFinite);
  }
  return errors;
}

/** What the outputs should hold, by name: the forward pass or the gradients, whichever the plan writes. */
async function references(
  { plan, given, reporter, signal }: Execution,
  outputs: Outputs,
  { queries, keys }: CheckedRows,
): Promise<[string, Float64Array][]> {
  if (!plan.problem) return [];
  const read = planReader(plan, given);
  reporter.report('check', null, 0);
  const options = { signal, onProgress: (fraction: number) => reporter.report('check', null, fraction) };
  const expected: [string, Float64Array][] = [];
  if (outputs.has('o') || outputs.has('lse')) {
    expected.push(...Object.entries(await referenceRows(plan.problem, plan.tiling, queries, read, options)));
  }
  if (plan.pass === 'backward') {
    const rows = { queryRows: queries, keyRows: keys };
    expected.push(
      ...Object.entries(await referenceGradients(plan.problem, plan.tiling, rows, read, options)),
    );
  }
  return expected;
}

/**
 * NaN, infinity and poison in the outputs, in words; null where there is none. Where overflow is what the
 * algorithm shows, only elements that nobody wrote are at fault.
 */
export function faultOf(outputs: Outputs, mayOverflow: boolean): string | null {
  const faults: string[] = [];
  for (const [name, { elements, nonFinite, unwritten, firstNonFinite }] of outputs) {
    if ((mayOverflow ? unwritten : nonFinite) === 0) continue;
    faults.push(
      `output ${name} has ${nonFinite} of ${elements} elements that are not finite, ` +
        `${unwritten} of them never written, the first at ${firstNonFinite}`,
    );
  }
  return faults.length === 0 ? null : faults.join('; ');
}
