import { formatInteger } from '../../attention/units.ts';
import type { DocumentProblem } from './schema.ts';

/** The options of a problem that are on, a few words each; long lists are summed up. */
export function optionWords(problem: DocumentProblem): string[] {
  const { window, lengths, packed, bias, alibi, softcap, sinks, dropout, blockMask, ringDevices } = problem;
  const words: string[] = [];
  if (window) words.push(`window ${side(window[0])} left, ${side(window[1])} right`);
  if (lengths) words.push(`key lengths ${list(lengths)}`);
  if (packed) words.push(`packed ${list(packed)}`);
  if (bias) words.push(`bias ${bias}`);
  if (alibi) words.push('ALiBi');
  if (softcap !== null) words.push(`softcap ${softcap}`);
  if (sinks) words.push('sinks');
  if (dropout !== null) words.push(`dropout ${dropout}`);
  if (blockMask) words.push(`block mask ${blockMask}`);
  if (ringDevices !== null) words.push(`${formatInteger(ringDevices)} ring devices`);
  return words;
}

const shown = 8;

function list(numbers: readonly number[]): string {
  if (numbers.length === 0) return 'none';
  if (numbers.length <= shown) return numbers.join(', ');
  const least = numbers.reduce((a, b) => Math.min(a, b));
  const most = numbers.reduce((a, b) => Math.max(a, b));
  return `of ${formatInteger(numbers.length)} sequences, ${least} to ${most}`;
}

function side(keys: number | null): string {
  return keys === null ? 'open' : String(keys);
}
