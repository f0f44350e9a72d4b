import type { Field, KeyPath } from './types.ts';

export function fromConfig<T>(value: T, key: KeyPath): Field<T> {
  return { value, basis: 'config', from: key.join('.'), keys: [key], restsOnDefault: false };
}

export function fromDefault<T>(value: T, configClass: string): Field<T> {
  return { value, basis: 'default', from: configClass, keys: [], restsOnDefault: true };
}

/** A value that follows from others by a rule that `from` says in words. */
export function derived<T>(value: T, from: string, inputs: readonly (Field<unknown> | null)[]): Field<T> {
  const known = inputs.filter((input) => input !== null);
  return {
    value,
    basis: 'derived',
    from,
    keys: known.flatMap(({ keys }) => keys),
    restsOnDefault: known.some(({ restsOnDefault }) => restsOnDefault),
  };
}
