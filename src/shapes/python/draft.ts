import type { Causal, Window } from '../../attention/problem.ts';
import type { Expression } from './ast.ts';
import type { Dim } from './dim.ts';
import type { Fact } from './fact.ts';
import type { Sym } from './polynomial.ts';
import type { DtypeFact, Tensor } from './value.ts';

export const sizeFields = [
  'batch',
  'heads',
  'kvHeads',
  'seqLenQ',
  'seqLenKv',
  'headDim',
  'headDimV',
] as const;
export type SizeField = (typeof sizeFields)[number];

/** An option: its value and what it rests on, or what the code calls it. */
export type Option<T> = { value: T; fact: Fact } | { name: string } | null;

/** A call of attention as it was seen, before names and values of sizes are final. */
export interface SiteDraft {
  node: Expression;
  api: string;
  callee: string;
  sizes: Partial<Record<SizeField, Dim | null>>;
  dtype: DtypeFact | null;
  causal: Option<Causal>;
  window: Option<Window | false>;
  bias: Option<boolean>;
  alibi: Option<boolean>;
  softcap: Option<number | false>;
  sinks: Option<boolean>;
  dropout: Option<number | false>;
  scale: Option<number | 'default'>;
  packed: Option<number[] | false>;
  tensors: { name: string; tensor: Tensor; node: Expression }[];
  /** What branches around the call say of symbols. */
  assumptions: Map<Sym, Dim>;
}
