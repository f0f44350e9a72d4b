import type { Flag, TensorFacts } from './observedCall.ts';

/** Limits on what a recording or a debugger may say; past them it is refused, not cut. */
export const mostDimensions = 16;
export const longestName = 100;
export const longestPath = 2000;
const longestWord = 500;
const mostFields = 40;
const deepestFlag = 4;

type Fields = Record<string, unknown>;

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.length <= longest;
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A line number, from 1. */
export function isLine(value: unknown): value is number {
  return isCount(value) && value >= 1;
}

export function readTensor(value: unknown): TensorFacts | null {
  if (!isObject(value)) return null;
  const { shape, dtype, device = null } = value;
  if (!Array.isArray(shape) || shape.length > mostDimensions || !shape.every(isCount)) return null;
  if (!isText(dtype, longestName) || !(device === null || isText(device, longestName))) return null;
  return { shape: [...shape], dtype, device };
}

/** A flag, or undefined where it is none. */
export function readFlag(value: unknown, depth = 0): Flag | undefined {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value === 'string') return isText(value, longestWord) ? value : undefined;
  if (depth >= deepestFlag) return undefined;
  if (Array.isArray(value)) {
    if (value.length > mostFields) return undefined;
    const items = value.map((item) => readFlag(item, depth + 1));
    return items.includes(undefined) ? undefined : (items as Flag[]);
  }
  if (!isObject(value)) return undefined;
  if ('type' in value) return isText(value.type, longestWord) ? { type: value.type } : undefined;
  return readTensor(value) ?? undefined;
}

/** Every field of an object read by `read`; null where one is not what it should be. */
export function readFields<T>(value: unknown, read: (field: unknown) => T | null | undefined) {
  if (!isObject(value)) return null;
  const entries = Object.entries(value);
  if (entries.length > mostFields) return null;
  // No prototype: a field may be called `__proto__`.
  const fields: Record<string, T> = Object.create(null);
  for (const [name, field] of entries) {
    const known = isText(name, longestName) ? read(field) : undefined;
    if (known === undefined || (known === null && field !== null)) return null;
    fields[name] = known as T;
  }
  return fields;
}
