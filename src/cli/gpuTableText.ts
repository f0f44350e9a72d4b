import type { GpuModel } from '../attention/devices/device.ts';
import type { Style } from './style.ts';
import { textTable } from './textTable.ts';

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB'];

/** Data sheets count memory in powers of two. */
function inBinary(bytes: number): string {
  const power = Math.min(3, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 1024 ** power).toPrecision(4))} ${binaryUnits[power]}`;
}

/** A row for each GPU of the device table; a value that no source confirms has a question mark, `-` is unknown. */
export function gpuTableText(table: readonly GpuModel[], style: Style): string {
  const lines = textTable(
    [
      { title: '--device', align: 'left' },
      { title: 'memory', align: 'right' },
      { title: 'GB/s', align: 'right' },
      { title: 'cache', align: 'right' },
      { title: 'matmul TF', align: 'right' },
      { title: 'f32 TF', align: 'right' },
      { title: 'SMs', align: 'right' },
      { title: 'shared', align: 'right' },
      { title: 'GHz', align: 'right' },
    ],
    table.map((row) => [
      row.id,
      cell(row, 'memoryBytes', inBinary),
      cell(row, 'bandwidthGBs'),
      row.lastLevelCacheBytes === null
        ? cell(row, 'l2Bytes', inBinary)
        : cell(row, 'lastLevelCacheBytes', inBinary),
      cell(row, 'matmulTflops'),
      cell(row, 'f32Tflops'),
      cell(row, 'multiprocessors'),
      cell(row, 'sharedMemoryPerMultiprocessorBytes', inBinary),
      cell(row, 'clockGHz'),
    ]),
    style,
  );
  return `${[
    ...lines,
    '',
    style.faint('Published figures, dense matrix products with f32 sums. ?: no source at hand confirms it.'),
    style.faint('--json has the sources. --device-table FILE adds rows or changes values.'),
  ].join('\n')}\n`;
}

function cell(
  row: GpuModel,
  field: keyof GpuModel,
  format: (value: number) => string = (value) => String(Number(value.toPrecision(4))),
): string {
  const value = row[field];
  if (typeof value !== 'number') return '-';
  return `${format(value)}${row.unverified.includes(field) ? '?' : ''}`;
}
