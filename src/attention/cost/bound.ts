import { bandsOf, maskClasses, visiblePairs, visiblePairsOf, visibleRange } from '../mask.ts';
import type { Pass, Problem } from '../problem.ts';
import { type TensorName, tensorRows } from '../storage.ts';
import { type Access, sumTraffic, type Traffic } from '../traffic.ts';

/** The widest access WGSL has: four f32 elements. */
const widestAccessBytes = 16;

/**
 * The least any algorithm can move: every input row that matters read once, every output element
 * written once, with the widest accesses there are. Keys that no query sees, and queries that see no key,
 * are not read. Row statistics are not counted: an
 * algorithm can do without. Backward reads Q, K, V and dO and writes dQ, dK and dV, which are whole even
 * where nothing is seen; O and the bias are not needed where P is kept.
 */
export function boundTraffic(problem: Problem, pass: Pass = 'forward'): Traffic<'bound'> {
  const { batch, heads, kvHeads, seqLenQ, seqLenKv, bias } = problem;
  let queries = 0;
  let keys = 0;
  for (const { batch: entry, count } of maskClasses(problem)) {
    const seen = seenBy(problem, entry);
    queries += count * seen.queries;
    keys += count * seen.keys;
  }
  const layout = (name: TensorName) => tensorRows(problem, name).layout.bytes;
  return sumTraffic(
    'bound',
    ['attention'],
    [
      tensor('q', 'load', heads * queries, layout('q')),
      tensor('k', 'load', kvHeads * keys, layout('k')),
      tensor('v', 'load', kvHeads * keys, layout('v')),
      ...(bias && pass === 'forward' ? [tensor('bias', 'load', bias.heads * biasPairs(problem), 4)] : []),
      ...(pass === 'forward'
        ? [tensor('o', 'store', heads * batch * seqLenQ, layout('o'))]
        : [
            tensor('dout', 'load', heads * queries, layout('dout')),
            tensor('dq', 'store', heads * batch * seqLenQ, layout('dq')),
            tensor('dk', 'store', kvHeads * batch * seqLenKv, layout('dk')),
            tensor('dv', 'store', kvHeads * batch * seqLenKv, layout('dv')),
          ]),
    ].flat(),
  );
}

/** Query rows of a batch entry that see any key, and keys that any query sees. */
export function seenBy(problem: Problem, batch: number): { queries: number; keys: number } {
  let first = Number.POSITIVE_INFINITY;
  let last = -1;
  for (const { rowStart, rowEnd, startShift, endShift, low, high } of bandsOf(problem, batch)) {
    // Its keys begin before `high` and end after `low`.
    const from = Math.max(rowStart, low + 1 - endShift);
    const to = Math.min(rowEnd - 1, high - 1 - startShift);
    if (low === high || from > to) continue;
    first = Math.min(first, from);
    last = Math.max(last, to);
  }
  if (first > last) return { queries: 0, keys: 0 };
  // Rows that see something are contiguous, and so are the keys that they see.
  return {
    queries: last - first + 1,
    keys: visibleRange(problem, batch, last).end - visibleRange(problem, batch, first).start,
  };
}

/** Elements of one head's bias that are needed: of the entry that sees most, where all entries share it. */
function biasPairs(problem: Problem): number {
  if (problem.bias?.batch !== 1) return visiblePairs(problem);
  return Math.max(...maskClasses(problem).map(({ batch }) => visiblePairsOf(problem, batch)));
}

function tensor(buffer: string, kind: Access['kind'], rows: number, bytesPerRow: number): Access[] {
  const bytes = BigInt(rows) * BigInt(bytesPerRow);
  const rest = Number(bytes % BigInt(widestAccessBytes));
  const access = { stage: 'attention', buffer, kind };
  return [
    { ...access, accesses: bytes / BigInt(widestAccessBytes), bytesPerAccess: widestAccessBytes },
    ...(rest > 0 ? [{ ...access, accesses: 1n, bytesPerAccess: rest }] : []),
  ];
}
