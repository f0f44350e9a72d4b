import { describe, expect, test } from 'vitest';
import { formatBytes, formatInteger, formatMs } from '../../../src/attention/units.ts';
import type { ChartModel } from '../../../src/panel/model/chart.ts';
import { countCheck } from '../../../src/panel/model/checks.ts';
import { comparisonsOf } from '../../../src/panel/model/comparison.ts';
import { memoryChart, memoryTable } from '../../../src/panel/model/memory.ts';
import { summaryTable } from '../../../src/panel/model/summary.ts';
import type { Cell, TableModel } from '../../../src/panel/model/table.ts';
import { timeChart, timeTable } from '../../../src/panel/model/time.ts';
import { trafficChart, trafficTable } from '../../../src/panel/model/traffic.ts';
import { fixtureDocument, fixtureProblem, okRun, sideBySide, unfinishedRun } from './fixtures.ts';

const document = sideBySide();
const [comparison] = comparisonsOf(document);
const [standard, flash2] = document.runs;

function textOf(cell: Cell | undefined): string {
  if (!cell || cell.kind === 'none') return '';
  return cell.kind === 'text' ? cell.text : cell.figures.map(({ text }) => text).join('\n');
}

/** The texts of a row, found by its group and header. */
function rowOf(table: TableModel, group: string | null, header: string): Record<string, string> {
  const row = table.groups
    .find((entry) => entry.header === group)
    ?.rows.find((entry) => entry.header === header);
  if (!row) throw new Error(`no row ${group} ${header}`);
  return Object.fromEntries(
    table.columns.slice(1).map((column, index) => [column, textOf(row.cells[index])]),
  );
}

/** What a chart draws in a row, by series; headings and rows are found by their labels. */
function bar(chart: ChartModel, heading: string | null, label: string) {
  const from =
    heading === null ? 0 : chart.rows.findIndex((row) => row.kind === 'heading' && row.label === heading);
  const index = chart.rows.findIndex((row, at) => at >= from && row.kind === 'bar' && row.label === label);
  if (from < 0 || index < 0) throw new Error(`no bar ${heading} ${label}`);
  const drawn = chart.series.filter(({ values }) => values[index] !== null);
  return {
    row: chart.rows[index]!,
    values: Object.fromEntries(drawn.map(({ name, values }) => [name, values[index]])),
    texts: Object.fromEntries(drawn.map(({ name, texts }) => [name, texts[index]])),
  };
}

describe('traffic', () => {
  for (const unit of ['bytes', 'accesses'] as const) {
    const chart = trafficChart(comparison!, unit);
    const table = trafficTable(comparison!, unit);

    test.each([
      ['standard', 'bound'],
      ['standard', 'counted'],
      ['standard', 'exact'],
      ['standard', 'modelled'],
      ['flash2', 'bound'],
      ['flash2', 'counted'],
      ['flash2', 'exact'],
      ['flash2', 'modelled'],
    ] as const)(`${unit}: %s, %s: chart, table and document agree in every tensor`, (algorithm, account) => {
      const run = document.runs.find((candidate) => candidate.algorithm === algorithm)!;
      const traffic = run.traffic[account]!;
      const { values, texts, row } = bar(chart, algorithm, account);
      const cells = rowOf(table, algorithm, account);
      const fields =
        unit === 'bytes' ? (['readBytes', 'writeBytes'] as const) : (['loads', 'stores'] as const);
      let all = 0n;
      for (const [name, tally] of Object.entries(traffic.buffers)) {
        const expected = BigInt(tally[fields[0]]) + BigInt(tally[fields[1]]);
        all += expected;
        expect(values[name]).toBe(Number(expected));
        expect(cells[name]).toBe(texts[name]);
      }
      expect(Object.keys(values).sort()).toEqual(Object.keys(traffic.buffers).sort());
      expect(all).toBe(BigInt(traffic[fields[0]]) + BigInt(traffic[fields[1]]));
      expect(cells.all).toBe(row.text);
      expect(cells.provenance).toBe(account);
    });

    test(`${unit}: in and out stand apart`, () => {
      const [inward, outward] = unit === 'bytes' ? ['read', 'written'] : ['loads', 'stores'];
      const counted = standard!.traffic.counted!;
      const group = table.groups[0]!.rows;
      const start = group.findIndex(({ header }) => header === 'counted');
      expect(group.slice(start, start + 3).map(({ header }) => header)).toEqual(['counted', inward, outward]);
      const column = table.columns.indexOf('s') - 1;
      const figures = group.slice(start + 1, start + 3).map(({ cells }) => cells[column]!);
      const [read, written] =
        unit === 'bytes'
          ? [counted.buffers.s!.readBytes, counted.buffers.s!.writeBytes]
          : [counted.buffers.s!.loads, counted.buffers.s!.stores];
      for (const [index, value] of [read, written].entries()) {
        const cell = figures[index]!;
        if (cell.kind !== 'figures') throw new Error('no figure');
        expect(cell.figures[0]!.explanation).toContain(`${formatInteger(value)} `);
        expect(cell.figures[0]!.provenance).toBe('counted');
      }
    });
  }

  test('the N x N matrices are marked, in standard alone', () => {
    const chart = trafficChart(comparison!, 'bytes');
    expect(chart.series.filter(({ pairwise }) => pairwise).map(({ name }) => name)).toEqual(['s', 'p']);
    expect(bar(chart, 'flash2', 'counted').values).not.toHaveProperty('s');
  });

  test('counts past 2^53 keep every digit', () => {
    const problem = fixtureProblem('127,128,131072,256');
    const run = unfinishedRun(problem, 'flash2', 'stopped', 'budget');
    const [huge] = comparisonsOf(fixtureDocument(problem, [run]));
    const bytes = run.traffic.exact!.buffers.k!.readBytes;
    expect(typeof bytes).toBe('string');
    const row = trafficTable(huge!, 'bytes').groups[0]!.rows.find(({ header }) => header === 'exact')!;
    const cell = row.cells[trafficTable(huge!, 'bytes').columns.indexOf('k') - 1]!;
    if (cell.kind !== 'figures') throw new Error('no figure');
    expect(cell.figures[0]!.explanation.replaceAll(',', '')).toContain(String(bytes));
    expect(cell.figures[0]!.text).toBe(formatBytes(bytes));
  });
});

