import { describe, expect, test } from 'vitest';
import { countedPerLine, countedTraffic } from '../../../src/plans/counting/collect.ts';
import type { AccessSite, LinkedModule } from '../../../src/plans/plan.ts';

function moduleOf(id: string, sites: AccessSite[]): LinkedModule {
  return { id, wgsl: '', counting: { wgsl: '', sites, counterBinding: 1 }, hash: '' };
}

const modules = [
  moduleOf('scores', [
    { buffer: 'q', kind: 'load', bytesPerAccess: 16, line: 7 },
    { buffer: 's', kind: 'store', bytesPerAccess: 4, line: 9 },
    { buffer: 'q', kind: 'load', bytesPerAccess: 4, line: 9 },
  ]),
  moduleOf('output', [{ buffer: 's', kind: 'load', bytesPerAccess: 4, line: 3 }]),
];
const past = 2n ** 60n + 1n;
const counts = [
  { stage: 'output', module: 'output', site: 0, count: '5' },
  { stage: 'scores', module: 'scores', site: 0, count: String(past) },
  { stage: 'scores', module: 'scores', site: 1, count: '3' },
  { stage: 'scores', module: 'scores', site: 2, count: '0' },
];

describe('counted traffic', () => {
  test('adds up per buffer and stage, past 2^53', () => {
    const traffic = countedTraffic(modules, ['scores', 'output'], counts);
    expect(traffic.provenance).toBe('counted');
    expect(traffic.stages.map((stage) => stage.name)).toEqual(['scores', 'output']);
    expect(traffic.buffers).toEqual({
      q: { loads: past, readBytes: 16n * past, stores: 0n, writeBytes: 0n },
      s: { loads: 5n, readBytes: 20n, stores: 3n, writeBytes: 12n },
    });
    expect(traffic.stages[1]!.buffers).toEqual({
      s: { loads: 5n, readBytes: 20n, stores: 0n, writeBytes: 0n },
    });
    expect([traffic.loads, traffic.stores, traffic.writeBytes]).toEqual([past + 5n, 3n, 12n]);
  });

  test('adds up per line, in the order of the modules', () => {
    const again = { stage: 'later', module: 'scores', site: 0, count: '1' };
    expect(countedPerLine(modules, [...counts, again])).toEqual([
      {
        module: 'scores',
        line: 7,
        loads: past + 1n,
        readBytes: 16n * (past + 1n),
        stores: 0n,
        writeBytes: 0n,
      },
      { module: 'scores', line: 9, loads: 0n, readBytes: 0n, stores: 3n, writeBytes: 12n },
      { module: 'output', line: 3, loads: 5n, readBytes: 20n, stores: 0n, writeBytes: 0n },
    ]);
  });

  test('refuses counts of what is not there, or that are no numbers', () => {
    const bad = (change: object) => () => countedTraffic(modules, ['scores'], [{ ...counts[1]!, ...change }]);
    expect(bad({ site: 3 })).toThrow(/site 3 of module scores, which does not exist/);
    expect(bad({ module: 'other' })).toThrow(/module other/);
    expect(bad({ stage: 'softmax' })).toThrow(/unknown stage: softmax/);
    for (const count of ['', '-1', '1.5', '0x10', ' 7']) expect(bad({ count })).toThrow(/no whole number/);
  });
});
