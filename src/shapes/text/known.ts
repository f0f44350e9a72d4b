import { type Basis, bases, type Evidence } from '../site.ts';

/** A size that the text gives, or what it calls a size that it does not give. */
export interface Known {
  value: number | null;
  basis: Basis;
  /** What stands for it in the code, where the value is not known. */
  symbol: string | null;
  evidence: Evidence[];
}

/** A longer list of lines helps nobody. */
const mostEvidence = 8;

export function unknown(symbol: string | null = null): Known {
  return { value: null, basis: 'literal', symbol, evidence: [] };
}

export function literal(value: number): Known {
  return { value, basis: 'literal', symbol: null, evidence: [] };
}

/** The weaker of two bases: a product is as sure as the less sure of its factors. */
export function weaker(a: Basis, b: Basis): Basis {
  return bases.indexOf(a) >= bases.indexOf(b) ? a : b;
}

export function joinEvidence(...lists: Evidence[][]): Evidence[] {
  const seen = new Set<string>();
  const joined = lists.flat().filter(({ line, kind }) => {
    const key = `${line} ${kind}`;
    return !seen.has(key) && seen.add(key);
  });
  return joined.slice(0, mostEvidence);
}
