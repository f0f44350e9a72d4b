import type { Basis, Evidence } from '../site.ts';
import type { Declaration, Declarations } from './declarations.ts';
import { findDeclarations } from './declarations.ts';
import { joinEvidence, type Known, literal, unknown, weaker } from './known.ts';
import { LineIndex } from './lines.ts';
import { type Expression, ExpressionReader } from './syntax.ts';
import { type CodeFamily, type Macro, type Token, type Tokens, tokenize } from './tokens.ts';

/** Definitions that are followed one behind the other. */
const deepest = 12;
/** A name with more definitions, or more changes, is not followed. */
const mostDefinitions = 500;
/** All that the analysis of one file may read, in steps of the expression reader. */
const budget = 400_000;

/** One file of code: what its names stand for and what its integer expressions come to. */
export class Code {
  readonly source: Tokens;
  readonly lines: LineIndex;
  readonly family: CodeFamily;
  readonly names: Declarations;
  readonly reader: ExpressionReader;
  private readonly macros = new Map<string, Macro[]>();
  private steps = 20_000;

  constructor(text: string, family: CodeFamily) {
    this.family = family;
    this.source = tokenize(text, family);
    this.lines = new LineIndex(text);
    this.names = findDeclarations(this.source, family);
    this.reader = new ExpressionReader(this.source, budget);
    for (const macro of this.source.macros) {
      const same = this.macros.get(macro.name);
      if (same) same.push(macro);
      else this.macros.set(macro.name, [macro]);
    }
  }

  evidence(token: { start: number }, kind: Evidence['kind']): Evidence {
    return this.lines.evidence(token.start, kind);
  }

  /** The size that an expression comes to, as seen from the token at `place`. */
  size(expression: Expression, place: number, depth = 0): Known {
    if (--this.steps < 0 || depth > deepest) return unknown();
    switch (expression.kind) {
      case 'number':
        return Number.isInteger(expression.value) ? literal(expression.value) : unknown();
      case 'name':
        return this.named(expression.path, place, depth);
      case 'binary':
        return this.operation(expression, place, depth);
      case 'call':
        return this.rounding(expression, place, depth);
      default:
        return unknown();
    }
  }

  /** What a plain name stands for: its one definition, unless something else gives it a value. */
  definition(name: string, place: number): { declaration: Declaration; value: Expression } | null {
    const declaration = this.visible(name, place);
    if (!declaration || declaration.value === null) return null;
    const changes = this.names.changes.get(name) ?? [];
    const changed =
      changes.length > mostDefinitions || changes.some((at) => at >= declaration.from && at < declaration.to);
    if (changed) return null;
    const whole = this.reader.expression(declaration.value);
    if (declaration.element === null) return { declaration, value: whole };
    const value = whole.kind === 'list' ? whole.items[declaration.element] : undefined;
    return value ? { declaration, value } : null;
  }

  /** The declaration that a name means at a token; null where two of one block compete. */
  private visible(name: string, place: number): Declaration | null {
    const all = this.names.byName.get(name) ?? [];
    if (all.length > mostDefinitions) return null;
    const candidates = all.filter(({ from, to }) => from <= place && place <= to);
    const innermost = candidates.reduce((least, { to }) => Math.min(least, to), Number.POSITIVE_INFINITY);
    const closest = candidates.filter(({ to }) => to === innermost);
    return closest.length === 1 ? closest[0]! : null;
  }

  private named(path: string, place: number, depth: number): Known {
    if (path.includes('.')) return this.member(path, place, depth);
    const found = this.definition(path, place);
    if (!found) return this.names.byName.has(path) ? unknown(path) : this.macro(path, depth);
    const { declaration, value } = found;
    const basis: Basis = declaration.isDefault ? 'default' : 'constant';
    const inner = this.size(value, this.indexOf(declaration), depth + 1);
    const derived = value.kind === 'binary' ? inner.symbol : null;
    return this.through(inner, basis, declaration.at, derived ?? path);
  }

  private macro(name: string, depth: number): Known {
    const defined = this.macros.get(name);
    // Two definitions are two builds; neither can be told.
    if (defined?.length !== 1) return unknown(name);
    const [{ body, optional, start }] = defined as [Macro];
    const own: Tokens = { tokens: body, macros: [], partner: partnersOfBody(body) };
    const value = new ExpressionReader(own, 200).expression(0);
    const inner = body.length === 0 ? unknown() : this.size(value, -1, depth + 1);
    return this.through(inner, optional ? 'default' : 'constant', { start }, name);
  }

