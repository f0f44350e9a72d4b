import type { Result } from '../../attention/shape.ts';

/**
 * What a sweep can vary, in the order in which points are named: sizes as `parseShape` calls them, `seq` for both
 * lengths at once, and the rows of a tile.
 */
export const axisNames = ['b', 'h', 'kv', 'seq', 'n', 'm', 'd', 'dv', 'br', 'bc'] as const;
export type AxisName = (typeof axisNames)[number];

/** One thing that varies, and its values: whole numbers, rising. */
export interface Axis {
  name: AxisName;
  values: number[];
}

/** Sizes that one axis may take, and points that all axes together may have. */
export const maxPoints = 1000;

const usage =
  'give NAME=512..8192 (doubling), 512..8192:512 (steps), 512..8192*1.5 (factor) or 512,1024,3000';

/** Several axes, in the order of `axisNames` whatever order they were given in; they cross. Errors are one line. */
export function parseAxes(texts: readonly string[]): Result<Axis[]> {
  const axes: Axis[] = [];
  for (const text of texts) {
    const axis = parseAxis(text);
    if (!axis.ok) return axis;
    axes.push(axis.value);
  }
  return checkAxes(axes);
}

/** `seq=512..8192`, `d=64,128`: a name and its values. */
export function parseAxis(text: string): Result<Axis> {
  const [, given = '', values = ''] = /^\s*([^=\s]*)\s*=(.*)$/s.exec(text) ?? [];
  const name = axisNames.find((each) => each === given.toLowerCase());
  if (!name) {
    return fail(`${quote(text)} varies nothing known: the names are ${axisNames.join(', ')}; ${usage}`);
  }
  const parsed = parseValues(values);
  return parsed.ok ? { ok: true, value: { name, values: parsed.value } } : fail(`${name}: ${parsed.error}`);
}

/** Axes that go together: each once, not both lengths and one of them, no more points than a sweep may have. */
export function checkAxes(axes: readonly Axis[]): Result<Axis[]> {
  const names = axes.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice) return fail(`${twice} is varied twice: give all its values at once, ${twice}=512,1024`);
  const length = names.find((name) => name === 'n' || name === 'm');
  if (length && names.includes('seq')) {
    return fail(`seq is both lengths, so ${length} cannot vary beside it: vary n and m, or seq alone`);
  }
  if (axes.length === 0) return fail(`nothing varies: ${usage}`);
  const points = axes.reduce((product, { values }) => product * values.length, 1);
  if (points > maxPoints) {
    return fail(`the sweep has ${points} points, at most ${maxPoints}: vary less, or in larger steps`);
  }
  return { ok: true, value: axisNames.flatMap((name) => axes.find((axis) => axis.name === name) ?? []) };
}

/** Numbers and ranges separated by commas, as rising numbers, each once. */
function parseValues(text: string): Result<number[]> {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const parsed = parsePart(part.trim());
    if (!parsed.ok) return parsed;
    for (const value of parsed.value) values.add(value);
    if (values.size > maxPoints) return fail(`more than ${maxPoints} values: give larger steps`);
  }
  return { ok: true, value: [...values].sort((a, b) => a - b) };
}

const range = /^(\d{1,10})\s*\.\.\s*(\d{1,10})\s*(?:(:)\s*(\d{1,10})|[*x×]\s*(\d{1,4}(?:\.\d{1,6})?))?$/;

function parsePart(part: string): Result<number[]> {
  if (/^\d{1,10}$/.test(part)) {
    return Number(part) >= 1 ? { ok: true, value: [Number(part)] } : fail('sizes are at least 1, not 0');
  }
  const [whole, low, high, steps, step, factor] = range.exec(part) ?? [];
  if (whole === undefined) return fail(`${quote(part)} is not understood: ${usage}`);
  const [first, last] = [Number(low), Number(high)];
  if (first < 1) return fail('sizes are at least 1, not 0');
  if (last < first) return fail(`${quote(part)} ends before it begins: give the smaller size first`);
  return steps === undefined
    ? growing(first, last, factor === undefined ? 2 : Number(factor))
    : stepping(first, last, Number(step));
}

function stepping(first: number, last: number, step: number): Result<number[]> {
  if (step < 1) return fail('steps are at least 1, not 0');
  const count = Math.floor((last - first) / step) + 1;
  if (count > maxPoints) return fail(`${count} values, at most ${maxPoints}: give larger steps`);
  return { ok: true, value: Array.from({ length: count }, (_, index) => first + index * step) };
}

/** Below this a range would name the same whole numbers over and over. */
const smallestFactor = 1.01;

/** first, first f, first f^2, ... up to `last`, each rounded to a whole number. */
function growing(first: number, last: number, factor: number): Result<number[]> {
  if (factor < smallestFactor) return fail(`a factor is at least ${smallestFactor}, not ${factor}`);
  const values: number[] = [];
  for (let power = 0; ; power++) {
    const value = Math.round(first * factor ** power);
    if (value > last) return { ok: true, value: [...new Set(values)] };
    values.push(value);
  }
}

/** As it would be given: `seq=512,1024`. */
export function formatAxis({ name, values }: Axis): string {
  return `${name}=${values.join(',')}`;
}

/** Text from outside, safe to repeat in a one-line message. */
function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}

function fail(error: string): { ok: false; error: string } {
  return { ok: false, error };
}
