import { formatError, formatInteger, unknown } from '../attention/units.ts';
import type { ErrorMeasurement } from '../gpu/measurement.ts';
import { formatNpyShape } from '../host/npy.ts';
import { optionWords } from '../profiler/document/optionWords.ts';
import type { DocumentProblem } from '../profiler/document/schema.ts';
import type { Style } from './style.ts';
import { cut, textTable, wrap } from './textTable.ts';

export interface WrittenTensor {
  name: string;
  file: string;
  shape: number[];
  /** Type in the file. */
  dtype: 'f32' | 'f16';
  /** Against float64; null where it was not compared. */
  error: ErrorMeasurement | null;
}

/** What `run` prints as JSON. */
export interface RunReport {
  algorithm: string;
  adapter: string;
  software: boolean;
  problem: DocumentProblem;
  outputs: WrittenTensor[];
}

/** The outputs, where they lie and how far they are from float64. */
export function runText({ algorithm, adapter, problem, outputs }: RunReport, style: Style): string {
  const causal = problem.causal ? `causal ${problem.causal}` : 'not causal';
  const facts = [`stored as ${problem.dtype}`, causal, ...optionWords(problem)];
  const lines = wrap(`${algorithm} on your tensors: ${facts.join(', ')}`).map(style.strong);
  lines.push(cut(`on ${adapter || unknown}`, 100), '');
  const rows = outputs.map(({ name, shape, error }) => [
    name,
    cut(formatNpyShape(shape), 32),
    error ? formatError(error.relativeL2) : '-',
    error ? formatError(error.maxAbs) : '-',
    error ? `${formatInteger(error.rows)} of ${formatInteger(error.of)}` : '-',
  ]);
  lines.push(
    ...textTable(
      [
        { title: 'output', align: 'left' },
        { title: 'shape', align: 'left' },
        { title: 'error, rel. L2', align: 'right' },
        { title: 'largest', align: 'right' },
        { title: 'rows compared', align: 'right' },
      ],
      rows,
      style,
    ),
  );
  lines.push('', ...outputs.flatMap(({ file }) => wrap(`Written to ${file}`)));
  const note = `error: measured, against float64 of the same tensors, rounded to ${problem.dtype} as they are stored.`;
  lines.push('', ...wrap(note).map(style.faint));
  return `${lines.join('\n')}\n`;
}
