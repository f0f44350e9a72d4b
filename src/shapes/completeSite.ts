import { type Bias, type Dtype, noOptions, type ProblemOptions } from '../attention/problem.ts';
import type { Shape } from '../attention/shape.ts';
import type { AttentionSite, SiteField } from './site.ts';
import { evaluateSymbol } from './symbolText.ts';

const required = ['batch', 'heads', 'seqLenQ', 'seqLenKv', 'headDim'] as const;

/** A size that the code leaves open, and what it calls it; `name` is null where it has no name either. */
export interface MissingSize {
  field: (typeof required)[number];
  name: string | null;
}

/** What a site becomes once its symbols have values. */
export interface CompletedSite {
  /** Null while sizes are missing. */
  shape: Shape | null;
  options: ProblemOptions;
  dtype: Dtype | null;
  missing: MissingSize[];
  /** What was taken for granted, a clause each: `kvHeads taken as heads`. */
  assumed: string[];
}

/**
 * Fills the symbols of a site with values: by a whole symbol (`C // num_heads`) or by the names in it. Options that the
 * code leaves open are off, and said to be.
 */
export function completeSite(site: AttentionSite, values: Readonly<Record<string, number>>): CompletedSite {
  const assumed: string[] = [];
  const sizeOf = (field: SiteField & keyof Shape): number | null => {
    const symbol = site.symbols[field];
    return site.problem[field] ?? (symbol === undefined ? null : evaluateSymbol(symbol, values));
  };
  const sizes = Object.fromEntries(required.map((field) => [field, sizeOf(field)])) as Record<
    (typeof required)[number],
    number | null
  >;
  const missing = required
    .filter((field) => sizes[field] === null)
    .map((field) => ({ field, name: site.symbols[field] ?? null }));
  const options = optionsOf(site, sizes.batch ?? 1, sizes.heads ?? 1, assumed);
  if (missing.length > 0) return { shape: null, options, dtype: site.problem.dtype, missing, assumed };
  const known = sizes as Record<(typeof required)[number], number>;
  const fallback = (field: 'kvHeads' | 'headDimV', other: 'heads' | 'headDim'): number => {
    const own = sizeOf(field);
    if (own === null) assumed.push(`${field} taken as ${other}`);
    return own ?? known[other];
  };
  const shape = {
    ...known,
    kvHeads: fallback('kvHeads', 'heads'),
    headDimV: fallback('headDimV', 'headDim'),
  };
  return { shape, options, dtype: site.problem.dtype, missing, assumed };
}

function optionsOf(site: AttentionSite, batch: number, heads: number, assumed: string[]): ProblemOptions {
  const { problem } = site;
  const open = (['causal', 'window', 'bias', 'alibi', 'softcap', 'dropout'] as const).filter(
    (field) => problem[field] === null,
  );
  if (open.length > 0) assumed.push(`${open.join(', ')} not known, taken as off`);
  const bias: Bias | null = problem.bias === true ? { batch, heads } : null;
  return {
    ...noOptions,
    causal: problem.causal ?? false,
    window: problem.window || null,
    bias,
    alibi: problem.alibi ?? false,
    softcap: problem.softcap || null,
    sinks: problem.sinks ?? false,
    dropout: problem.dropout || null,
  };
}
