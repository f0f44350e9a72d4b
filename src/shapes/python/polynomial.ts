import type { Fact } from './fact.ts';

/**
 * A size that has a name. `name` is null for a size that nobody named yet; `known` is its value where the code
 * gives one. Both are filled in as the analysis learns more: they are facts about one and the same size.
 */
export interface Sym {
  readonly id: number;
  name: string | null;
  known: { value: number; fact: Fact } | null;
  /** Values that the code runs it with: a loop over literals, a parametrised test. */
  choices: number[] | null;
  /** Where the name comes from, if from a comment or an annotation. */
  fact: Fact | null;
}

type Atom = { key: string; sym: Sym } | { key: string; quotient: { num: Polynomial; den: Polynomial } };

interface Term {
  coefficient: number;
  /** Sorted by key; a power is an atom that stands more than once. */
  atoms: readonly Atom[];
}

/** Integer polynomial over sizes and floor quotients, terms by the keys of their atoms. Immutable. */
export interface Polynomial {
  readonly terms: ReadonlyMap<string, Term>;
}

const mostTerms = 12;
const mostAtoms = 12;

const keyOf = (atoms: readonly Atom[]) => atoms.map((atom) => atom.key).join('*');

function make(terms: Iterable<Term>): Polynomial | null {
  const sum = new Map<string, Term>();
  for (const term of terms) {
    const key = keyOf(term.atoms);
    const coefficient = (sum.get(key)?.coefficient ?? 0) + term.coefficient;
    if (!Number.isSafeInteger(coefficient) || term.atoms.length > mostAtoms) return null;
    if (coefficient === 0) sum.delete(key);
    else sum.set(key, { coefficient, atoms: term.atoms });
  }
  return sum.size > mostTerms ? null : { terms: sum };
}

export function constant(value: number): Polynomial {
  return { terms: value === 0 ? new Map() : new Map([['', { coefficient: value, atoms: [] }]]) };
}

export function symbol(sym: Sym): Polynomial {
  const key = `s${sym.id}`;
  return { terms: new Map([[key, { coefficient: 1, atoms: [{ key, sym }] }]]) };
}

/** Null, here and below, where the result would be too large to be of use. */
export function add(a: Polynomial, b: Polynomial): Polynomial | null {
  return make([...a.terms.values(), ...b.terms.values()]);
}

export function subtract(a: Polynomial, b: Polynomial): Polynomial | null {
  return add(a, {
    terms: new Map([...b.terms].map(([key, t]) => [key, { ...t, coefficient: -t.coefficient }])),
  });
}

export function multiply(a: Polynomial, b: Polynomial): Polynomial | null {
  const terms: Term[] = [];
  for (const x of a.terms.values()) {
    for (const y of b.terms.values()) {
      const atoms = [...x.atoms, ...y.atoms].sort((p, q) => (p.key < q.key ? -1 : p.key > q.key ? 1 : 0));
      terms.push({ coefficient: x.coefficient * y.coefficient, atoms });
    }
  }
  return make(terms);
}

/** The value of a polynomial without symbols. */
export function constantOf(p: Polynomial): number | null {
  if (p.terms.size === 0) return 0;
  const only = p.terms.get('');
  return p.terms.size === 1 && only ? only.coefficient : null;
}

/** a / b where it is a polynomial again; floor(a / b) of two numbers; else a quotient in lowest terms. */
export function floorDivide(a: Polynomial, b: Polynomial): Polynomial | null {
  const [x, y] = [constantOf(a), constantOf(b)];
  if (y === 0) return null;
  if (x !== null && y !== null) return constant(Math.floor(x / y));
  if (same(a, b)) return constant(1);
  const divisor = onlyTerm(b);
  if (divisor) {
    const shared = sharedFactor(a, divisor);
    const num = divideBy(a, shared);
    const den = divideBy({ terms: new Map([[keyOf(divisor.atoms), divisor]]) }, shared);
    if (constantOf(den) === 1) return num;
    return quotient(num, den);
  }
  return quotient(a, b);
}

/** a / b where b divides every term of a, else null. */
export function exactDivide(a: Polynomial, b: Polynomial): Polynomial | null {
  const divisor = onlyTerm(b);
  if (!divisor) return same(a, b) ? constant(1) : null;
  const shared = sharedFactor(a, divisor);
  if (shared.atoms.length !== divisor.atoms.length || shared.coefficient !== divisor.coefficient) return null;
  return divideBy(a, divisor);
}

function quotient(num: Polynomial, den: Polynomial): Polynomial | null {
  if (num.terms.size > 4 || den.terms.size > 4) return null;
  const key = `(${identity(num)})/(${identity(den)})`;
  if (key.length > 300) return null;
  return { terms: new Map([[key, { coefficient: 1, atoms: [{ key, quotient: { num, den } }] }]]) };
}

function onlyTerm(p: Polynomial): Term | null {
  return p.terms.size === 1 ? [...p.terms.values()][0]! : null;
}

