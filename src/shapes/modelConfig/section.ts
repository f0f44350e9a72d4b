import type { TypeDefaults } from './defaults.ts';
import { fromConfig, fromDefault } from './fields.ts';
import type { Field, KeyPath } from './types.ts';

export type Values = Readonly<Record<string, unknown>>;

/** Stands for a value that is given and not known, such as an expression in a call. */
export const unknownValue: unique symbol = Symbol('a value that is given and not known');

/**
 * What a look-up found. `null`: the file gives null, which most classes take as "work it out". `unusable`: the file
 * gives something that is no such value, so that a class default would be wrong.
 */
export type Found<T> = Field<T> | 'absent' | 'null' | 'unusable';

export function isRecord(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const isSize = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) < 2 ** 31;

export const isLength = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 1;

export const isPositive = (value: unknown): value is number =>
  typeof value === 'number' && value > 0 && Number.isFinite(value);

export const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';

export const isWord = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= 80;

/** One object of a configuration, with the defaults of its class. */
export class Section {
  readonly values: Values;
  readonly path: KeyPath;
  readonly defaults: TypeDefaults | null;
  /** Where values really stand, if not at `path` and their key. */
  private readonly keyPaths: ReadonlyMap<string, KeyPath> | null;

  constructor(
    values: Values,
    path: KeyPath,
    defaults: TypeDefaults | null,
    keyPaths: ReadonlyMap<string, KeyPath> | null = null,
  ) {
    this.values = values;
    this.path = path;
    this.defaults = defaults;
    this.keyPaths = keyPaths;
  }

  get modelType(): string | null {
    const given = this.own('model_type');
    return isWord(given) ? given : (this.defaults?.modelType ?? null);
  }

  /** The model type by whose rules it is read: that of its defaults, which for a part may differ from its name. */
  get type(): string | null {
    return this.defaults?.modelType ?? this.modelType;
  }

  /** The value at a key of this section, `a.b` for one in a nested object; undefined where there is none. */
  own(key: string): unknown {
    const dot = key.indexOf('.');
    if (dot < 0) return Object.hasOwn(this.values, key) ? this.values[key] : undefined;
    const inner = this.own(key.slice(0, dot));
    const rest = key.slice(dot + 1);
    return isRecord(inner) && Object.hasOwn(inner, rest) ? inner[rest] : undefined;
  }

  pathOf(key: string): KeyPath {
    return this.keyPaths?.get(key) ?? [...this.path, ...key.split('.')];
  }

  /** The first of the names that stands in the file, else in the class's defaults. */
  find<T>(keys: readonly string[], is: (value: unknown) => value is T): Found<T> {
    let given: 'absent' | 'null' = 'absent';
    for (const key of this.withAliases(keys)) {
      const value = this.own(key);
      if (value === undefined) continue;
      if (value === null) given = 'null';
      else return is(value) ? fromConfig(value, this.pathOf(key)) : 'unusable';
    }
    if (given === 'null' || !this.defaults) return given;
    for (const key of this.withAliases(keys)) {
      const value = this.defaults.values.get(key);
      if (is(value)) return fromDefault(value, this.defaults.configClass);
    }
    return 'absent';
  }

  /** As `find`, null for whatever is not there. */
  field<T>(keys: readonly string[], is: (value: unknown) => value is T): Field<T> | null {
    const found = this.find(keys, is);
    return typeof found === 'string' ? null : found;
  }

  size(keys: readonly string[]): Field<number> | null {
    return this.field(keys, isSize);
  }

  /** The list at a key of the file; null where there is none, or none of a bearable length. */
  list(key: string): readonly unknown[] | null {
    const value = this.own(key);
    return Array.isArray(value) && value.length <= mostLayers ? value : null;
  }

  private withAliases(keys: readonly string[]): readonly string[] {
    // MLA classes call the rotary part `head_dim`; it is no head dimension.
    const alias = this.defaults?.aliases.get(keys[0]!);
    return alias === undefined || alias === 'qk_rope_head_dim' || keys.includes(alias)
      ? keys
      : [...keys, alias];
  }
}

/** More layers than any model has are a typing mistake, and would be a long list. */
export const mostLayers = 10_000;
