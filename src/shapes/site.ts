import type { Causal, Dtype, Window } from '../attention/problem.ts';

/**
 * What a value rests on, strongest first.
 *
 * - `live`: seen in a running program
 * - `literal`: a number written where the tensor is made or viewed, or in the call itself
 * - `constant`: a name that was given a literal
 * - `call-site`: an argument at the only place, or at every place, that calls the function or builds the class
 * - `config`: a configuration object that the file fills in
 * - `default`: a parameter, dataclass or argparse default; others may be passed
 * - `comment`: a comment, a docstring or an annotation
 */
export const bases = ['live', 'literal', 'constant', 'call-site', 'config', 'default', 'comment'] as const;
export type Basis = (typeof bases)[number];

/** A line of the code that a value rests on. Lines from 1; `file` only where it is another file. */
export interface Evidence {
  line: number;
  text: string;
  kind: Basis | 'call' | 'layout';
  file?: string;
  cell?: number;
}

/** What is known of the problem that a call computes. Null is not known; false is known to be off. */
export interface KnownProblem {
  batch: number | null;
  heads: number | null;
  kvHeads: number | null;
  seqLenQ: number | null;
  seqLenKv: number | null;
  headDim: number | null;
  headDimV: number | null;
  dtype: Dtype | null;
  causal: Causal | null;
  window: Window | false | null;
  /** True where a matrix is added to the scores or hides some of them. */
  bias: boolean | null;
  alibi: boolean | null;
  softcap: number | false | null;
  sinks: boolean | null;
  dropout: number | false | null;
  /** Factor of the scores; `default` is 1 / sqrt(headDim). */
  scale: number | 'default' | null;
  /** Lengths of sequences that lie end to end, as far as the code spells them out. */
  packed: number[] | false | null;
}

export type SiteField = keyof KnownProblem;

/** One call of an attention function, or the place where the code computes attention by hand. */
export interface AttentionSite {
  /** Lines from 1, columns from 0 in UTF-16 units; the end is exclusive. */
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
  /** Index from 0 of the notebook cell whose lines these are; absent in a file. */
  cell?: number;
  /** The row of the table of APIs, `torch.sdpa`; `manual` and `einsum` are code that spells attention out. */
  api: string;
  /** The callee as the code writes it. */
  callee: string;
  problem: KnownProblem;
  /** What the code calls a value that is not known: `seqLenQ = T`, `headDim = C // num_heads`. */
  symbols: Partial<Record<SiteField, string>>;
  /** For every value that is known, and for symbols that come from comments. */
  basis: Partial<Record<SiteField, Basis>>;
  evidence: Evidence[];
  /** Values that the code itself gives a symbol: loops over literals, parametrised tests, benchmark sweeps. */
  choices: Record<string, number[]>;
  /** Shapes of the tensors as the call sees them, sizes or symbols, `?` where not known. */
  tensors: { name: string; text: string; line: number; column: number }[];
}

export function unknownProblem(): KnownProblem {
  return {
    batch: null,
    heads: null,
    kvHeads: null,
    seqLenQ: null,
    seqLenKv: null,
    headDim: null,
    headDimV: null,
    dtype: null,
    causal: null,
    window: null,
    bias: null,
    alibi: null,
    softcap: null,
    sinks: null,
    dropout: null,
    scale: null,
    packed: null,
  };
}
