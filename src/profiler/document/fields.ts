import * as v from 'valibot';

/**
 * The kinds of field a result file is made of. Each message completes "expected ...", so that every refusal
 * can say what is right.
 */

export const text = v.pipe(v.string('text'), v.maxLength(10_000, 'text of at most 10000 characters'));

export const id = v.pipe(
  v.string('text'),
  v.minLength(1, 'text of at least 1 character'),
  v.maxLength(200, 'text of at most 200 characters'),
);

export const flag = v.boolean('true or false');

const wholeNumber = 'a whole number from 0 to 9007199254740991';
export const integer = v.pipe(v.number(wholeNumber), v.safeInteger(wholeNumber), v.minValue(0, wholeNumber));

const positiveNumber = 'a whole number from 1 to 9007199254740991';
export const positive = v.pipe(
  v.number(positiveNumber),
  v.safeInteger(positiveNumber),
  v.minValue(1, positiveNumber),
);

export const finite = v.pipe(v.number('a finite number'), v.finite('a finite number'));

const notNegative = 'a finite number of at least 0';
export const ms = v.pipe(v.number(notNegative), v.finite(notNegative), v.minValue(0, notNegative));
export const size = ms;

const countExpected = 'a whole number, as a number up to 9007199254740991 and as a decimal string beyond';
/** An integer; past 2^53 a decimal string, and only then, so that equal counts are written equally. */
export const count = v.union(
  [
    v.pipe(v.number(), v.safeInteger(countExpected), v.minValue(0, countExpected)),
    v.pipe(
      v.string(),
      v.regex(/^[1-9]\d{15,39}$/, countExpected),
      v.check((digits) => digits.length > 16 || Number(digits) > Number.MAX_SAFE_INTEGER, countExpected),
    ),
  ],
  countExpected,
);
/** A count in a document: a decimal string past 2^53. */
export type Count = v.InferOutput<typeof count>;

/** Names from a file become keys of our own objects: short, plain words only, never prototype keys. */
export const name = v.pipe(
  v.string('a name'),
  v.regex(
    /^[A-Za-z][A-Za-z0-9._-]{0,63}$/,
    'a name of at most 64 letters, digits, ".", "_" and "-", starting with a letter',
  ),
  v.check((key) => !(key in Object.prototype), 'a name that is not reserved'),
);

/** Valibot takes a list for an object with no keys; a file that mistakes the two is refused. */
const keyed = v.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'an object',
);

export function object<E extends v.ObjectEntries>(entries: E) {
  return v.pipe(keyed, v.object(entries));
}

export function list<S extends v.GenericSchema>(item: S) {
  return v.array(item, 'a list');
}

export function named<S extends v.GenericSchema>(value: S) {
  return v.pipe(keyed, v.record(name, value));
}

export function oneOf<const O extends readonly string[]>(options: O) {
  return v.picklist(options, `one of ${options.join(', ')}`);
}

export function exactly<const L extends string | number | boolean>(literal: L) {
  return v.literal(literal, JSON.stringify(literal));
}