function sharedFactor(p: Polynomial, divisor: Term): Term {
  let coefficient = Math.abs(divisor.coefficient);
  let atoms = divisor.atoms;
  for (const term of p.terms.values()) {
    coefficient = greatestDivisor(coefficient, Math.abs(term.coefficient));
    const rest = term.atoms.map((atom) => atom.key);
    atoms = atoms.filter((atom) => {
      const found = rest.indexOf(atom.key);
      if (found < 0) return false;
      rest.splice(found, 1);
      return true;
    });
  }
  return { coefficient, atoms };
}

function divideBy(p: Polynomial, factor: Term): Polynomial {
  const terms = [...p.terms.values()].map((term) => {
    const atoms = [...term.atoms];
    for (const atom of factor.atoms) {
      const found = atoms.findIndex(({ key }) => key === atom.key);
      if (found >= 0) atoms.splice(found, 1);
    }
    return { coefficient: term.coefficient / factor.coefficient, atoms };
  });
  return { terms: new Map(terms.map((term) => [keyOf(term.atoms), term])) };
}

function greatestDivisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** A string that two polynomials share only if they are equal. */
export function identity(p: Polynomial): string {
  return [...p.terms]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { coefficient }]) => `${coefficient}${key && `*${key}`}`)
    .join('+');
}

export function same(a: Polynomial, b: Polynomial): boolean {
  return a === b || (a.terms.size === b.terms.size && identity(a) === identity(b));
}

/** All symbols in it, also those inside quotients. */
export function symbolsOf(p: Polynomial, into = new Set<Sym>()): Set<Sym> {
  for (const { atoms } of p.terms.values()) {
    for (const atom of atoms) {
      if ('sym' in atom) into.add(atom.sym);
      else {
        symbolsOf(atom.quotient.num, into);
        symbolsOf(atom.quotient.den, into);
      }
    }
  }
  return into;
}

/** The number that it is once `given` gives a value to each symbol; null where it does not to all. */
export function evaluate(p: Polynomial, given: (sym: Sym) => number | null): number | null {
  let sum = 0;
  for (const { coefficient, atoms } of p.terms.values()) {
    let product = coefficient;
    for (const atom of atoms) {
      const value = 'sym' in atom ? given(atom.sym) : evaluateQuotient(atom.quotient, given);
      if (value === null) return null;
      product *= value;
    }
    sum += product;
  }
  return Number.isSafeInteger(sum) ? sum : null;
}

function evaluateQuotient(
  { num, den }: { num: Polynomial; den: Polynomial },
  given: (sym: Sym) => number | null,
): number | null {
  const [x, y] = [evaluate(num, given), evaluate(den, given)];
  return x === null || y === null || y === 0 ? null : Math.floor(x / y);
}

/** As Python writes it, `2 * n_embd // n_head`; null where a size in it has no name. */
export function render(p: Polynomial): string | null {
  const terms: string[] = [];
  for (const { coefficient, atoms } of p.terms.values()) {
    const factors: string[] = [];
    if (Math.abs(coefficient) !== 1 || atoms.length === 0) factors.push(String(Math.abs(coefficient)));
    for (const atom of atoms) {
      const text = 'sym' in atom ? atom.sym.name : renderQuotient(atom.quotient);
      if (text === null) return null;
      factors.push('sym' in atom || (atoms.length === 1 && Math.abs(coefficient) === 1) ? text : `(${text})`);
    }
    const text = factors.join(' * ');
    terms.push(
      terms.length === 0 ? (coefficient < 0 ? `-${text}` : text) : `${coefficient < 0 ? '- ' : '+ '}${text}`,
    );
  }
  return terms.length === 0 ? '0' : terms.join(' ');
}

function renderQuotient({ num, den }: { num: Polynomial; den: Polynomial }): string | null {
  const [x, y] = [render(num), render(den)];
  if (x === null || y === null) return null;
  const wrap = (text: string) => (/ /.test(text) ? `(${text})` : text);
  return `${wrap(x)} // ${wrap(y)}`;
}

/** The factors of a product of two or more named sizes, in no order; null where it is not one. */
export function factorsOf(p: Polynomial): Polynomial[] | null {
  const term = onlyTerm(p);
  if (!term || term.atoms.length + (term.coefficient === 1 ? 0 : 1) < 2) return null;
  const factors = term.atoms.map((atom): Polynomial => {
    return { terms: new Map([[atom.key, { coefficient: 1, atoms: [atom] }]]) };
  });
  return term.coefficient === 1 ? factors : [constant(term.coefficient), ...factors];
}

/** The symbol that a polynomial is, if it is nothing more. */
export function asSymbol(p: Polynomial): Sym | null {
  const term = onlyTerm(p);
  const atom = term?.coefficient === 1 && term.atoms.length === 1 ? term.atoms[0]! : null;
  return atom && 'sym' in atom ? atom.sym : null;
}
