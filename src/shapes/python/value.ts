import type { ClassDef, Expression, FunctionDef } from './ast.ts';
import type { Dim } from './dim.ts';
import type { Fact } from './fact.ts';

/** What a floating type is called here: `f32`, `f16`, `bf16`, or any other name as the library has it. */
export interface DtypeFact {
  name: string;
  /** What the code calls it, where `name` is empty because nothing says which it is. */
  symbol?: string;
  fact: Fact;
}

/** What is known of a mask by how it was made. */
export type MaskKind = 'causal' | 'other';

/** How a tensor came about, as far as code that spells attention out needs it. */
export type Origin =
  | { kind: 'swapped'; of: Tensor }
  | { kind: 'scores'; scores: readonly Scores[] }
  | { kind: 'weights'; scores: readonly Scores[] };

/** A product of queries and keys on its way to a softmax; several where branches make one each. */
export interface Scores {
  node: Expression;
  api: 'manual' | 'einsum';
  q: Tensor;
  k: Tensor;
  /** Sizes by role; null where the product does not tell. */
  roles: Roles | null;
  causal: 'no' | 'causal' | 'unknown';
  bias: boolean;
  dropout: Value | null;
}

export interface Roles {
  batch: Dim | null;
  heads: Dim | null;
  kvHeads: Dim | null;
  seqLenQ: Dim | null;
  seqLenKv: Dim | null;
  headDim: Dim | null;
}

/** Its fields are filled in as the code says more about the same tensor. */
export interface Tensor {
  kind: 'tensor';
  /** Null where not even the rank is known. */
  shape: Dim[] | null;
  dtype: DtypeFact | null;
  origin: Origin | null;
  mask: MaskKind | null;
  /** Sizes by axis while the rank is not known; negative axes count from the end. */
  partial: Map<number, Dim> | null;
  /** Whole numbers of a small literal tensor, for sequence lengths. */
  values: Dim[] | null;
}

/** Something of which nothing is known yet; how it is used turns it into a tensor or a size. */
export interface Opaque {
  kind: 'opaque';
  name: string | null;
  /** A flag or number that only its default is known of. */
  fallback: Value | null;
  /** Callers pass different things, so that no default holds. */
  mixed?: true;
  tensor: Tensor | null;
  dim: Dim | null;
  attributes: Map<string, Value> | null;
}

export interface FunctionValue {
  kind: 'function';
  def: FunctionDef;
  scope: Scope;
  self: Value | null;
}

export interface ClassValue {
  kind: 'class';
  def: ClassDef;
  scope: Scope;
}

export interface Instance {
  kind: 'instance';
  type: ClassValue;
  attributes: Map<string, Value>;
  /** Attributes are read from `__init__` when first asked for. */
  ready: boolean;
}

export interface Layer {
  kind: 'layer';
  /** The dotted path of its class. */
  type: string;
  args: BoundArguments;
}

export interface BoundArguments {
  positional: Value[];
  keywords: Map<string, Value>;
  /** True where `*args` or `**kwargs` of unknown content may have filled in more. */
  open: boolean;
}

export type Value =
  | Tensor
  | Opaque
  | FunctionValue
  | ClassValue
  | Instance
  | Layer
  | { kind: 'int'; dim: Dim }
  | { kind: 'float'; value: number | null; fact: Fact | null; text: string | null }
  | { kind: 'bool'; value: boolean; fact: Fact }
  | { kind: 'none'; fact: Fact }
  | { kind: 'string'; value: string }
  | { kind: 'dtype'; dtype: DtypeFact }
  | { kind: 'sequence'; items: Value[] }
  /** Loop variables stand for each of these in turn. */
  | { kind: 'many'; item: Value }
  | { kind: 'dict'; entries: Map<string, Value>; open: boolean }
  | { kind: 'ref'; path: string }
  | { kind: 'lambda'; node: Extract<Expression, { kind: 'lambda' }>; scope: Scope }
  | { kind: 'method'; object: Value; name: string; node: Expression }
  | { kind: 'partial'; callee: Value; args: BoundArguments }
  | { kind: 'either'; values: Value[] };

export interface Scope {
  names: Map<string, Value>;
  parent: Scope | null;
  /** The module's own scope, where `global` names and call sites are looked for. */
  module: ModuleScope;
  /** The class in whose body or method this scope is. */
  owner: ClassValue | null;
}

export interface ModuleScope {
  path: string | null;
}

export function tensor(shape: Dim[] | null, dtype: DtypeFact | null = null): Tensor {
  return { kind: 'tensor', shape, dtype, origin: null, mask: null, partial: null, values: null };
}

export function opaque(name: string | null = null): Opaque {
  return { kind: 'opaque', name, fallback: null, tensor: null, dim: null, attributes: null };
}

export function sequence(items: Value[]): Value {
  return { kind: 'sequence', items };
}

export const noArguments: BoundArguments = { positional: [], keywords: new Map(), open: false };
