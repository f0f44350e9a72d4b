/** Deeper than any document; a file that nests deeper was made to break readers. */
export const maxDepth = 32;

export interface JsonScan {
  /** The text ends inside a string, list or object. */
  cutOff: boolean;
  tooDeep: boolean;
  lines: number;
}

/**
 * Looks over JSON text before it is parsed, in one pass and constant memory: where it was cut off, and whether
 * it nests deeper than any document does. Assumes nothing about the text being valid.
 */
export function scanJson(text: string): JsonScan {
  let depth = 0;
  let lines = 1;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 10) lines += 1;
    if (inString) {
      if (code === 92) index += 1;
      else if (code === 34) inString = false;
    } else if (code === 34) {
      inString = true;
    } else if (code === 91 || code === 123) {
      depth += 1;
      if (depth > maxDepth) return { cutOff: false, tooDeep: true, lines };
    } else if (code === 93 || code === 125) {
      depth -= 1;
    }
  }
  return { cutOff: inString || depth > 0, tooDeep: false, lines };
}

const refusedKeys = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * The path of a key that could reach the prototype of an object made from this value, or null. Call it only
 * on values no deeper than `maxDepth`.
 */
export function findPrototypeKey(value: unknown, path: readonly PropertyKey[] = []): PropertyKey[] | null {
  if (typeof value !== 'object' || value === null) return null;
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  for (const key of keys) {
    if (typeof key === 'string' && refusedKeys.has(key)) return [...path, key];
    const child = (value as Record<PropertyKey, unknown>)[key];
    if (typeof child === 'object' && child !== null) {
      const found = findPrototypeKey(child, [...path, key]);
      if (found) return found;
    }
  }
  return null;
}
