/**
 * Numbers as people read them: decimal SI units, three significant digits, whole numbers below 1000 in full.
 * What is not known, or is no number, reads `unknown`; `NaN` and `Infinity` never reach a screen.
 */

/** A quantity as the domain (number, bigint) or a document (decimal string past 2^53) holds it. */
export type Quantity = number | bigint | string | null | undefined;

export const unknown = 'unknown';

/** 10^0, 10^3, ... 10^30. */
const prefixes = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y', 'R', 'Q'] as const;

/** The number in a quantity, or null where there is none. Strings are decimal integers only. */
export function quantityToNumber(value: Quantity): number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' && !/^-?\d+$/.test(value)) return null;
  const number = Number(value);
  return Number.isFinite(number) ? number : null;
}

/** `512 B`, `1.05 MB`, `17.2 GB`. */
export function formatBytes(bytes: Quantity): string {
  return withPrefix(bytes, 'B');
}

/** `512`, `1.05 M`, `17.2 G`. */
export function formatCount(count: Quantity): string {
  return withPrefix(count, '');
}

/** Floating point operations, a count: `17.2 GFLOP`. */
export function formatFlops(flops: Quantity): string {
  return withPrefix(flops, 'FLOP');
}

/** Operations per second from GFLOP/s, the unit of documents: `1.23 TFLOP/s`. */
export function formatFlopRate(gflops: Quantity): string {
  return withPrefix(scaled(gflops, 1e9), 'FLOP/s');
}

/** Bandwidth from GB/s, the unit of documents: `1.56 TB/s`. */
export function formatBandwidth(gigabytesPerSecond: Quantity): string {
  return withPrefix(scaled(gigabytesPerSecond, 1e9), 'B/s');
}

/** Every digit, grouped: `1,048,576`. */
export function formatInteger(value: Quantity): string {
  if (quantityToNumber(value) === null) return unknown;
  if (typeof value === 'number') return Math.round(value).toLocaleString('en-US').replace(/^-0$/, '0');
  return BigInt(value!).toLocaleString('en-US');
}

/** A measured time in milliseconds, in the unit that fits: `812 ns`, `4.20 µs`, `12.3 ms`, `1.50 s`. */
export function formatMs(ms: number | null | undefined): string {
  const time = quantityToNumber(ms);
  if (time === null) return unknown;
  if (time === 0) return '0 ms';
  const size = Math.abs(time);
  if (roundsTo(size, 100_000)) return formatDuration(time);
  if (roundsTo(size, 1000)) return `${significant(time / 1e3)} s`;
  if (roundsTo(size, 1)) return `${significant(time)} ms`;
  if (roundsTo(size * 1e3, 1)) return `${significant(time * 1e3)} µs`;
  return `${significant(time * 1e6)} ns`;
}

/** A wait in milliseconds, as one says it: `under 1 s`, `42 s`, `2 min 5 s`, `3 h 12 min`, `4 d 6 h`. */
export function formatDuration(ms: number | null | undefined): string {
  const time = quantityToNumber(ms);
  if (time === null) return unknown;
  if (time < 0) return `-${formatDuration(-time)}`;
  if (time < 1000) return time === 0 ? '0 s' : 'under 1 s';
  const seconds = Math.round(time / 1e3);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return twoParts(seconds, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return twoParts(minutes, 60, 'h', 'min');
  const hours = Math.round(minutes / 60);
  const days = Math.floor(hours / 24);
  return days < 10_000 ? twoParts(hours, 24, 'd', 'h') : `${withPrefix(days / 365.25, '')} years`;
}

/** `numerator / denominator` as a factor: `16.0×`. Unknown where either is, or the denominator is 0. */
export function formatRatio(numerator: Quantity, denominator: Quantity = 1): string {
  const above = quantityToNumber(numerator);
  const below = quantityToNumber(denominator);
  if (above === null || below === null || below === 0 || !Number.isFinite(above / below)) return unknown;
  const ratio = above / below;
  return roundsTo(Math.abs(ratio), 1000) ? `${withPrefix(ratio, '')}×` : `${significant(ratio)}×`;
}

/** A fraction as a percentage: 0.123 is `12.3%`. */
export function formatPercent(fraction: number | null | undefined): string {
  const percent = scaled(fraction, 100);
  if (percent === null) return unknown;
  if (roundsTo(Math.abs(percent), 1000)) return `${formatInteger(percent)}%`;
  if (percent !== 0 && Math.abs(percent) < 0.01) return `${percent < 0 ? '-0.01' : 'under 0.01'}%`;
  return `${significant(percent)}%`;
}

/** A numerical error: `3.12e-7`, and `0` where there is none at all. */
export function formatError(error: number | null | undefined): string {
  const value = quantityToNumber(error);
  if (value === null) return unknown;
  return value === 0 ? '0' : value.toExponential(2);
}

function scaled(value: Quantity, factor: number): number | null {
  const number = quantityToNumber(value);
  return number === null || !Number.isFinite(number * factor) ? null : number * factor;
}

function twoParts(total: number, base: number, big: string, small: string): string {
  const rest = total % base;
  const whole = `${Math.floor(total / base)} ${big}`;
  return rest === 0 ? whole : `${whole} ${rest} ${small}`;
}

/** Whether `size` is at least `edge` once it has three digits: 999.7 reads as 1000. */
function roundsTo(size: number, edge: number): boolean {
  return Number(size.toPrecision(3)) >= edge;
}

function withPrefix(value: Quantity, unit: string): string {
  const number = quantityToNumber(value);
  if (number === null) return unknown;
  if (Number.isInteger(number) && Math.abs(number) < 1000) return join(String(number || 0), unit);
  let power = 0;
  let rest = number;
  while (roundsTo(Math.abs(rest), 1000) && power < prefixes.length - 1) {
    power += 1;
    // From the number itself: repeated division would add its rounding errors up.
    rest = number / 1000 ** power;
  }
  if (roundsTo(Math.abs(rest), 1000)) return join(number.toExponential(2), unit);
  return join(significant(rest), `${prefixes[power]}${unit}`);
}

function join(digits: string, unit: string): string {
  return unit === '' ? digits : `${digits} ${unit}`;
}

/** Three significant digits, for sizes that round below 1000; the very small get an exponent. */
function significant(value: number): string {
  return value === 0 ? '0' : value.toPrecision(3);
}
