import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tileRows, visibleKeys, visiblePairs } from '../../../src/attention/mask.ts';
import { problems } from './arbitrary.ts';

/** The mask written down from its definition: is the pair (query, key) visible? */
function sees(
  problem: { causal: string | false; seqLenQ: number; seqLenKv: number },
  query: number,
  key: number,
) {
  if (problem.causal === 'top-left') return key <= query;
  if (problem.causal === 'bottom-right') return key - problem.seqLenKv <= query - problem.seqLenQ;
  return true;
}

describe('the mask', () => {
  it('shows a query exactly the first keys that its definition allows', () => {
    fc.assert(
      fc.property(problems(40), (problem) => {
        for (let query = 0; query < problem.seqLenQ; query++) {
          const visible = visibleKeys(problem, query);
          for (let key = 0; key < problem.seqLenKv; key++) {
            expect(key < visible).toBe(sees(problem, query, key));
          }
        }
      }),
    );
  });

  it('counts visible pairs in closed form', () => {
    fc.assert(
      fc.property(problems(), (problem) => {
        let pairs = 0;
        for (let query = 0; query < problem.seqLenQ; query++) pairs += visibleKeys(problem, query);
        expect(visiblePairs(problem)).toBe(pairs);
      }),
    );
  });

  it('cuts the query rows into tiles that meet and end with the sequence', () => {
    const problem = { seqLenQ: 10, seqLenKv: 7, causal: 'bottom-right' as const };
    expect([...tileRows(problem, 4)]).toEqual([
      { rowStart: 0, rows: 4, keyEnd: 1 },
      { rowStart: 4, rows: 4, keyEnd: 5 },
      { rowStart: 8, rows: 2, keyEnd: 7 },
    ]);
  });
});
