import { rowLayout } from '../attention/storage.ts';
import type { Execution } from './execution.ts';
import { unpackRows } from './packing.ts';
import { readWords } from './readback.ts';
import type { Tensors } from './tensors.ts';

/** Reads every output back whole and hands it out, rows x width. */
export async function handOut(
  execution: Execution,
  tensors: Tensors,
  onOutput: (name: string, values: Float32Array) => void,
): Promise<void> {
  for (const { name, role, elements } of execution.plan.buffers) {
    if (role !== 'output') continue;
    execution.reporter.report('readback', null, 0);
    const { buffer, bytes } = tensors.get(name)!;
    const whole = new Uint32Array(bytes / 4);
    for await (const { from, words } of readWords(execution, buffer, bytes)) whole.set(words, from);
    onOutput(name, unpackRows(whole, rowLayout(elements.dtype, elements.width)));
  }
}
