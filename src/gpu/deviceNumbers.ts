import { rowLayout } from '../attention/storage.ts';
import type { Execution } from './execution.ts';
import { readWords } from './readback.ts';
import type { Tensors } from './tensors.ts';

/** Reads what a plan asks for after its first run; each buffer is read once for each number. */
export async function readDeviceNumbers(
  execution: Execution,
  tensors: Tensors,
): Promise<Record<string, number>> {
  const numbers: Record<string, number> = {};
  for (const { name, buffer: from, column, of } of execution.plan.deviceNumbers ?? []) {
    execution.reporter.report('readback', null, 0);
    const { elements } = execution.plan.buffers.find((each) => each.name === from)!;
    const { buffer, bytes } = tensors.get(from)!;
    const stride = rowLayout(elements.dtype, elements.width).bytes / 4;
    let result = 0;
    for await (const { from: first, words } of readWords(execution, buffer, bytes)) {
      for (let at = (stride + column - (first % stride)) % stride; at < words.length; at += stride) {
        result += of === 'sum' ? words[at]! : Math.min(1, words[at]!);
      }
    }
    numbers[name] = result;
  }
  return numbers;
}