describe('counted = exact', () => {
  test('holds where every buffer agrees', () => {
    expect(countCheck(flash2!)).toEqual({ kind: 'equal', buffers: 5 });
  });

  test('names the buffer and both numbers where one access is missing', () => {
    const problem = fixtureProblem('1,2,64,16');
    const run = okRun(problem, 'flash2', {
      change: ({ traffic }) => {
        traffic.counted!.buffers.k!.loads = Number(traffic.counted!.buffers.k!.loads) - 1;
      },
    });
    const exact = run.traffic.exact!.buffers.k!.loads;
    const check = countCheck(run);
    expect(check).toEqual({
      kind: 'different',
      differences: [`k loads: ${formatInteger(Number(exact) - 1)} counted, ${formatInteger(exact)} exact`],
    });
    const [wrong] = comparisonsOf(fixtureDocument(problem, [run]));
    expect(summaryTable(wrong!).groups[0]!.rows[0]!.note).toMatchObject({ tone: 'bad' });
  });

  test('a buffer that only one side has is a difference', () => {
    const run = okRun(fixtureProblem('1,2,64,16'), 'flash2', {
      change: ({ traffic }) => {
        delete traffic.counted!.buffers.lse;
      },
    });
    expect(countCheck(run).kind).toBe('different');
  });

  test('says nothing where nothing was counted', () => {
    const run = unfinishedRun(fixtureProblem('1,2,64,16'), 'flash2', 'stopped', 'budget');
    expect(countCheck(run)).toEqual({ kind: 'unknown' });
  });
});

describe('time', () => {
  test('bars, whiskers, points and table are the numbers of the document', () => {
    const { row, values } = bar(timeChart(comparison!), 'standard', 'device');
    const time = standard!.time!;
    expect(values).toEqual({ device: time.medianMs });
    expect(row.spread).toEqual({ low: time.p25Ms, high: time.p75Ms, samples: time.samplesMs });
    expect(bar(timeChart(comparison!), 'standard', 'wall').values).toEqual({ wall: time.wallMedianMs });
    expect(rowOf(timeTable(comparison!), 'standard', 'device')).toMatchObject({
      median: formatMs(time.medianMs),
      p25: formatMs(time.p25Ms),
      p75: formatMs(time.p75Ms),
      samples: String(time.samplesMs.length),
      provenance: 'measured',
    });
  });

  test('every stage has its row and its share', () => {
    const rows = timeTable(comparison!).groups[0]!.rows;
    expect(rows.map(({ header }) => header)).toEqual(['device', 'scores', 'softmax', 'output', 'wall']);
    const shares = rows.slice(1, 4).map(({ cells }) => Number.parseFloat(textOf(cells[3])));
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(100, 0);
  });

  test('a run without times stands in chart and table with its status', () => {
    const problem = fixtureProblem('1,2,64,16');
    const skipped = unfinishedRun(problem, 'standard', 'skipped', 'too large');
    const [view] = comparisonsOf(fixtureDocument(problem, [skipped]));
    expect(bar(timeChart(view!), 'standard', 'time').row.text).toBe('skipped');
    expect(textOf(timeTable(view!).groups[0]!.rows[0]!.cells[0])).toBe('skipped');
  });
});

