import { optionWords } from '../../attention/problem.ts';
import { formatShape } from '../../attention/shape.ts';
import { formatInteger } from '../../attention/units.ts';
import type { DistinctShape, LiveShape } from '../../shapes/recorded/liveShape.ts';
import { formatTensor } from '../../shapes/recorded/observedCall.ts';
import type { RecordedCall } from '../../shapes/recorded/recording.ts';
import { escapeMarkdown } from '../hoverText.ts';

/** Rows of a table in a hover; the rest is a number. */
const mostRows = 6;

/** `b=2 h=8 kv=2 n=7 m=19 d=64` and the options that are on. */
export function describeLiveShape({ problem }: LiveShape): string {
  return [formatShape(problem), ...optionWords(problem)].join(', ');
}

/** The Markdown of a call of a paused frame: what it is about to do, and the link that profiles it. */
export function liveCallText(shape: LiveShape, link: string): string {
  return [
    `**Attention** live: ${escapeMarkdown(shape.title)}  \n${escapeMarkdown(describeLiveShape(shape))}`,
    `${escapeMarkdown(formatTensor(shape.query))} in the paused program. ${link}`,
    ...notesOf([shape]),
  ].join('\n\n');
}

export interface RecordedTextOptions {
  shapes: readonly DistinctShape<RecordedCall>[];
  /** Calls of the line that are not understood, each with its reason. */
  others: readonly { count: number; reason: string }[];
  /** When and how the run ended: `recorded 5 minutes ago`. */
  when: string;
  /** The link that profiles a shape. */
  link: (shape: LiveShape) => string;
}

/** The Markdown of a line that made attention calls in a recorded run, the most frequent shape first. */
export function recordedText({ shapes, others, when, link }: RecordedTextOptions): string {
  const calls =
    shapes.reduce((sum, { count }) => sum + count, 0) + others.reduce((sum, { count }) => sum + count, 0);
  const titles = [...new Set(shapes.map(({ shape }) => shape.title))].map(escapeMarkdown).join(', ');
  const head = `**Attention** that ran here: ${plural(calls, 'call')}${titles ? ` of ${titles}` : ''}, ${escapeMarkdown(when)}`;
  const rows = shapes.slice(0, mostRows).map(({ shape, count }) => {
    const cells = [formatInteger(count), describeLiveShape(shape), formatDtype(shape)].map(escapeMarkdown);
    return `| ${[...cells, link(shape)].join(' | ')} |`;
  });
  const table = ['| calls | shape | tensors | |', '|--:|:--|:--|:--|', ...rows].join('\n');
  const left = shapes.length - rows.length;
  return [
    head,
    ...(rows.length > 0 ? [table] : []),
    ...(left > 0 ? [`and ${plural(left, 'more shape')}; *Attention: Profile What Ran* lists them all.`] : []),
    ...notesOf(shapes.slice(0, mostRows).map(({ shape }) => shape)),
    ...others
      .slice(0, 2)
      .map(({ count, reason }) => escapeMarkdown(`${plural(count, 'call')} not understood: ${reason}.`)),
  ].join('\n\n');
}

/** `1 call`, `2,000 calls` */
export function plural(count: number, noun: string): string {
  return `${formatInteger(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function formatDtype({ query: { dtype, device } }: LiveShape): string {
  return device ? `${dtype}, ${device}` : dtype;
}

function notesOf(shapes: readonly LiveShape[]): string[] {
  const notes = [...new Set(shapes.flatMap(({ notes }) => notes))];
  return notes.length > 0 ? [`*${notes.map(escapeMarkdown).join('; ')}*`] : [];
}
