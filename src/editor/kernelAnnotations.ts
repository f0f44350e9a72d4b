import { formatBytes, formatCount, formatInteger, formatMs, formatPercent } from '../attention/units.ts';
import type { KernelCount, KernelLine } from '../profiler/kernelCount.ts';
import { bandwidthInWords, timeInWords } from '../profiler/kernelNotes.ts';
import { escapeMarkdown } from './hoverText.ts';

/** What stands behind one line of a kernel. */
export interface KernelAnnotation {
  /** From 0, as the editor counts. */
  line: number;
  text: string;
  /** Markdown. */
  hover: string;
  kind: 'total' | 'line' | 'hot';
}

/** A line that moves at least this part of all bytes is where the time goes. */
const hotShare = 0.25;

/** The entry point gets the totals and the time, every line that accessed a buffer its own. */
export function annotationsOf(count: KernelCount): KernelAnnotation[] {
  const { traffic, lines, entryLine } = count;
  const total: KernelAnnotation = {
    line: entryLine - 1,
    text: totalText(count),
    hover: totalHover(count),
    kind: 'total',
  };
  if (!traffic) return [total];
  const all = Number(traffic.readBytes + traffic.writeBytes);
  return [
    total,
    ...lines.filter(({ line }) => line !== entryLine).map((line) => annotationOf(line, all, count)),
  ];
}

function annotationOf(counted: KernelLine, all: number, count: KernelCount): KernelAnnotation {
  const { line, loads, stores, readBytes, writeBytes } = counted;
  const bytes = readBytes + writeBytes;
  const share = all > 0 ? Number(bytes) / all : 0;
  const parts = [
    ...(loads > 0n ? [countOf(loads, 'load')] : []),
    ...(stores > 0n ? [countOf(stores, 'store')] : []),
    `${formatBytes(bytes)} (${formatPercent(share)})`,
  ];
  return {
    line: line - 1,
    text: parts.join(' · '),
    hover: lineHover(counted, share, count),
    kind: share >= hotShare ? 'hot' : 'line',
  };
}

function countOf(count: bigint, what: string): string {
  return `${formatCount(count)} ${what}${count === 1n ? '' : 's'}`;
}

/** Short, because it stands behind a line of code; the hover has the rest. */
function totalText({ traffic, time, status, device }: KernelCount): string {
  if (status === 'failed') return 'failed';
  return [
    ...(time ? [`${formatMs(time.medianMs)} measured`] : []),
    ...(traffic ? [`${formatBytes(traffic.readBytes + traffic.writeBytes)} counted`] : []),
    ...(device.type === 'software' ? ['software adapter'] : []),
  ].join(' · ');
}

/** Hovers set the columns of a table close together; spaces that do not break keep them apart. */
function tableRow([first, ...others]: readonly string[]): string {
  return `| ${first} | ${others.map((cell) => `&nbsp;&nbsp;&nbsp;${cell}`).join(' | ')} |`;
}

function totalHover(count: KernelCount): string {
  const { name, device, dispatch, workgroupSize, traffic, buffers, notes, reason } = count;
  const size = workgroupSize ? ` of ${workgroupSize.join(' × ')}` : '';
  const heading = `**${escapeMarkdown(name)}** on ${escapeMarkdown(device.name)}: ${dispatch.join(' × ')} workgroups${size}`;
  const rows = buffers.flatMap(({ name: buffer, bytes }) => {
    const own = traffic?.buffers[buffer];
    if (!own) return [];
    const { loads, stores, readBytes, writeBytes } = own;
    const cells = [formatCount(loads), formatCount(stores), formatBytes(readBytes), formatBytes(writeBytes)];
    return [tableRow([`\`${buffer}\``, formatBytes(bytes), ...cells])];
  });
  const table =
    rows.length === 0
      ? []
      : [
          [
            tableRow(['buffer', 'size', 'loads', 'stores', 'read', 'written']),
            '|:--|--:|--:|--:|--:|--:|',
            ...rows,
          ].join('\n'),
        ];
  const sentences = [timeInWords(count), bandwidthInWords(count), ...notes, reason].filter(
    (each) => each !== null,
  );
  return [heading, ...table, ...sentences.map(escapeMarkdown)].join('\n\n');
}

function lineHover({ sites }: KernelLine, share: number, { device }: KernelCount): string {
  const rows = sites.map(({ buffer, kind, count, bytesPerAccess }) => {
    const bytes = formatBytes(count * BigInt(bytesPerAccess));
    return tableRow([`${kind} \`${buffer}\``, formatInteger(count), `${bytesPerAccess} B`, bytes]);
  });
  const table = [tableRow(['access', 'executed', 'each', 'in all']), '|:--|--:|--:|--:|', ...rows].join('\n');
  return `${table}\n\n${formatPercent(share)} of the bytes that the kernel moved. Counted on ${escapeMarkdown(device.name)}.`;
}
