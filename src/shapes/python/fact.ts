import type { Basis, Evidence } from '../site.ts';
import { bases } from '../site.ts';
import { lineOf, lineText, type Place } from './ast.ts';

/** A piece of code that says something. The line is looked up when it is asked for. */
export interface Witness {
  place: Place;
  offset: number;
  kind: Evidence['kind'];
}

/** What a value rests on: the weakest of its parts, and the lines that gave them. */
export interface Fact {
  basis: Basis;
  witnesses: readonly Witness[];
}

const mostWitnesses = 8;

export function fact(basis: Basis, node: { place: Place; start: number }): Fact {
  return { basis, witnesses: [{ place: node.place, offset: node.start, kind: basis }] };
}

export function weaker(a: Basis, b: Basis): Basis {
  return bases.indexOf(a) > bases.indexOf(b) ? a : b;
}

export function mergeFacts(a: Fact, b: Fact): Fact {
  if (a === b) return a;
  return { basis: weaker(a.basis, b.basis), witnesses: joinWitnesses(a.witnesses, b.witnesses) };
}

function joinWitnesses(a: readonly Witness[], b: readonly Witness[]): readonly Witness[] {
  if (a === b || b.length === 0) return a;
  const known = [...a];
  for (const witness of b) {
    if (known.length >= mostWitnesses) break;
    if (!known.some(({ place, offset }) => place === witness.place && offset === witness.offset))
      known.push(witness);
  }
  return known;
}

/** The same fact, resting on `basis` at best: what is handed through a default is a default. */
export function weaken(given: Fact, basis: Basis, node: { place: Place; start: number } | null): Fact {
  const witnesses = node ? joinWitnesses(given.witnesses, fact(basis, node).witnesses) : given.witnesses;
  return { basis: weaker(given.basis, basis), witnesses };
}

export function toEvidence({ place, offset, kind }: Witness): Evidence {
  return {
    line: lineOf(place, offset),
    text: lineText(place, offset),
    kind,
    ...(place.file === null ? {} : { file: place.file }),
    ...(place.cell === null ? {} : { cell: place.cell }),
  };
}
