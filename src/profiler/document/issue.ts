import type * as v from 'valibot';

/** One line for a validation issue: where, what is right, and what was found. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  const keys = (issue.path ?? []).map((item) => item.key as PropertyKey);
  const where = formatPath(keys);
  if (issue.type === 'object' && issue.input === undefined && keys.length > 0) return `${where} is missing`;
  return `${where}: expected ${issue.message}, found ${describeValue(issue.input)}`;
}

/** `runs[0].time.medianMs`; keys that are no plain words are quoted, and long paths cut. */
export function formatPath(keys: readonly PropertyKey[]): string {
  if (keys.length === 0) return 'the whole';
  let path = '';
  for (const key of keys) {
    if (typeof key === 'number') path += `[${key}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_-]{0,63}$/.test(String(key)))
      path += path === '' ? String(key) : `.${String(key)}`;
    else path += `[${quote(String(key))}]`;
  }
  return path;
}

/** A value from a file, as far as it helps: short, on one line, control characters escaped. */
export function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'string' ? quote(value) : String(value);
}

export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
