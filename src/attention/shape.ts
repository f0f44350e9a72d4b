/**
 * The sizes of an attention problem, row major: Q is (batch, heads, seqLenQ, headDim), K is (batch, kvHeads,
 * seqLenKv, headDim), V is (batch, kvHeads, seqLenKv, headDimV) and O is (batch, heads, seqLenQ, headDimV).
 */
export interface Shape {
  batch: number;
  heads: number;
  /** Divides `heads`; fewer than `heads` is grouped-query attention, 1 is multi-query. */
  kvHeads: number;
  seqLenQ: number;
  seqLenKv: number;
  headDim: number;
  /** Head dimension of V and O. */
  headDimV: number;
}

export const maxHeadDim = 256;

export type Result<T> = { ok: true; value: T } | { ok: false; error: string };

/** Sizes beyond this are not attention problems but typing mistakes. */
export const maxSize = 2 ** 31 - 1;

/** The longest that a square score matrix of `maxElements` allows. */
export const maxSeqLen = 2 ** 24;

/** Elements of the largest matrix; the bytes of every buffer together then stay exact, below 2^53. */
const maxElements = 2 ** 48;

const names = {
  b: 'batch',
  h: 'heads',
  kv: 'kvHeads',
  n: 'seqLenQ',
  m: 'seqLenKv',
  d: 'headDim',
  dv: 'headDimV',
} as const satisfies Record<string, keyof Shape>;

const usage = 'give B,H,N,D (1,8,512,64) or names (b=1 h=32 kv=8 n=4096 m=4096 d=128 dv=128)';

/**
 * Reads `B,H,N,D` or named sizes; kv heads, key length and value dim default to h, n and d, batch to 1.
 * Separators are commas, spaces or `x`; brackets around the whole are allowed. Errors are one line.
 */
export function parseShape(text: string): Result<Shape> {
  const inner = text.trim().replace(/^[([](.*)[)\]]$/s, '$1');
  const parts = inner
    .trim()
    .replace(/\s*=\s*(?=[^\s=]*(?:[\s,]|$))/g, '=')
    .split(/\s*,\s*|(?<=\d)\s*[x×]\s*(?=\d)|\s+/);
  if (inner.trim() === '') return fail(`the shape is empty: ${usage}`);
  if (parts.some((part) => part.includes('='))) return parseNamed(parts);
  if (parts.length !== 4) {
    return fail(
      `a shape has four sizes (batch, heads, sequence length, head dim), not ${parts.length}: ${usage}`,
    );
  }
  const sizes: number[] = [];
  for (const [index, part] of parts.entries()) {
    const size = parseSize(part, ['batch', 'heads', 'sequence length', 'head dim'][index]!);
    if (!size.ok) return size;
    sizes.push(size.value);
  }
  const [batch, heads, seqLen, headDim] = sizes as [number, number, number, number];
  return checkShape({
    batch,
    heads,
    kvHeads: heads,
    seqLenQ: seqLen,
    seqLenKv: seqLen,
    headDim,
    headDimV: headDim,
  });
}

function parseNamed(parts: string[]): Result<Shape> {
  const sizes: Partial<Shape> = {};
  for (const part of parts) {
    const [givenName = '', text = '', ...rest] = part.split('=');
    const name = givenName.toLowerCase();
    if (!Object.hasOwn(names, name) || rest.length > 0) {
      return fail(`unknown size ${quote(part)}, the names are ${Object.keys(names).join(', ')}: ${usage}`);
    }
    const key = names[name as keyof typeof names];
    if (sizes[key] !== undefined) return fail(`${name} is given twice: ${usage}`);
    const size = parseSize(text, name);
    if (!size.ok) return size;
    sizes[key] = size.value;
  }
  const { heads, seqLenQ, headDim } = sizes;
  if (heads === undefined || seqLenQ === undefined || headDim === undefined) {
    const missing = (['h', 'n', 'd'] as const).filter((name) => sizes[names[name]] === undefined);
    return fail(`${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing: ${usage}`);
  }
  return checkShape({
    batch: sizes.batch ?? 1,
    heads,
    kvHeads: sizes.kvHeads ?? heads,
    seqLenQ,
    seqLenKv: sizes.seqLenKv ?? seqLenQ,
    headDim,
    headDimV: sizes.headDimV ?? headDim,
  });
}

function parseSize(text: string, name: string): Result<number> {
  if (!/^-?\d+$/.test(text)) return fail(`${name} is not a whole number, ${quote(text)}: ${usage}`);
  const size = Number(text);
  if (size <= 0) return fail(`${name} must be at least 1, not ${quote(text)}: ${usage}`);
  if (size > maxSize) return fail(`${name} is too large, ${quote(text)}: at most ${maxSize}`);
  return { ok: true, value: size };
}

/**
 * Checks sizes that came from anywhere: whole, positive, heads divisible by kv heads, head dims in reach, and
 * small enough together that byte counts are exact.
 */
export function checkShape(shape: Shape): Result<Shape> {
  for (const name of Object.values(names)) {
    const size = shape[name];
    if (!Number.isInteger(size) || size < 1)
      return fail(`${name} must be a whole number of at least 1, not ${size}`);
    const most = name.startsWith('seqLen') ? maxSeqLen : maxSize;
    if (size > most) return fail(`${name} is too large, ${size}: at most ${most}`);
  }
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV } = shape;
  if (heads % kvHeads !== 0) {
    return fail(`heads (${heads}) must be divisible by kv heads (${kvHeads})`);
  }
  for (const name of ['headDim', 'headDimV'] as const) {
    if (shape[name] > maxHeadDim) return fail(`${name} is ${shape[name]}, at most ${maxHeadDim}`);
  }
  const rows = batch * heads * Math.max(seqLenQ, seqLenKv);
  const elements = Math.max(batch * heads * seqLenQ * seqLenKv, rows * Math.max(headDim, headDimV));
  if (elements > maxElements) {
    return fail(
      `the shape is too large: ${elements.toPrecision(3)} elements in one matrix, at most ${maxElements.toPrecision(3)}`,
    );
  }
  return { ok: true, value: shape };
}

/** Text from outside, safe to repeat in a one-line message. */
function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}

function fail(error: string): { ok: false; error: string } {
  return { ok: false, error };
}

/** The shortest form that reads back to the same shape. */
export function formatShape(shape: Shape): string {
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV } = shape;
  if (kvHeads === heads && seqLenKv === seqLenQ && headDimV === headDim) {
    return `${batch},${heads},${seqLenQ},${headDim}`;
  }
  const named = [`b=${batch}`, `h=${heads}`];
  if (kvHeads !== heads) named.push(`kv=${kvHeads}`);
  named.push(`n=${seqLenQ}`);
  if (seqLenKv !== seqLenQ) named.push(`m=${seqLenKv}`);
  named.push(`d=${headDim}`);
  if (headDimV !== headDim) named.push(`dv=${headDimV}`);
  return named.join(' ');
}