describe('memory', () => {
  test('chart and table agree with the document, buffer by buffer', () => {
    const table = memoryTable(comparison!);
    const labels = Object.fromEntries(
      memoryChart(comparison!).series.map(({ name, label }) => [name, label]),
    );
    for (const run of document.runs) {
      const { values } = bar(memoryChart(comparison!), null, run.algorithm);
      expect(values).toEqual(Object.fromEntries(run.memory!.buffers.map(({ name, bytes }) => [name, bytes])));
      for (const { name, bytes } of run.memory!.buffers) {
        expect(rowOf(table, null, labels[name]!)[run.algorithm]).toBe(formatBytes(bytes));
      }
      expect(rowOf(table, null, 'peak')[run.algorithm]).toBe(formatBytes(run.memory!.peakBytes));
    }
  });

  test('N x N buffers are named as such', () => {
    const labels = memoryChart(comparison!).series.map(({ label }) => label);
    expect(labels).toContain('s scores (N × N)');
    expect(labels).toContain('lse log-sum-exp');
  });
});

describe('both passes', () => {
  test('stand side by side, each run named with its pass', () => {
    const runs = document.runs.flatMap((run) => [run, { ...run, pass: 'backward' as const }]);
    const views = comparisonsOf({ ...document, runs });
    expect(views).toHaveLength(1);
    expect(views[0]!.passes).toEqual(['forward', 'backward']);
    expect(summaryTable(views[0]!).groups[0]!.rows.map(({ header }) => header)).toEqual([
      'standard forward',
      'standard backward',
      'flash2 forward',
      'flash2 backward',
    ]);
  });
});

describe('summary', () => {
  test('skipped, stopped and failed runs are rows with their reasons', () => {
    const problem = fixtureProblem('1,2,64,16');
    const runs = [
      unfinishedRun(problem, 'standard', 'skipped', 'needs 17.2 GB'),
      unfinishedRun(problem, 'flash2', 'stopped', 'the budget of 10 s ended'),
      unfinishedRun(problem, 'flash2', 'failed', 'device lost'),
    ];
    const [view] = comparisonsOf(fixtureDocument(problem, runs));
    const rows = summaryTable(view!).groups[0]!.rows;
    expect(rows.map(({ header, cells }) => [header, textOf(cells[0])])).toEqual([
      ['standard', 'skipped'],
      ['flash2', 'stopped'],
      ['flash2 (2)', 'failed'],
    ]);
    expect(rows[0]!.note).toEqual({ text: 'needs 17.2 GB', tone: 'info' });
    expect(rows[1]!.note!.progress).toBeCloseTo(3 / 96);
    expect(rows[1]!.note!.text).toContain('3 of 96 slices done in 2.46 s (measured)');
    expect(rows[1]!.note!.text).toContain('about 1 min 19 s (projected from them)');
    expect(rows[2]!.note).toEqual({ text: 'device lost', tone: 'bad' });
  });

  test('every figure carries its provenance and says what it means', () => {
    const cells = [summaryTable, timeTable, memoryTable].flatMap((table) =>
      table(comparison!).groups.flatMap(({ rows }) => rows.flatMap((row) => row.cells)),
    );
    const figures = cells.flatMap((cell) => (cell.kind === 'figures' ? cell.figures : []));
    expect(figures.length).toBeGreaterThan(30);
    for (const { provenance, explanation } of figures) {
      expect(explanation.toLowerCase()).toContain(`${provenance}: `);
    }
  });

  test('outputs that are not finite are an alarm', () => {
    const problem = fixtureProblem('1,2,64,16');
    const run = okRun(problem, 'flash2', {
      change: ({ errors }) => {
        errors.o = { ...errors.o!, relativeL2: null, maxAbs: null, nonFinite: 12 };
      },
    });
    const [view] = comparisonsOf(fixtureDocument(problem, [run]));
    const cell = summaryTable(view!).groups[0]!.rows[0]!.cells.at(-1)!;
    if (cell.kind !== 'figures') throw new Error('no figure');
    expect(cell.figures[0]).toMatchObject({ text: 'o 12 not finite', alarm: true });
  });
});
