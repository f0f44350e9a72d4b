import { formatInteger } from '../../attention/units.ts';
import type { AttentionSite, SiteField } from '../../shapes/site.ts';
import { type MissingSize, type SizeField, sizeFields } from './siteProblem.ts';

/** Names from a file are cut where they are too long to be read in passing. */
const longestName = 40;

export const sizeNames: Readonly<Record<SizeField, string>> = {
  batch: 'batch',
  heads: 'heads',
  kvHeads: 'K/V heads',
  seqLenQ: 'sequence',
  seqLenKv: 'keys',
  headDim: 'head dim',
  headDimV: 'value dim',
};

/** A size as the code has it: `4,096`, `T`, or `?`. */
export function sizeText({ problem, symbols }: AttentionSite, field: SizeField): string {
  const value = problem[field];
  if (value !== null) return formatInteger(value);
  const symbol = symbols[field];
  return symbol === undefined ? '?' : cut(symbol);
}

/** Fields that say more than the one before them: K/V heads, keys and value dim only where they differ. */
export function shownSizes(site: AttentionSite): SizeField[] {
  const usual: Partial<Record<SizeField, SizeField>> = {
    kvHeads: 'heads',
    seqLenKv: 'seqLenQ',
    headDimV: 'headDim',
  };
  return sizeFields.filter((field) => {
    const other = usual[field];
    return other === undefined || sizeText(site, field) !== sizeText(site, other);
  });
}

/** `8 × 16 × 4,096 × 64`, with symbols for what is not known: batch, heads, sequence, head dim. */
export function shapeWords(site: AttentionSite): string {
  const beside = (field: SizeField, other: SizeField, name: string) => {
    const [own, more] = [sizeText(site, field), sizeText(site, other)];
    return own === more ? own : `${own} (${more} ${name})`;
  };
  return [
    sizeText(site, 'batch'),
    beside('heads', 'kvHeads', 'K/V'),
    beside('seqLenQ', 'seqLenKv', 'keys'),
    beside('headDim', 'headDimV', 'values'),
  ].join(' × ');
}

/** Options that are on, or not known, in a word or two. */
export function optionTexts({ problem, symbols }: AttentionSite): { field: SiteField; text: string }[] {
  const found: { field: SiteField; text: string }[] = [];
  const say = (field: SiteField, text: string) => found.push({ field, text });
  const { causal, window, packed } = problem;
  if (causal) say('causal', `causal ${causal}`);
  if (window) say('window', `window ${window.left ?? '∞'}, ${window.right ?? '∞'}`);
  if (packed) say('packed', `${formatInteger(packed.length)} packed sequences`);
  if (problem.bias) say('bias', 'mask or bias');
  if (problem.alibi) say('alibi', 'ALiBi');
  if (problem.softcap) say('softcap', `softcap ${problem.softcap}`);
  if (problem.sinks) say('sinks', 'sinks');
  if (problem.dropout) say('dropout', `dropout ${problem.dropout}`);
  if (typeof problem.scale === 'number') say('scale', `scale ${problem.scale}`);
  if (problem.dtype) say('dtype', problem.dtype);
  for (const field of ['causal', 'window', 'softcap', 'dropout', 'scale', 'dtype'] as const) {
    const symbol = symbols[field];
    if (problem[field] === null && symbol !== undefined) say(field, `${field} = ${cut(symbol)}`);
  }
  return found;
}

/** `T`, or `K/V heads` where the code has no name for it. */
export function missingName({ symbol, fields }: MissingSize): string {
  return symbol === null ? sizeNames[fields[0]!] : cut(symbol);
}

export function cut(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > longestName ? `${line.slice(0, longestName)}…` : line;
}
