import fc from 'fast-check';
import { expect, it } from 'vitest';
import { pageKeys, pagesFor, pagesOf, rowAtPlace } from '../../../src/attention/paging.ts';

const problems = fc.record({
  batch: fc.integer({ min: 1, max: 4 }),
  kvHeads: fc.integer({ min: 1, max: 3 }),
  seqLenKv: fc.integer({ min: 1, max: 200 }),
  seed: fc.nat(),
});

it('places every row once, in the pool of its own K/V head, where the table says', () => {
  fc.assert(
    fc.property(problems, (problem) => {
      const pages = pagesFor(problem);
      const perEntry = pagesOf(problem);
      const pool = perEntry * pageKeys;
      const rowAt = rowAtPlace(pages);
      const kvHeads = problem.batch * problem.kvHeads;
      let padding = kvHeads * pool;
      for (let row = 0; row < kvHeads * problem.seqLenKv; row++) {
        const kvHead = Math.floor(row / problem.seqLenKv);
        const key = row % problem.seqLenKv;
        const entry = Math.floor(kvHead / problem.kvHeads) * perEntry;
        const place = pages.table[entry + Math.floor(key / pageKeys)]! * pageKeys + (key % pageKeys);
        expect(rowAt(kvHead * pool + place)).toBe(row);
        padding--;
      }
      const places = Array.from({ length: kvHeads * pool }, (_, place) => rowAt(place));
      expect(places.filter((row) => row === null)).toHaveLength(padding);
    }),
  );
});

it('scatters pages by the seed', () => {
  const problem = { batch: 2, kvHeads: 1, seqLenKv: 640, seed: 3 };
  const { table } = pagesFor(problem);
  expect(pagesFor(problem).table).toEqual(table);
  expect(pagesFor({ ...problem, seed: 4 }).table).not.toEqual(table);
  expect(table.slice(0, 40)).not.toEqual(table.slice(40));
});
