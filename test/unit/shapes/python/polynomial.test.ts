import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Symbols } from '../../../../src/shapes/python/dim.ts';
import * as poly from '../../../../src/shapes/python/polynomial.ts';

const names = ['B', 'T', 'C'] as const;

type Tree = number | (typeof names)[number] | { operator: '+' | '-' | '*' | '//'; left: Tree; right: Tree };

const trees = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.integer({ min: -6, max: 12 }),
    fc.constantFrom(...names),
    fc.record({
      operator: fc.constantFrom('+', '-', '*', '//'),
      left: tie('tree'),
      right: tie('tree'),
    }) as fc.Arbitrary<Tree>,
  ),
})).tree;

const values = fc.record({
  B: fc.integer({ min: 1, max: 9 }),
  T: fc.integer({ min: 1, max: 9 }),
  C: fc.integer({ min: 1, max: 9 }),
});

/** The oracle: numbers from the start. Null where a division is by zero. */
function compute(tree: Tree, at: Record<string, number>): number | null {
  if (typeof tree === 'number') return tree;
  if (typeof tree === 'string') return at[tree]!;
  const [x, y] = [compute(tree.left, at), compute(tree.right, at)];
  if (x === null || y === null) return null;
  if (tree.operator === '+') return x + y;
  if (tree.operator === '-') return x - y;
  if (tree.operator === '*') return x * y;
  return y === 0 ? null : Math.floor(x / y);
}

const symbols = new Symbols();
const syms = new Map(names.map((name) => [name, symbols.fresh(name)]));

function build(tree: Tree): poly.Polynomial | null {
  if (typeof tree === 'number') return poly.constant(tree);
  if (typeof tree === 'string') return poly.symbol(syms.get(tree)!);
  const [x, y] = [build(tree.left), build(tree.right)];
  if (!x || !y) return null;
  const operations = { '+': poly.add, '-': poly.subtract, '*': poly.multiply, '//': poly.floorDivide };
  return operations[tree.operator](x, y);
}

describe('a polynomial of sizes', () => {
  it('has the value that the same arithmetic has on numbers', () => {
    fc.assert(
      fc.property(trees, values, (tree, at) => {
        const wanted = compute(tree, at);
        const made = build(tree);
        if (!made || wanted === null) return;
        const got = poly.evaluate(made, (sym) => at[sym.name as 'B']);
        if (got !== null) expect(got + 0).toBe(wanted + 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('divides exactly what is a product', () => {
    const [b, t, c] = names.map((name) => poly.symbol(syms.get(name)!));
    const whole = poly.multiply(poly.multiply(b!, t!)!, poly.multiply(poly.constant(3), c!)!)!;
    expect(poly.render(poly.floorDivide(whole, poly.multiply(b!, t!)!)!)).toBe('3 * C');
    expect(poly.exactDivide(whole, poly.constant(2))).toBeNull();
    expect(
      poly.render(
        poly.floorDivide(poly.multiply(poly.constant(3), c!)!, poly.multiply(poly.constant(3), t!)!)!,
      ),
    ).toBe('C // T');
  });

  it('prints sums and products as Python writes them', () => {
    const [b, t] = names.map((name) => poly.symbol(syms.get(name)!));
    expect(poly.render(poly.add(poly.multiply(poly.constant(2), b!)!, t!)!)).toMatch(
      /^(2 \* B \+ T|T \+ 2 \* B)$/,
    );
    expect(poly.render(poly.constant(0))).toBe('0');
  });
});
