import type { Count } from './fields.ts';

/**
 * An integer as a document writes it: a number up to 2^53 - 1, a decimal string beyond, so that no reader
 * rounds it. Throws RangeError for what is no count: negative, fractional, or a number already rounded.
 */
export function toCount(value: bigint | number): Count {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not an exact count: ${value}`);
    return value;
  }
  if (value < 0n) throw new RangeError(`not an exact count: ${value}`);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}

/** The exact integer of a count read from a document. */
export function fromCount(count: Count): bigint {
  return BigInt(count);
}
