import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crossoverOf, endOf } from '../../../src/profiler/sweep/crossover.ts';
import { mainAxis, type SweepLine, sweepLines } from '../../../src/profiler/sweep/lines.ts';
import { sweep } from '../../../src/profiler/sweep/sweep.ts';
import { sampleDocument } from '../documentSamples.ts';
import { fakeHost } from './fakeHost.ts';
import { axesOf, plannedSweep } from './samples.ts';

type Quartiles = readonly [number, number, number] | 'skipped' | null;

function lineOf(algorithm: string, ...times: Quartiles[]): SweepLine {
  const [run] = sampleDocument().runs;
  return {
    ...{ device: 'gpu', algorithm, pass: 'forward', fixed: '' },
    cells: times.map((quartiles, index) => {
      const value = 2 ** index;
      if (quartiles === null) return { value, run: null };
      if (quartiles === 'skipped') return { value, run: { ...run!, status: 'skipped', reason: 'no' } };
      const [p25Ms, medianMs, p75Ms] = quartiles;
      return { value, run: { ...run!, time: { ...run!.time!, p25Ms, medianMs, p75Ms } } };
    }),
  };
}

const even: Quartiles = [9, 10, 11];

describe('crossover', () => {
  const baseline = lineOf('standard', even, even, even, even);

  test.each<[string, Quartiles[], object | null]>([
    [
      'from a size on',
      [
        [9, 9, 9.5],
        [20, 20, 20],
        [1, 2, 3],
        [4, 5, 8],
      ],
      { from: 4, to: 8, ratio: 2 },
    ],
    [
      'everywhere',
      [
        [1, 1, 1],
        [1, 1, 1],
        [1, 1, 1],
        [1, 1, 1],
      ],
      { from: 1, fromStart: true, ratio: 10 },
    ],
    [
      'quartiles that touch are noise',
      [
        [1, 1, 1],
        [1, 1, 1],
        [1, 1, 1],
        [7, 8, 9],
      ],
      { from: null, there: 'noise' },
    ],
    [
      'slower in the end',
      [
        [1, 1, 1],
        [1, 1, 1],
        [1, 1, 1],
        [12, 20, 30],
      ],
      { from: null, there: 'slower', ratio: 0.5 },
    ],
    [
      'until the last that both ran',
      [[12, 13, 14], [1, 1, 1], null, 'skipped'],
      { from: 2, to: 2, there: 'faster' },
    ],
    ['never both', [null, 'skipped', null, null], null],
  ])('%s', (_name, times, expected) => {
    const found = crossoverOf(baseline, lineOf('flash2', ...times));
    if (expected === null) expect(found).toBeNull();
    else expect(found).toMatchObject(expected);
  });

  test('is the least size from which every later one is faster', () => {
    const time = fc
      .tuple(fc.integer({ min: 1, max: 20 }), fc.nat(5), fc.nat(5))
      .map(([low, more, most]) => [low, low + more, low + more + most] as const);
    const cell = fc.oneof({ weight: 6, arbitrary: time }, fc.constantFrom(null, 'skipped' as const));
    const cells = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(cells, (pairs) => {
        const found = crossoverOf(
          lineOf('standard', ...pairs.map(([before]) => before)),
          lineOf('flash2', ...pairs.map(([, after]) => after)),
        );
        const both = pairs.flatMap(([before, after], index) =>
          before && after && before !== 'skipped' && after !== 'skipped'
            ? [{ value: 2 ** index, faster: after[2] < before[0] }]
            : [],
        );
        if (both.length === 0) {
          expect(found).toBeNull();
          return;
        }
        const stays = both.filter(({ value }) => both.every((each) => each.value < value || each.faster));
        expect(found!.from).toBe(stays[0]?.value ?? null);
        expect(found!.to).toBe(both.at(-1)!.value);
        expect(found!.fromStart).toBe(stays.length === both.length);
      }),
    );
  });
});

test('a line ends where it did not come to its end any more', () => {
  expect(endOf(lineOf('standard', even, 'skipped', even, 'skipped'))).toMatchObject({ last: 4, next: 8 });
  expect(endOf(lineOf('standard', even, null, 'skipped'))).toMatchObject({ last: 1, next: 4 });
  expect(endOf(lineOf('standard', even, even))).toBeNull();
  expect(endOf(lineOf('standard', 'skipped'))).toBeNull();
});

describe('lines', () => {
  test('run along a length where one varies, the other sizes fixed', async () => {
    const planned = plannedSweep({ axes: axesOf('h=2,4,8', 'seq=16,32', 'd=4,8') });
    const document = await sweep(planned, fakeHost().host);
    const lines = sweepLines(document);
    expect(mainAxis(document.sweep!)).toBe('seq');
    expect(lines).toHaveLength(3 * 2 * 2);
    for (const { cells, fixed, algorithm } of lines) {
      expect(cells.map(({ value }) => value)).toEqual([16, 32]);
      for (const { value, run } of cells) {
        expect(run!.algorithm).toBe(algorithm);
        expect(run!.point!.split(' ').sort()).toEqual([`seq=${value}`, ...fixed.split(' ')].sort());
      }
    }
  });

  test('run along the axis with the most values where no length varies', async () => {
    const planned = plannedSweep({ axes: axesOf('d=4,8', 'br=4..16'), algorithms: ['flash2'] });
    const document = await sweep(planned, fakeHost().host);
    expect(mainAxis(document.sweep!)).toBe('br');
    expect(sweepLines(document).map(({ fixed, cells }) => [fixed, cells.map(({ value }) => value)])).toEqual([
      ['d=4', [4, 8, 16]],
      ['d=8', [4, 8, 16]],
    ]);
  });
});
