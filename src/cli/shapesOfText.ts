import type { LiteralShape } from '../shapes/literals.ts';
import { type AttentionSite, unknownProblem } from '../shapes/site.ts';

/** A literal shape in any text, as a site: sizes are known, and nothing else is. */
export function literalSite({ range, shape, evidence, assumption }: LiteralShape): AttentionSite {
  const sizes = Object.keys(shape) as (keyof typeof shape)[];
  const line = range.startLine + 1;
  return {
    line,
    column: range.startColumn,
    endLine: range.endLine + 1,
    endColumn: range.endColumn,
    api: 'literal',
    callee: evidence,
    problem: { ...unknownProblem(), ...shape },
    symbols: {},
    basis: Object.fromEntries(sizes.map((size) => [size, 'literal' as const])),
    evidence: [
      { line, text: evidence, kind: 'literal' },
      { line, text: assumption, kind: 'layout' },
    ],
    choices: {},
    tensors: [],
  };
}
