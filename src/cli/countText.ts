import { formatBytes, formatCount } from '../attention/units.ts';
import type { KernelCount, KernelLine } from '../profiler/kernelCount.ts';
import { bandwidthInWords, timeInWords } from '../profiler/kernelNotes.ts';
import type { Style } from './style.ts';
import { maxColumns, textTable, wrap } from './textTable.ts';
import { oneLine } from './wrongUse.ts';

/** The kernel's source with what each line accessed in a gutter, then totals per buffer, time and bandwidth. */
export function countText(count: KernelCount, source: string, style: Style): string {
  const { name, entryPoint, dispatch, workgroupSize, device, status, reason, notes } = count;
  const size = workgroupSize ? ` of ${workgroupSize.join(' x ')} invocations` : '';
  const software = device.type === 'software' ? ', a software adapter: its times are not those of a GPU' : '';
  const lines = [
    ...wrap(`${name}: ${entryPoint}, ${dispatch.join(' x ')} workgroups${size}`).map(style.strong),
    ...wrap(`on ${device.name}${software}`),
    '',
  ];
  if (count.traffic) lines.push(...listing(count.lines, source, style), '', ...bufferTable(count, style), '');
  for (const words of [timeInWords(count), bandwidthInWords(count)]) if (words) lines.push(...wrap(words));
  for (const note of notes) lines.push(...wrap(note).map(style.warn));
  if (reason) lines.push(...wrap(`${status}: ${reason}`).map(status === 'failed' ? style.bad : style.warn));
  if (count.traffic) lines.push('', ...footer(style));
  return `${lines.join('\n')}\n`;
}

function footer(style: Style): string[] {
  return [
    ...wrap(
      'Counted on the device: each load and store of a storage buffer that was executed, and the bytes it moved. ' +
        'Uniform, workgroup and private memory are not counted.',
    ).map(style.faint),
  ];
}

const gutterColumns = ['loads', 'stores', 'bytes'] as const;
const bufferColumns = ['loads', 'stores', 'read', 'written'] as const;

/** Every line of the source, cut to the width of the text. */
function listing(counted: readonly KernelLine[], source: string, style: Style): string[] {
  const byLine = new Map(counted.map((each) => [each.line, each]));
  const text = source.replace(/(\r?\n)+$/, '').split(/\r?\n/);
  const cells = text.map((_, index) => cellsOf(byLine.get(index + 1)));
  const widths = gutterColumns.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]!.length)),
  );
  const gutter = (row: readonly string[]) => row.map((cell, at) => cell.padStart(widths[at]!)).join('  ');
  const digits = String(text.length).length;
  const room = maxColumns - gutter(gutterColumns).length - digits - 5;
  return [
    style.strong(`${gutter(gutterColumns)}  ${'line'.padStart(digits)}`),
    ...text.map((line, index) => {
      const row = gutter(cells[index]!);
      const plain = line
        .replaceAll('\t', '    ')
        .replace(/[\p{Cc}\p{Bidi_Control}]+/gu, ' ')
        .trimEnd();
      const shown = plain.length > room ? `${plain.slice(0, room - 3)}...` : plain;
      const number = String(index + 1).padStart(digits);
      const counts = byLine.has(index + 1) ? style.strong(row) : row;
      return `${counts}  ${style.faint(`${number} |`)} ${shown}`.trimEnd();
    }),
  ];
}

function cellsOf(line: KernelLine | undefined): string[] {
  if (!line) return gutterColumns.map(() => '');
  const { loads, stores, readBytes, writeBytes } = line;
  return [
    loads > 0n ? formatCount(loads) : '',
    stores > 0n ? formatCount(stores) : '',
    formatBytes(readBytes + writeBytes),
  ];
}

function bufferTable({ buffers, traffic, lines }: KernelCount, style: Style): string[] {
  const rows = buffers.map(({ name, type, bytes, space }) => {
    const own = traffic!.buffers[name];
    const counts =
      space === 'uniform' || !own
        ? ['-', '-', '-', '-']
        : [
            formatCount(own.loads),
            formatCount(own.stores),
            formatBytes(own.readBytes),
            formatBytes(own.writeBytes),
          ];
    return [name, short(type), formatBytes(bytes), ...counts];
  });
  const { loads, stores, readBytes, writeBytes } = traffic!;
  const total = [formatCount(loads), formatCount(stores), formatBytes(readBytes), formatBytes(writeBytes)];
  const where = lines.length === 1 ? '1 line' : `${lines.length} lines`;
  return textTable(
    [
      { title: 'buffer', align: 'left' },
      { title: 'type', align: 'left' },
      { title: 'size', align: 'right' },
      ...bufferColumns.map((title) => ({ title, align: 'right' as const })),
    ],
    [...rows, ['in all', `on ${where}`, '', ...total]],
    style,
  );
}

function short(type: string): string {
  const text = oneLine(type);
  return text.length > 30 ? `${text.slice(0, 27)}...` : text;
}
