import type { Result } from '../shape.ts';
import { type GpuModel, gpuVendors, type MatmulDerating } from './device.ts';
import { gpuTable } from './table.ts';

const positiveNumbers = [
  ...['memoryBytes', 'bandwidthGBs', 'l2Bytes', 'lastLevelCacheBytes', 'multiprocessors'],
  ...['sharedMemoryPerMultiprocessorBytes', 'sharedMemoryPerWorkgroupBytes', 'sharedMemoryBytesPerClock'],
  ...['clockGHz', 'f32Tflops', 'matmulTflops', 'exponentialsPerClock', 'maxThreadsPerMultiprocessor'],
  'computeCapability',
] as const;
const wholeNumbers = new Set(['multiprocessors', 'maxThreadsPerMultiprocessor']);
const wordLists = ['adapterNames', 'aliases', 'unverified'] as const;
const texts = ['name', 'source', 'note', 'architecture'] as const;
const known = new Set<string>([
  ...positiveNumbers,
  ...wordLists,
  ...texts,
  ...['id', 'vendor', 'matmulDerating'],
]);

const longestText = 500;
const mostRows = 1000;
const largest = 2 ** 53;

type Fields = Record<string, unknown>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown) =>
  typeof value === 'string' && value.trim() !== '' && value.length <= longestText;
const isPositive = (value: unknown): value is number =>
  typeof value === 'number' && value > 0 && value < largest;

/** A row of which nothing is known but what it is called: where a new user row starts. */
const unknownRow: Omit<GpuModel, 'id' | 'name'> = {
  vendor: 'other',
  architecture: null,
  computeCapability: null,
  adapterNames: [],
  aliases: [],
  memoryBytes: null,
  bandwidthGBs: null,
  l2Bytes: null,
  lastLevelCacheBytes: null,
  multiprocessors: null,
  sharedMemoryPerMultiprocessorBytes: null,
  sharedMemoryPerWorkgroupBytes: null,
  sharedMemoryBytesPerClock: null,
  clockGHz: null,
  f32Tflops: null,
  matmulTflops: null,
  matmulDerating: null,
  exponentialsPerClock: null,
  maxThreadsPerMultiprocessor: null,
  source: 'given by the user',
  unverified: [],
  note: '',
};

/**
 * Reads a user's table: an array of rows with the fields of `GpuModel`, of which `id` is needed and the others
 * stand as in the row of that id, or are unknown. Returns the whole table: the known rows with the user's
 * in their place, then the new ones. The first wrong field is the error, in one line.
 */
export function parseGpuTable(json: unknown, base: readonly GpuModel[] = gpuTable): Result<GpuModel[]> {
  if (!Array.isArray(json)) return fail('the device table must be an array of rows like [{"id": "my-gpu"}]');
  if (json.length > mostRows) return fail(`the device table has ${json.length} rows, at most ${mostRows}`);
  const table = new Map(base.map((row) => [row.id, row]));
  const given = new Set<string>();
  for (const [index, fields] of json.entries()) {
    const row = parseRow(fields, `row ${index + 1}`, table);
    if (!row.ok) return row;
    const { id } = row.value;
    if (given.has(id)) return fail(`device table row ${index + 1}: id ${quote(id)} is given twice`);
    given.add(id);
    table.set(id, row.value);
  }
  return { ok: true, value: [...table.values()] };
}

function parseRow(fields: unknown, place: string, table: ReadonlyMap<string, GpuModel>): Result<GpuModel> {
  const wrong = (text: string) => fail(`device table ${place}: ${text}`);
  if (!isObject(fields)) return wrong('must be an object like {"id": "my-gpu", "bandwidthGBs": 1000}');
  const { id } = fields;
  if (typeof id !== 'string' || !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id) || id.length > 60) {
    return wrong(`id must be lower case letters and digits joined with hyphens, got ${quote(id)}`);
  }
  const named = `device table ${place} (${id})`;
  for (const [name, value] of Object.entries(fields)) {
    const error = fieldError(name, value);
    if (error !== null) return fail(`${named}: ${error}`);
  }
  const base = table.get(id) ?? { ...unknownRow, id, name: id };
  return { ok: true, value: { ...base, ...fields } };
}

function fieldError(name: string, value: unknown): string | null {
  if (!known.has(name)) return `there is no field ${quote(name)}; the fields are ${[...known].join(', ')}`;
  if (positiveNumbers.some((field) => field === name)) {
    if (value === null) return null;
    const kind = wholeNumbers.has(name) ? 'a whole number' : 'a number';
    const fits = isPositive(value) && (!wholeNumbers.has(name) || Number.isInteger(value));
    return fits ? null : `${name} must be ${kind} above 0, or null for unknown, got ${quote(value)}`;
  }
  if (wordLists.some((field) => field === name)) {
    const fits = Array.isArray(value) && value.length <= 50 && value.every(isText);
    if (!fits) return `${name} must be an array of texts, got ${quote(value)}`;
    const strange = name === 'unverified' ? value.find((field) => !known.has(field)) : undefined;
    return strange === undefined ? null : `unverified names ${quote(strange)}, which is no field`;
  }
  if (name === 'vendor') {
    const fits = gpuVendors.some((vendor) => vendor === value);
    return fits ? null : `vendor must be one of ${gpuVendors.join(', ')}, got ${quote(value)}`;
  }
  if (name === 'matmulDerating') {
    return value === null || isDerating(value)
      ? null
      : `matmulDerating must be {"fraction": above 0 to 1, "source": text} or null, got ${quote(value)}`;
  }
  if (name === 'note')
    return value === '' || isText(value) ? null : `note must be a text, got ${quote(value)}`;
  if (name === 'architecture' && value === null) return null;
  return isText(value) ? null : `${name} must be a text of 1 to ${longestText} letters, got ${quote(value)}`;
}

function isDerating(value: unknown): value is MatmulDerating {
  return isObject(value) && isPositive(value.fraction) && value.fraction <= 1 && isText(value.source);
}

/** A value from outside, short enough and safe to repeat in a line. */
function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

function fail(error: string): { ok: false; error: string } {
  return { ok: false, error };
}
