import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { catalogue } from '../../../src/attention/catalogue.ts';
import { guaranteedLimits } from '../../../src/attention/limits.ts';
import type { Problem } from '../../../src/attention/problem.ts';
import { parseShape } from '../../../src/attention/shape.ts';
import { documentRun } from '../../../src/profiler/document/encode.ts';
import { maxDocumentLength } from '../../../src/profiler/document/read.ts';
import { outlineOf } from '../../../src/profiler/measureRun.ts';
import { isLarger, sweepPoints } from '../../../src/profiler/sweep/points.ts';
import { shardPoints } from '../../../src/profiler/sweep/shard.ts';
import { mostRuns, planSweep } from '../../../src/profiler/sweep/sweep.ts';
import { axesOf, plannedSweep, small } from './samples.ts';

function pointsOf(problem: Problem, ...axes: string[]) {
  const points = sweepPoints(problem, null, axesOf(...axes));
  if (!points.ok) throw new Error(points.error);
  return points.value;
}

const shapes = (problem: Problem, ...axes: string[]) =>
  pointsOf(problem, ...axes).map(({ problem: { heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV } }) =>
    [heads, kvHeads, seqLenQ, seqLenKv, headDim, headDimV].join(),
  );

describe('points', () => {
  test('seq is both lengths; n and m are one each', () => {
    expect(shapes(small, 'seq=4,8')).toEqual(['2,2,4,4,8,8', '2,2,8,8,8,8']);
    expect(shapes(small, 'n=4,8')).toEqual(['2,2,4,16,8,8', '2,2,8,16,8,8']);
    expect(shapes(small, 'm=4,8')).toEqual(['2,2,16,4,8,8', '2,2,16,8,8,8']);
  });

  test('kv heads and value dim follow where they were equal, and only there', () => {
    expect(shapes(small, 'h=4')).toEqual(['4,4,16,16,8,8']);
    expect(shapes({ ...small, kvHeads: 1 }, 'h=4')).toEqual(['4,1,16,16,8,8']);
    expect(shapes(small, 'h=4', 'kv=2')).toEqual(['4,2,16,16,8,8']);
    expect(shapes(small, 'd=4')).toEqual(['2,2,16,16,4,4']);
    expect(shapes({ ...small, headDimV: 12 }, 'd=4')).toEqual(['2,2,16,16,4,12']);
  });

  test('are what the shape with those sizes reads as', () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(size, size, size, size, (b, h, seq, d) => {
        const [point] = pointsOf(small, `b=${b}`, `h=${h}`, `seq=${seq}`, `d=${d}`);
        const shape = parseShape(`${b},${h},${seq},${d}`);
        expect(shape.ok && { ...small, ...shape.value }).toEqual(point!.problem);
      }),
    );
  });

  test('a bias for each head follows the heads, one for all stays one', () => {
    const bias = (batch: number, heads: number) => ({ ...small, bias: { batch, heads } });
    expect(pointsOf(bias(1, 2), 'h=4')[0]!.problem.bias).toEqual({ batch: 1, heads: 4 });
    expect(pointsOf(bias(1, 1), 'h=4', 'b=3')[0]!.problem.bias).toEqual({ batch: 1, heads: 1 });
  });

  test('have the same ids in the same order whatever the order of the axes', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(['d=4,8', 'seq=16..64', 'h=2,4', 'bc=4,8'], { minLength: 1 }),
        (axes) => {
          const found = pointsOf(small, ...axes);
          expect(found).toEqual(pointsOf(small, ...[...axes].sort()));
          expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
        },
      ),
    );
    expect(pointsOf(small, 'd=4', 'seq=32', 'br=8')[0]).toMatchObject({
      id: 'seq=32 d=4 br=8',
      tiling: { br: 8 },
    });
  });

  test('come small first: none is larger than a later one', () => {
    const found = pointsOf(small, 'h=4,8', 'kv=1,2,4', 'seq=5..80:25', 'd=4,8', 'br=4,8');
    for (const [index, point] of found.entries()) {
      for (const later of found.slice(index + 1)) expect(isLarger(point, later)).toBe(false);
    }
    expect(found).toHaveLength(2 * 3 * 4 * 2 * 2);
  });

  test.each<[Partial<Problem>, string[], RegExp]>([
    [{}, ['d=8,300'], /^d=300: headDim is 300, at most 256$/],
    [{}, ['kv=1,3'], /^kv=3: heads \(2\) must be divisible by kv heads \(3\)$/],
    [{ lengths: [12] }, ['seq=8,16'], /^seq=8: lengths are between 0 and the key length 8/],
    [{}, ['seq=16,99999999'], /^seq=99999999: seqLenQ is too large/],
    [{}, ['br=6'], /^br=6: tiling br=6 is not possible: give multiples of 4$/],
  ])('%j over %j are refused before anything runs', (more, axes, right) => {
    const found = sweepPoints({ ...small, ...more }, null, axesOf(...axes));
    expect(found.ok ? '' : found.error).toMatch(right);
  });

  test('a tile size is given once', () => {
    const found = sweepPoints(small, { br: 8 }, axesOf('br=4,8'));
    expect(found.ok ? '' : found.error).toMatch(/br varies, so the tiling cannot give it as well/);
    const other = sweepPoints(small, { bc: 8 }, axesOf('br=4'));
    expect(other.ok && other.value[0]!.tiling).toEqual({ br: 4, bc: 8 });
  });

  test('more runs than a document can hold are refused', () => {
    const planned = planSweep({
      ...plannedSweep().job,
      axes: axesOf('seq=1..1000:1'),
      algorithms: ['standard', 'flash1', 'flash2', 'eager'],
    });
    expect(planned.ok ? '' : planned.error).toMatch(
      /4000 runs \(1000 points, 4 algorithms, 1 pass\), at most/,
    );
  });
});

