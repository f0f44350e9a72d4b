import type { Dtype } from '../../attention/problem.ts';
import { dtypes } from '../../attention/problem.ts';
import { type AttentionSite, type Evidence, type SiteField, unknownProblem } from '../site.ts';
import { columnOf, lineOf } from './ast.ts';
import type { Dim } from './dim.ts';
import * as dims from './dim.ts';
import { type Option, type SiteDraft, sizeFields } from './draft.ts';
import { type Fact, mergeFacts, toEvidence } from './fact.ts';
import { asSymbol, evaluate, identity, render, type Sym, symbolsOf } from './polynomial.ts';
import type { Tensor } from './value.ts';

/** Turns what was seen of a call into what is said of it, now that all names and values are in. */
export function finishSite(draft: SiteDraft, aliases: ReadonlyMap<string, string>): AttentionSite {
  const { node } = draft;
  const problem = unknownProblem();
  const symbols: AttentionSite['symbols'] = {};
  const basis: AttentionSite['basis'] = {};
  const choices: AttentionSite['choices'] = {};
  const facts: Fact[] = [];
  const named = new Map<string, string>();
  // Two sizes that happen to have one name would read as equal: the second stays nameless.
  const isFree = (name: string, dim: Dim): boolean => {
    const sym = asSymbol(dim.p);
    const key = identity((sym && draft.assumptions.get(sym)?.p) ?? dim.p);
    const known = named.get(name) ?? key;
    named.set(name, known);
    return known === key;
  };
  for (const field of sizeFields) {
    const dim = draft.sizes[field];
    if (!dim) continue;
    const { value, fact } = numberOf(dim, draft.assumptions);
    if (value !== null && value >= 1 && fact) {
      problem[field] = value;
      basis[field] = fact.basis;
      facts.push(fact);
    } else if (value === null) {
      const name = symbolName(dim, draft.assumptions, aliases);
      if (name === null || !isFree(name, dim)) continue;
      symbols[field] = name;
      noteSymbol(dim, name, choices, (known) => {
        basis[field] = known.basis;
        facts.push(known);
      });
    }
  }
  const known = dtypes.find((name) => name === draft.dtype?.name);
  if (draft.dtype?.symbol !== undefined) symbols.dtype = draft.dtype.symbol;
  if (known && draft.dtype) {
    problem.dtype = known satisfies Dtype;
    basis.dtype = draft.dtype.fact.basis;
    facts.push(draft.dtype.fact);
  }
  const option = <F extends SiteField, T extends NonNullable<AttentionSite['problem'][F]>>(
    field: F,
    given: Option<T>,
  ): void => {
    if (!given) return;
    if ('name' in given) symbols[field] = given.name;
    else {
      problem[field] = given.value;
      basis[field] = given.fact.basis;
      if (field === 'causal' || given.value !== false) facts.push(given.fact);
    }
  };
  option('causal', draft.causal);
  option('window', draft.window);
  option('bias', draft.bias);
  option('alibi', draft.alibi);
  option('softcap', draft.softcap);
  option('sinks', draft.sinks);
  option('dropout', draft.dropout);
  option('scale', draft.scale);
  option('packed', draft.packed);
  return {
    line: lineOf(node.place, node.start),
    column: columnOf(node.place, node.start),
    endLine: lineOf(node.place, node.end),
    endColumn: columnOf(node.place, node.end),
    ...(node.place.cell === null ? {} : { cell: node.place.cell }),
    api: draft.api,
    callee: draft.callee,
    problem,
    symbols,
    basis,
    evidence: evidenceOf(facts),
    choices,
    tensors: draft.tensors.map(({ name, tensor, node: at }) => ({
      name,
      text: shapeText(tensor, draft.assumptions, aliases),
      line: lineOf(at.place, at.end),
      column: columnOf(at.place, at.end),
    })),
  };
}

function numberOf(
  dim: Dim,
  assumptions: SiteDraft['assumptions'],
): { value: number | null; fact: Fact | null } {
  let fact = dim.fact;
  const value = evaluate(dim.p, (sym) => {
    const known = sym.known ?? assumed(sym, assumptions);
    if (known) fact = fact ? mergeFacts(fact, known.fact) : known.fact;
    return known?.value ?? null;
  });
  return { value, fact };
}

function assumed(sym: Sym, assumptions: SiteDraft['assumptions']): Sym['known'] {
  const dim = assumptions.get(sym);
  const value = dim ? dims.sizeOf(dim) : null;
  const fact = dim && dims.factOf(dim);
  return value !== null && fact ? { value, fact } : null;
}

function symbolName(
  dim: Dim,
  assumptions: SiteDraft['assumptions'],
  aliases: ReadonlyMap<string, string>,
): string | null {
  const sym = asSymbol(dim.p);
  const equal = sym && assumptions.get(sym);
  return equal ? render(equal.p) : (aliases.get(identity(dim.p)) ?? render(dim.p));
}

/** A symbol's values and, where a comment or an annotation gave it its name, that. */
function noteSymbol(
  dim: Dim,
  name: string,
  choices: AttentionSite['choices'],
  onFact: (fact: Fact) => void,
): void {
  const sym = asSymbol(dim.p);
  if (sym?.choices) choices[name] = sym.choices;
  for (const part of symbolsOf(dim.p)) {
    if (part.choices && part.name !== null) choices[part.name] = part.choices;
    if (part.fact) onFact(part.fact);
  }
}

/** `B x 12 x T x 64`; sizes that nobody named are question marks. */
function shapeText(
  x: Tensor,
  assumptions: SiteDraft['assumptions'],
  aliases: ReadonlyMap<string, string>,
): string {
  if (!x.shape) return '?';
  return x.shape
    .map((dim) => String(numberOf(dim, assumptions).value ?? symbolName(dim, assumptions, aliases) ?? '?'))
    .join(' × ');
}

const mostEvidence = 12;

function evidenceOf(facts: readonly Fact[]): Evidence[] {
  const all = facts.flatMap(({ witnesses }) => witnesses.map(toEvidence));
  const seen = new Set<string>();
  return all
    .filter(({ file, cell, line }) => {
      const key = `${file ?? ''}:${cell ?? ''}:${line}`;
      return seen.has(key) ? false : seen.add(key);
    })
    .sort(
      (a, b) =>
        (a.file ?? '').localeCompare(b.file ?? '') || (a.cell ?? 0) - (b.cell ?? 0) || a.line - b.line,
    )
    .slice(0, mostEvidence);
}

/** The same call seen in several ways: what they agree on. */
export function agree(a: AttentionSite, b: AttentionSite): AttentionSite {
  const problem = { ...a.problem };
  const symbols = { ...a.symbols };
  const basis = { ...a.basis };
  for (const field of Object.keys(problem) as SiteField[]) {
    if (JSON.stringify(a.problem[field]) === JSON.stringify(b.problem[field])) {
      if (a.symbols[field] !== b.symbols[field]) delete symbols[field];
      continue;
    }
    (problem as Record<SiteField, unknown>)[field] = null;
    delete basis[field];
    const name = a.symbols[field] ?? b.symbols[field];
    if (name !== undefined) symbols[field] = name;
  }
  return { ...a, problem, symbols, basis, choices: { ...b.choices, ...a.choices } };
}
