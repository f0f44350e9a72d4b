import {
  type AttentionSite,
  type Basis,
  type Evidence,
  type KnownProblem,
  type SiteField,
  unknownProblem,
} from '../site.ts';
import { joinEvidence, type Known, literal, unknown } from './known.ts';
import type { LineIndex } from './lines.ts';
import type { Role } from './sizeNames.ts';

export type SizeField = 'batch' | 'heads' | 'kvHeads' | 'seqLenQ' | 'seqLenKv' | 'headDim' | 'headDimV';

/** What is found at one place, before it is a site. */
export interface Draft {
  start: number;
  end: number;
  api: string;
  callee: string;
  sizes: Partial<Record<SizeField, Known>>;
  /** Options with what each rests on. */
  options?: { [F in Exclude<SiteField, SizeField>]?: { value: NonNullable<KnownProblem[F]>; basis: Basis } };
  evidence?: Evidence[];
  choices?: Record<string, number[]>;
  tensors?: AttentionSite['tensors'];
}

/** No published attention has more; larger numbers are something else. */
const largest: Record<SizeField, number> = {
  batch: 2 ** 20,
  heads: 1024,
  kvHeads: 1024,
  seqLenQ: 2 ** 24,
  seqLenKv: 2 ** 24,
  headDim: 1024,
  headDimV: 1024,
};

/** Turns a draft into a site. Sizes that cannot be, and the kv heads that do not divide the heads, are dropped. */
export function siteOf(draft: Draft, lines: LineIndex): AttentionSite {
  const problem = unknownProblem();
  const symbols: AttentionSite['symbols'] = {};
  const basis: AttentionSite['basis'] = {};
  const evidence: Evidence[] = [lines.evidence(draft.start, 'call'), ...(draft.evidence ?? [])];
  const { heads, kvHeads } = draft.sizes;
  const divides = !heads?.value || !kvHeads?.value || heads.value % kvHeads.value === 0;
  for (const [name, known] of Object.entries(draft.sizes) as [SizeField, Known][]) {
    const { value } = known;
    const isSize = value !== null && Number.isInteger(value) && value >= 1 && value <= largest[name];
    if (isSize && (divides || name !== 'kvHeads')) {
      problem[name] = value;
      basis[name] = known.basis;
    } else if (value === null && known.symbol) symbols[name] = known.symbol;
    evidence.push(...known.evidence);
  }
  for (const [name, option] of Object.entries(draft.options ?? {})) {
    Object.assign(problem, { [name]: option.value });
    basis[name as SiteField] = option.basis;
  }
  return {
    ...lines.range(draft.start, draft.end),
    api: draft.api,
    callee: draft.callee,
    problem,
    symbols,
    basis,
    evidence: joinEvidence(evidence),
    choices: draft.choices ?? {},
    tensors: draft.tensors ?? [],
  };
}

/**
 * Sizes of an attention problem from values with roles. One sequence length stands for both sides; heads that share
 * keys are as many as the heads, as a default, where nothing says otherwise. Null where heads are not named, or
 * neither length nor head dim is.
 */
export function sizesFromRoles(roles: ReadonlyMap<Role, Known>): Draft['sizes'] | null {
  const heads = roles.get('heads');
  const width = roles.get('width');
  const seqLenQ = roles.get('seqLenQ') ?? roles.get('seqLen');
  const seqLenKv = roles.get('seqLenKv') ?? roles.get('seqLen') ?? roles.get('seqLenQ');
  const headDim = roles.get('headDim') ?? (heads && width ? quotient(width, heads) : undefined);
  if (!heads || (!seqLenQ && !headDim)) return null;
  const sizes: Draft['sizes'] = { heads };
  const given = {
    batch: roles.get('batch'),
    seqLenQ,
    seqLenKv,
    headDim,
    headDimV: roles.get('headDimV') ?? headDim,
  };
  for (const [name, known] of Object.entries(given)) if (known) sizes[name as SizeField] = known;
  const kvHeads = roles.get('kvHeads') ?? { ...heads, basis: 'default' as const };
  sizes.kvHeads = kvHeads;
  return sizes;
}

/** Width of the model over its heads, where it comes out whole. */
function quotient(width: Known, heads: Known): Known {
  const evidence = joinEvidence(width.evidence, heads.evidence);
  if (width.value === null || heads.value === null || heads.value === 0) {
    const [a, b] = [width.value ?? width.symbol, heads.value ?? heads.symbol];
    return { ...unknown(a && b ? `${a} // ${b}` : null), evidence };
  }
  const value = width.value / heads.value;
  if (!Number.isInteger(value)) return unknown();
  return { ...literal(value), basis: width.basis === 'literal' ? heads.basis : width.basis, evidence };
}