test('as many runs as a sweep may have can be read back, whichever algorithm they are of', () => {
  const problem = {
    ...small,
    ...{ seqLenQ: 512, seqLenKv: 512, dropout: 0.1, alibi: true, softcap: 30, sinks: true },
    bias: { batch: 1, heads: 2 },
  };
  for (const row of catalogue) {
    for (const pass of row.passes) {
      if (row.supports(problem, pass) !== null) continue;
      const outline = outlineOf({ row, pass, problem, tiling: null }, guaranteedLimits);
      const run = documentRun({ ...outline, device: 'gpu', problem: 'p', point: 'seq=512' });
      const { exact } = run.traffic;
      const full = { ...run, traffic: { ...run.traffic, counted: exact, modelled: exact } };
      // Six columns further in than on its own.
      const written = JSON.stringify([[[full]]], null, 2).length;
      expect(written * mostRuns(1)).toBeLessThan(maxDocumentLength);
    }
  }
});

describe('shards', () => {
  const points = pointsOf(small, 'seq=1..40:1', 'd=4,8');

  test('cover every point once, for any number of them', () => {
    fc.assert(
      fc.property(fc.nat(80), fc.integer({ min: 1, max: 90 }), (many, count) => {
        const some = points.slice(0, many);
        const parts = Array.from({ length: count }, (_, index) =>
          shardPoints(some, { index: index + 1, count }),
        );
        const ids = parts.flat().map(({ id }) => id);
        expect(ids.sort()).toEqual(some.map(({ id }) => id).sort());
        for (const part of parts) expect(part).toEqual(some.filter((point) => part.includes(point)));
      }),
    );
  });

  test('are balanced: none has more than the average and one point', () => {
    const work = (some: readonly { problem: Problem }[]) =>
      some.reduce((sum, { problem: { heads, seqLenQ, seqLenKv, headDim } }) => {
        return sum + heads * seqLenQ * seqLenKv * 2 * headDim;
      }, 0);
    const largest = Math.max(...points.map((point) => work([point])));
    for (const count of [2, 3, 7]) {
      for (let index = 1; index <= count; index++) {
        const part = shardPoints(points, { index, count });
        expect(work(part)).toBeLessThanOrEqual(work(points) / count + largest);
        expect(work(part)).toBeGreaterThanOrEqual(work(points) / count - largest);
      }
    }
  });
});
