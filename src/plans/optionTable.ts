import { alibiSlopes, streams } from '../attention/options.ts';
import type { Problem } from '../attention/problem.ts';
import { normalAt } from '../attention/random/stream.ts';
import { f32Word } from './params.ts';
import type { PlanBuffer } from './plan.ts';

/** Where each option's values lie in the table, in words; 0 where it is off. */
export interface OptionTable {
  words: number[];
  constants: Record<string, number>;
}

/** Binding of the table, beside the parameter block. */
export const optionTableBinding = 1;

/** Lengths by batch entry, slopes and sinks by head, and starts of packed sequences with the end. */
export function optionTable(problem: Problem): OptionTable {
  const words: number[] = [];
  const place = (values: number[] | null): number => {
    if (!values) return 0;
    words.push(...values);
    return words.length - values.length;
  };
  const { heads, seed } = problem;
  const lengthsAt = place(problem.lengths);
  const slopesAt = place(problem.alibi ? alibiSlopes(heads).map(f32Word) : null);
  const sinksAt = place(problem.sinks ? sinkLogits(seed, heads).map(f32Word) : null);
  const segmentsAt = place(problem.packed ? starts(problem.packed) : null);
  while (words.length % 4 !== 0) words.push(0);
  return {
    words,
    constants: {
      LENGTHS_AT: lengthsAt,
      SLOPES_AT: slopesAt,
      SINKS_AT: sinksAt,
      SEGMENTS_AT: segmentsAt,
      SEGMENTS: problem.packed?.length ?? 1,
      TABLE_VEC4S: Math.max(1, words.length / 4),
    },
  };
}

function sinkLogits(seed: number, heads: number): number[] {
  return Array.from({ length: heads }, (_, head) => normalAt(seed, streams.sinks, head));
}

function starts(lengths: readonly number[]): number[] {
  let at = 0;
  return [0, ...lengths.map((length) => (at += length))];
}

/** The table as a buffer; null where no option needs one. */
export function optionTableBuffer(problem: Problem): PlanBuffer | null {
  const { words } = optionTable(problem);
  if (words.length === 0) return null;
  return {
    name: 'option_table',
    role: 'table',
    bytes: words.length * 4,
    elements: { dtype: 'f32', width: 1 },
    fill: { kind: 'words', words },
  };
}
