import { readFileSync, statSync } from 'node:fs';
import type { GpuModel } from '../attention/devices/device.ts';
import { findGpu } from '../attention/devices/find.ts';
import { parseGpuTable } from '../attention/devices/parse.ts';
import { gpuTable } from '../attention/devices/table.ts';
import { quote, WrongUse } from './wrongUse.ts';

/** The GPU that is meant where none is named: the one that most papers measured on. */
export const usualGpu = 'a100-80gb-sxm';

/** A table of GPUs is text of a few rows: a larger file is something else. */
const mostBytes = 1024 * 1024;

/** The table, with the rows of a user's JSON file added or in place of those with the same id. Throws WrongUse. */
export function readGpuTable(file: string | undefined): readonly GpuModel[] {
  if (file === undefined) return gpuTable;
  const wrong = (why: string) => new WrongUse(`--device-table ${quote(file)}: ${why}`);
  let json: unknown;
  try {
    if (statSync(file).size > mostBytes) throw wrong(`it is larger than ${mostBytes} bytes`);
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof WrongUse) throw error;
    throw wrong(error instanceof SyntaxError ? 'it is not valid JSON' : 'it cannot be read: check the path');
  }
  const table = parseGpuTable(json);
  if (!table.ok) throw wrong(table.error);
  return table.value;
}

/** The row that a name means. Throws WrongUse. */
export function readGpu(option: string, text: string, table: readonly GpuModel[]): GpuModel {
  const found = findGpu(text, table);
  if (!found.ok) throw new WrongUse(`${option}: ${found.error}`);
  return found.value;
}
