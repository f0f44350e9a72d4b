import { formatInteger } from '../../attention/units.ts';
import type { DocumentRun, DocumentTraffic } from '../../profiler/document/schema.ts';
import { sortTensors } from './tensors.ts';

/** Whether the counts of a run equal the closed form of its plan, in every buffer. */
export type CountCheck =
  | { kind: 'equal'; buffers: number }
  | { kind: 'different'; differences: string[] }
  /** Not both are there. */
  | { kind: 'unknown' };

const fields = [
  ['loads', 'loads'],
  ['stores', 'stores'],
  ['readBytes', 'bytes read'],
  ['writeBytes', 'bytes written'],
] as const;

const zero = { readBytes: 0, writeBytes: 0, loads: 0, stores: 0 };

/** Compares with integers of any size; a buffer that one side lacks counts as zero there. */
export function countCheck(run: DocumentRun): CountCheck {
  const { counted, exact } = run.traffic;
  if (!counted || !exact) return { kind: 'unknown' };
  const differences: string[] = [];
  const names = sortTensors([...Object.keys(counted.buffers), ...Object.keys(exact.buffers)]);
  for (const name of names) {
    const [a, b] = [bufferOf(counted, name) ?? zero, bufferOf(exact, name) ?? zero];
    for (const [field, words] of fields) {
      if (BigInt(a[field]) === BigInt(b[field])) continue;
      differences.push(
        `${name} ${words}: ${formatInteger(a[field])} counted, ${formatInteger(b[field])} exact`,
      );
    }
  }
  for (const [field, words] of fields) {
    if (differences.length > 0 || BigInt(counted[field]) === BigInt(exact[field])) continue;
    differences.push(
      `all ${words}: ${formatInteger(counted[field])} counted, ${formatInteger(exact[field])} exact`,
    );
  }
  return differences.length > 0
    ? { kind: 'different', differences }
    : { kind: 'equal', buffers: names.length };
}

export function bufferOf(traffic: DocumentTraffic, name: string) {
  return Object.hasOwn(traffic.buffers, name) ? traffic.buffers[name] : undefined;
}
