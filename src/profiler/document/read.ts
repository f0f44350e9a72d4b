import * as v from 'valibot';
import type { Result } from '../../attention/shape.ts';
import { formatBytes } from '../../attention/units.ts';
import { checkDocument } from './check.ts';
import { describeIssue, describeValue, formatPath, quote } from './issue.ts';
import { findPrototypeKey, maxDepth, scanJson } from './scan.ts';
import { documentSchema, formatName, formatVersion, type ProfileDocument } from './schema.ts';

/** Characters; a document is a few kilobytes for each run. */
export const maxDocumentLength = 64 * 2 ** 20;

/**
 * Reads a result file. Nothing in the text is trusted: whatever it holds, the answer is a valid document or
 * one line that says what is wrong, where, and what would be right. Fields it does not know are passed over.
 */
export function readDocument(text: string): Result<ProfileDocument> {
  const json = parseJson(text.startsWith('\ufeff') ? text.slice(1) : text);
  if (!json.ok) return json;
  const current = toCurrentVersion(json.value);
  return current.ok ? validateDocument(current.value) : current;
}

/** Holds a value against the schema and the cross-checks; the document is a copy with known fields only. */
export function validateDocument(value: unknown): Result<ProfileDocument> {
  const parsed = v.safeParse(documentSchema, value, { abortEarly: true });
  if (!parsed.success) return refuse(describeIssue(parsed.issues[0]));
  const wrong = checkDocument(parsed.output);
  return wrong === null ? { ok: true, value: parsed.output } : refuse(wrong);
}

function parseJson(text: string): Result<unknown> {
  if (text.length > maxDocumentLength) {
    return refuse(`it is too large, ${formatBytes(text.length)}: at most ${formatBytes(maxDocumentLength)}`);
  }
  if (text.trim() === '') return refuse('it is empty');
  const scan = scanJson(text);
  if (scan.tooDeep) return refuse(`it nests deeper than ${maxDepth} levels`);
  if (scan.cutOff) return refuse(`it is cut off: the JSON ends too early, in line ${scan.lines}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return refuse(`it is not valid JSON: ${detail.replace(/[\p{Cc}\s]+/gu, ' ').slice(0, 160)}`);
  }
  const key = findPrototypeKey(value);
  if (key)
    return refuse(`the key ${quote(String(key.at(-1)))} is not allowed, at ${formatPath(key.slice(0, -1))}`);
  return { ok: true, value };
}

/**
 * Brings a file of any known version to the current one. There is one version so far; each later version adds
 * its step here, from the version before it.
 */
function toCurrentVersion(value: unknown): Result<unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(`expected an object, found ${describeValue(value)}`);
  }
  const { format, version } = value as { format?: unknown; version?: unknown };
  if (format !== formatName) {
    return refuse(`format: expected ${quote(formatName)}, found ${describeValue(format)}`);
  }
  if (typeof version === 'number' && Number.isInteger(version) && version > formatVersion) {
    return {
      ok: false,
      error: `This result was written by a newer Attention Profiler (format version ${version}; this one reads up to ${formatVersion}): update Attention Profiler to open it.`,
    };
  }
  if (version !== formatVersion) {
    return refuse(
      `version: expected a whole number from 1 to ${formatVersion}, found ${describeValue(version)}`,
    );
  }
  return { ok: true, value };
}

function refuse(detail: string): { ok: false; error: string } {
  return { ok: false, error: `This is not a valid Attention Profiler result: ${detail}.` };
}
