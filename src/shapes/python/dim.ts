import { type Fact, mergeFacts } from './fact.ts';
import type { Polynomial, Sym } from './polynomial.ts';
import * as poly from './polynomial.ts';

/** A size, and what it rests on. */
export interface Dim {
  readonly p: Polynomial;
  /** Null for a plain symbol: a name alone claims nothing. */
  readonly fact: Fact | null;
}

/** Hands out the symbols of one analysis. */
export class Symbols {
  private next = 0;

  fresh(name: string | null = null): Sym {
    return { id: this.next++, name, known: null, choices: null, fact: null };
  }

  dim(name: string | null = null): Dim {
    return { p: poly.symbol(this.fresh(name)), fact: null };
  }
}

export function number(value: number, fact: Fact | null): Dim {
  return { p: poly.constant(value), fact };
}

function combined(a: Fact | null, b: Fact | null): Fact | null {
  return a && b ? mergeFacts(a, b) : (a ?? b);
}

type Operation = (a: Polynomial, b: Polynomial) => Polynomial | null;

function lift(operation: Operation) {
  return (a: Dim, b: Dim): Dim | null => {
    const p = operation(a.p, b.p);
    return p && { p, fact: combined(a.fact, b.fact) };
  };
}

export const add = lift(poly.add);
export const subtract = lift(poly.subtract);
export const multiply = lift(poly.multiply);
export const floorDivide = lift(divideKnown);

/** Numbers divide as numbers, even where the symbols that carry them would leave a quotient. */
function divideKnown(a: Polynomial, b: Polynomial): Polynomial | null {
  return poly.floorDivide(a, b);
}

/** The number that a size is, by symbols whose value the code gives. */
export function sizeOf(dim: Dim): number | null {
  return poly.evaluate(dim.p, (sym) => sym.known?.value ?? null);
}

/** What the number of `sizeOf` rests on. */
export function factOf(dim: Dim): Fact | null {
  let fact = dim.fact;
  for (const sym of poly.symbolsOf(dim.p)) fact = combined(fact, sym.known?.fact ?? null);
  return fact;
}

export function nameOf(dim: Dim): string | null {
  return poly.render(dim.p);
}

/** Whether two sizes are the same for certain: as expressions, or as numbers. */
export function same(a: Dim, b: Dim): boolean {
  if (a === b || poly.same(a.p, b.p)) return true;
  const x = sizeOf(a);
  return x !== null && x === sizeOf(b);
}

export function product(dims: readonly Dim[]): Dim | null {
  let result: Dim | null = number(1, null);
  for (const dim of dims) result = result && multiply(result, dim);
  return result;
}

export function isOne(dim: Dim): boolean {
  return poly.constantOf(dim.p) === 1;
}

/** Gives a size that has no name yet the name that the code uses for it. */
export function suggestName(dim: Dim, name: string): void {
  const sym = poly.asSymbol(dim.p);
  if (sym && sym.name === null && name !== '_') sym.name = name;
}

export function symbolOf(dim: Dim): Sym | null {
  return poly.asSymbol(dim.p);
}