  /** `config.nHead`: an entry of a record, or the one assignment to the path. */
  private member(path: string, place: number, depth: number): Known {
    const assigned = this.names.pathValues.get(path) ?? [];
    const changes = this.names.changes.get(path)?.length ?? 0;
    if (assigned.length === 1 && changes === 1) {
      const value = this.reader.expression(assigned[0]!);
      return this.through(this.size(value, assigned[0]!, depth + 1), 'config', value.at, path);
    }
    const dot = path.lastIndexOf('.');
    const found = changes === 0 ? this.definition(path.slice(0, dot), place) : null;
    if (found?.value.kind !== 'record') return unknown(path);
    const entries = found.value.entries.filter(({ key }) => key === path.slice(dot + 1));
    if (entries.length !== 1) return unknown(path);
    const [{ value, keyToken }] = entries as [(typeof entries)[number]];
    return this.through(
      this.size(value, this.indexOf(found.declaration), depth + 1),
      'config',
      keyToken,
      path,
    );
  }

  private through(inner: Known, basis: Basis, at: { start: number }, symbol: string): Known {
    if (inner.value === null) return { ...unknown(symbol), evidence: inner.evidence };
    const joined = weaker(inner.basis, basis);
    return { ...inner, basis: joined, evidence: joinEvidence([this.evidence(at, basis)], inner.evidence) };
  }

  private operation(expression: Expression & { kind: 'binary' }, place: number, depth: number): Known {
    const left = this.size(expression.left, place, depth + 1);
    const right = this.size(expression.right, place, depth + 1);
    const evidence = joinEvidence(left.evidence, right.evidence);
    const text = (known: Known) => known.value?.toString() ?? known.symbol;
    if (left.value === null || right.value === null) {
      const [a, b] = [text(left), text(right)];
      // Symbols are written as everywhere in sites: `//` divides whole numbers.
      const sign = expression.operator === '/' ? '//' : expression.operator;
      const joined = a && b ? `${grouped(a)} ${sign} ${grouped(b)}` : null;
      return { ...unknown(joined && joined.length <= 60 ? joined : null), evidence };
    }
    const value = compute(expression.operator, left.value, right.value, this.family);
    return value === null
      ? unknown()
      : { value, symbol: null, basis: weaker(left.basis, right.basis), evidence };
  }

  /** `Math.floor(C / NH)` and `static_cast<int>(x)`; any other call is not known. */
  private rounding(expression: Expression & { kind: 'call' }, place: number, depth: number): Known {
    const [argument, ...more] = expression.callArguments;
    const callee = expression.callee.kind === 'name' ? expression.callee.path : '';
    if (!argument || more.length > 0) return unknown();
    if (callee === 'static_cast' || cCasts.test(callee)) return this.size(argument, place, depth + 1);
    if (callee !== 'Math.floor' && callee !== 'Math.trunc') return unknown();
    if (argument.kind !== 'binary' || argument.operator !== '/') return this.size(argument, place, depth + 1);
    const left = this.size(argument.left, place, depth + 1);
    const right = this.size(argument.right, place, depth + 1);
    if (left.value === null || right.value === null || right.value <= 0) return unknown();
    const evidence = joinEvidence(left.evidence, right.evidence);
    return {
      value: Math.floor(left.value / right.value),
      symbol: null,
      basis: weaker(left.basis, right.basis),
      evidence,
    };
  }

  private indexOf({ from, isDefault }: Declaration): number {
    // A definition sees what stands before itself: `N = N` is not its own value.
    return isDefault ? from : from - 1;
  }
}

const cCasts = /^(?:int|long|size_t|u?int\d+_t)$/;
const grouped = (text: string) => (/^[\w.]+$/.test(text) ? text : `(${text})`);

function compute(operator: string, left: number, right: number, family: CodeFamily): number | null {
  const value = {
    '+': left + right,
    '-': left - right,
    '*': left * right,
    // Integers divide downwards in C; a script gets a fraction, which is nobody's size.
    '/': family === 'c' ? Math.trunc(left / right) : left / right,
    '%': left % right,
    '<<': right >= 0 && right < 31 ? left * 2 ** right : Number.NaN,
    '**': left ** right,
  }[operator];
  return value !== undefined && Number.isSafeInteger(value) ? value : null;
}

function partnersOfBody(body: Token[]): Int32Array {
  const partner = new Int32Array(body.length).fill(-1);
  const open: number[] = [];
  for (const [index, { text }] of body.entries()) {
    if (text === '(') open.push(index);
    const last = text === ')' ? open.pop() : undefined;
    if (last === undefined) continue;
    partner[last] = index;
    partner[index] = last;
  }
  return partner;
}
