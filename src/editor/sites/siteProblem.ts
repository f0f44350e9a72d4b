import { checkOptions } from '../../attention/options.ts';
import { noOptions, type Problem, type ProblemOptions } from '../../attention/problem.ts';
import { checkShape, type Result, type Shape } from '../../attention/shape.ts';
import type { AttentionSite } from '../../shapes/site.ts';
import { evaluateSymbol, namesIn } from '../../shapes/symbolText.ts';

export const sizeFields = [
  'batch',
  'heads',
  'kvHeads',
  'seqLenQ',
  'seqLenKv',
  'headDim',
  'headDimV',
] as const satisfies (keyof Shape)[];
export type SizeField = (typeof sizeFields)[number];

/** A size that neither the code nor an answer gives; several fields where the code has one name for them. */
export interface MissingSize {
  fields: SizeField[];
  /** What the code calls it, `T` or `C // num_heads`; null where it has no name for it. */
  symbol: string | null;
  /** Values that the code itself gives that name. */
  choices: readonly number[];
}

/** Values that the user gave names of the code, by the name. */
export type SymbolValues = Readonly<Record<string, number>>;

/** What a call site computes, as far as the code and the user's answers say it. */
export interface SiteProblem {
  /** Null while sizes are missing; an error where the sizes or options do not go together. */
  problem: Result<Problem> | null;
  missing: MissingSize[];
  /** Names whose values come from the user. */
  answered: { symbol: string; value: number }[];
  /** What was taken for granted, a clause each. Sizes never are. */
  assumed: string[];
}

/**
 * The problem of a call site. A size is what the code says, else what the user said its name is, else missing: none
 * is guessed. Options that the code leaves open are taken as off, the type as f32, and `assumed` says so.
 *
 * @param answers sizes that have no name in the code, as the user gave them
 */
export function siteProblem(
  site: AttentionSite,
  values: SymbolValues,
  answers: Partial<Record<SizeField, number>> = {},
): SiteProblem {
  const answered = new Map<string, number>();
  const missing: MissingSize[] = [];
  const sizes: Partial<Shape> = {};
  for (const field of sizeFields) {
    const symbol = site.symbols[field] ?? null;
    const size =
      site.problem[field] ??
      (symbol === null ? null : evaluateSymbol(symbol, values)) ??
      answers[field] ??
      null;
    if (size !== null) sizes[field] = size;
    if (size === null) addMissing(missing, field, symbol, site);
    else if (site.problem[field] === null && symbol !== null) noteAnswers(answered, symbol, values);
  }
  const rest = {
    missing,
    answered: [...answered].map(([symbol, value]) => ({ symbol, value })),
  };
  if (missing.length > 0) return { problem: null, ...rest, assumed: [] };
  const assumed: string[] = [];
  const problem = problemOf(site, sizes as Shape, assumed);
  return { problem, ...rest, assumed };
}

function addMissing(
  missing: MissingSize[],
  field: SizeField,
  symbol: string | null,
  { choices }: AttentionSite,
): void {
  const same = symbol === null ? undefined : missing.find((each) => each.symbol === symbol);
  if (same) same.fields.push(field);
  else {
    const given = symbol !== null && Object.hasOwn(choices, symbol) ? choices[symbol]! : [];
    missing.push({ fields: [field], symbol, choices: given });
  }
}

function noteAnswers(answered: Map<string, number>, symbol: string, values: SymbolValues): void {
  const names = Object.hasOwn(values, symbol) ? [symbol] : namesIn(symbol);
  for (const name of names) if (Object.hasOwn(values, name)) answered.set(name, values[name]!);
}

const optionFields = ['causal', 'window', 'bias', 'alibi', 'softcap', 'sinks', 'dropout', 'packed'] as const;

function problemOf(site: AttentionSite, given: Shape, assumed: string[]): Result<Problem> {
  const { problem } = site;
  const open = optionFields.filter((field) => problem[field] === null);
  if (open.length > 0) assumed.push(`${open.join(', ')} not known, taken as off`);
  if (problem.dtype === null) assumed.push('type of the tensors not known, taken as f32');
  if (problem.bias) assumed.push('a matrix on the scores for each batch entry and head');
  const packed = packedOf(problem.packed || null, given);
  if (!packed.ok) return packed;
  const shape = checkShape(packed.value.shape);
  if (!shape.ok) return shape;
  const { batch, heads } = shape.value;
  const causal = problem.causal ?? false;
  const options: ProblemOptions = {
    ...noOptions,
    causal,
    // Keys behind the diagonal are hidden by the mask already.
    window: problem.window ? { ...problem.window, ...(causal ? { right: 0 } : {}) } : null,
    packed: packed.value.packed,
    bias: problem.bias ? { batch, heads } : null,
    alibi: problem.alibi ?? false,
    softcap: problem.softcap || null,
    sinks: problem.sinks ?? false,
    dropout: problem.dropout || null,
  };
  return checkOptions({ ...shape.value, ...options, dtype: problem.dtype ?? 'f32', seed: 0 });
}

/** Sequences that lie end to end: a site names how many and the longest, a problem one entry of all their tokens. */
function packedOf(packed: number[] | null, shape: Shape): Result<{ shape: Shape; packed: number[] | null }> {
  if (!packed) return { ok: true, value: { shape, packed: null } };
  if (shape.seqLenQ !== shape.seqLenKv) {
    return { ok: false, error: 'packed queries and keys of different lengths are not computed' };
  }
  const total = packed.reduce((sum, length) => sum + length, 0);
  return { ok: true, value: { shape: { ...shape, batch: 1, seqLenQ: total, seqLenKv: total }, packed } };
}
