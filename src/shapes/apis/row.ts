import type { Causal } from '../../attention/problem.ts';

/**
 * Axes of a tensor, a letter each: B batch, H heads, S sequence, D head dim, T all tokens of a packed batch, E all
 * heads side by side, 2 and 3 the packed k and v, G groups of query heads that share a key.
 */
export type Layout = string;

/** One attention function or layer. Everything that differs between them is here; adding one is one row. */
export interface AttentionApi {
  id: string;
  /** Dotted paths; a path also matches where it is the end of a longer one, as for re-exports. */
  paths: string[];
  /** Last names that mean this row even where a project wraps or re-exports it under a path of its own. */
  names?: string[];
  /** Parameters of the call in order; those behind `*` are keywords only. */
  parameters: string[];
  /** Which parameters are the tensors; `qkv` and `kv` are packed. */
  tensors: { q: string; k: string; v: string } | { qkv: string } | { q: string; kv: string };
  /** Layout of q by rank; that of k and v where it differs. */
  layouts: Record<number, Layout>;
  kvLayouts?: Record<number, Layout>;
  causal: {
    flag?: string;
    align: Exclude<Causal, false>;
    /** The value where the flag is left out; null is not known. */
    absent: boolean | null;
  };
  /** Parameters that say an option. */
  options?: {
    mask?: string;
    dropout?: string;
    scale?: string;
    window?: string;
    softcap?: string;
    alibi?: string;
    sinks?: string;
  };
  /** Layers: how the class is built, and what its arguments say. */
  constructorParameters?: string[];
  derive?:
    | 'torchMultihead'
    | 'kerasMultihead'
    | 'kerasGrouped'
    | 'linenMultihead'
    | 'nnxMultihead'
    | 'equinoxMultihead'
    | 'engine';
  /** What else the call says. */
  special?:
    | 'varlen'
    | 'kvCache'
    | 'flex'
    | 'xformersBias'
    | 'tensorLayout'
    | 'hugging'
    | 'transformerEngine'
    | 'pagedQuery';
}
