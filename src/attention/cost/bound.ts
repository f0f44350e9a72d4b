import { visibleKeys } from '../mask.ts';
import type { Problem } from '../problem.ts';
import { type Access, sumTraffic, type Traffic } from '../traffic.ts';

const f32Bytes = 4;
/** The widest access WGSL has: four f32 elements. */
const widestAccessBytes = 16;

/**
 * The least any algorithm can move: every input row that matters read once, every output element written
 * once, with the widest accesses there are. Keys that no query sees, and queries that see no key, are
 * not read. The log-sum-exp is not counted: inference does not need it.
 */
export function boundTraffic(problem: Problem): Traffic<'bound'> {
  const { batch, heads, kvHeads, seqLenQ, headDim, headDimV } = problem;
  const keys = visibleKeys(problem, seqLenQ - 1);
  let blind = 0;
  if (problem.causal === 'bottom-right') blind = Math.max(0, seqLenQ - problem.seqLenKv);
  const queries = keys === 0 ? 0 : seqLenQ - blind;
  return sumTraffic(
    'bound',
    ['attention'],
    [
      tensor('q', 'load', batch * heads, queries * headDim),
      tensor('k', 'load', batch * kvHeads, keys * headDim),
      tensor('v', 'load', batch * kvHeads, keys * headDimV),
      tensor('o', 'store', batch * heads, seqLenQ * headDimV),
    ].flat(),
  );
}

function tensor(buffer: string, kind: Access['kind'], count: number, elements: number): Access[] {
  const bytes = BigInt(count) * BigInt(elements) * BigInt(f32Bytes);
  const rest = Number(bytes % BigInt(widestAccessBytes));
  const access = { stage: 'attention', buffer, kind };
  return [
    { ...access, accesses: bytes / BigInt(widestAccessBytes), bytesPerAccess: widestAccessBytes },
    ...(rest > 0 ? [{ ...access, accesses: 1n, bytesPerAccess: rest }] : []),
  ];
}
