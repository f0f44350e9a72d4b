import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { visibleRange } from '../../../src/attention/mask.ts';
import { type Rectangle, rectangleSums, visibleElements } from '../../../src/attention/walk/rectangle.ts';
import { problems } from './arbitrary.ts';

it('sums over a rectangle of tiles are those of a walk key by key', () => {
  const tiles = fc.integer({ min: 1, max: 6 });
  const place = fc.record({ row: fc.nat(), rows: fc.nat(), key: fc.nat(), keys: fc.nat() });
  fc.assert(
    fc.property(
      problems(70),
      tiles,
      tiles,
      place,
      fc.integer({ min: 1, max: 2 }),
      (problem, br, bc, at, perWord) => {
        const [down, across] = [Math.ceil(problem.seqLenQ / br), Math.ceil(problem.seqLenKv / bc)];
        const row = at.row % down;
        const key = at.key % across;
        const part: Rectangle = {
          ...{
            rowStart: row * br,
            rowEnd: Math.min(problem.seqLenQ, (row + 1 + (at.rows % (down - row))) * br),
          },
          ...{
            keyStart: key * bc,
            keyEnd: Math.min(problem.seqLenKv, (key + 1 + (at.keys % (across - key))) * bc),
          },
        };
        const batch = problem.batch - 1;
        const seen = { tiles: 0, keyRows: 0, queryRows: 0, keys: [] as number[], queries: [] as number[] };
        let words = 0;
        for (let first = part.rowStart; first < part.rowEnd; first += br) {
          const rows = Array.from({ length: Math.min(br, part.rowEnd - first) }, (_, index) => first + index);
          const ranges = rows.map((each) => visibleRange(problem, batch, each));
          const from = Math.max(part.keyStart, ranges[0]!.start);
          const to = Math.min(part.keyEnd, ranges.at(-1)!.end);
          const met = new Set<number>();
          for (let each = from; each < to; each++) {
            met.add(Math.floor(each / bc));
            seen.keys.push(each);
            seen.keyRows++;
          }
          seen.tiles += met.size;
          seen.queryRows += met.size * rows.length;
          if (met.size > 0) seen.queries.push(...rows);
          for (const { start, end } of ranges) {
            const own = new Set<number>();
            for (let each = Math.max(start, part.keyStart); each < Math.min(end, part.keyEnd); each++) {
              own.add(Math.floor(each / perWord));
            }
            words += own.size;
          }
        }
        const sums = rectangleSums(problem, batch, part, br, bc);
        expect(sums).toMatchObject({ tiles: seen.tiles, keyRows: seen.keyRows, queryRows: seen.queryRows });
        if (seen.tiles > 0) {
          expect([sums.keyFrom, sums.keyTo]).toEqual([Math.min(...seen.keys), Math.max(...seen.keys) + 1]);
          expect([sums.queryFrom, sums.queryTo]).toEqual([
            Math.min(...seen.queries),
            Math.max(...seen.queries) + 1,
          ]);
        }
        expect(sums.state === 'skipped').toBe(seen.tiles === 0);
        expect(visibleElements(problem, batch, part, perWord)).toBe(words);
      },
    ),
    { numRuns: 1500 },
  );
});
