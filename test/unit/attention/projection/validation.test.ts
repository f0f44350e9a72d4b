import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { projectionDocument, projectionText } from '../../../../scripts/projectionText.ts';
import { projectionRows } from '../../../../src/attention/literature/projectionRows.ts';
import {
  benchmarkRule,
  flashAttention2Figure4,
} from '../../../../src/attention/literature/published/flashAttention2.ts';
import { flashAttention3Figure5 } from '../../../../src/attention/literature/published/flashAttention3.ts';
import {
  flashAttention4Forward,
  flashAttention4Rule,
} from '../../../../src/attention/literature/published/flashAttention4.ts';
import {
  calibrations,
  leastSquares,
  squaredError,
  valueInUse,
} from '../../../../src/attention/projection/validation/calibration.ts';
import { projectedValue } from '../../../../src/attention/projection/validation/cell.ts';
import { figure5Cells } from '../../../../src/attention/projection/validation/figureCells.ts';

// `node scripts/projectionText.ts` writes the document.

const rows = projectionRows();
const at = (pattern: RegExp) => rows.filter(({ id }) => pattern.test(id));
const worst = (found: typeof rows) => Math.max(...found.map((row) => Math.abs(row.relativeDifference)));
const lengthOf = (id: string) => Number(/-n(\d+)$/.exec(id)?.[1]);

describe('projected times beside published ones', () => {
  it('are within 25% for PyTorch from 1k on, in FlashAttention-2 Figure 4 and FlashAttention-3 Figure 5', () => {
    const long = (pattern: RegExp) => at(pattern).filter(({ id }) => lengthOf(id) >= 1024);
    expect(long(/^time-flash2-figure4-pytorch-/)).toHaveLength(16);
    expect(long(/^time-flash3-figure5-pytorch-/)).toHaveLength(8);
    expect(worst(long(/^time-flash2-figure4-pytorch-/))).toBeLessThan(0.25);
    expect(worst(long(/^time-flash3-figure5-pytorch-/))).toBeLessThan(0.25);
  });

  it('are within 15% for the plateaus of flash forward passes on H100 and A100', () => {
    const plateaus = at(/^time-flash3-figure5-flash[23]-.*-n16384$/);
    expect(plateaus).toHaveLength(6);
    expect(worst(plateaus)).toBeLessThan(0.15);
    expect(at(/^time-flash2-forward-/)).toHaveLength(2);
    expect(worst(at(/^time-flash2-forward-/))).toBeLessThan(0.15);
  });

  it('are within 25% for decoding with FlashAttention-2 and Flash-Decoding, where nothing was fitted', () => {
    expect(at(/^time-flash-decoding-flash-/)).toHaveLength(20);
    expect(worst(at(/^time-flash-decoding-flash-/))).toBeLessThan(0.25);
  });

  it('say why where they are outside of what is claimed, and are outside nowhere else', () => {
    const outside = rows.filter(({ within }) => within === false);
    expect(outside.filter(({ note }) => note === '')).toEqual([]);
    const expected =
      /^time-(flash-decoding-pytorch-eager|flash1-table(10|11|13|14)-pytorch|flash1-table(9|10|11|13|15|16|17)-flash-n(1024|2048)|flash1-table15-pytorch-n4096|flash4-gb200-flash4-d64(-causal)?-n(1024|2048)$)/;
    expect(outside.filter(({ id }) => !expected.test(id)).map(({ id }) => id)).toEqual([]);
  });

  it('have an id each', () => {
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    for (const row of rows) expect(row.provenance).toBe('modelled');
  });
});

describe('fitted parameters', () => {
  it.each(calibrations)('$id is what least squares give', (calibration) => {
    expect(Math.abs(leastSquares(calibration) - valueInUse(calibration))).toBeLessThan(0.001);
  });

  it('fit no better anywhere near', () => {
    for (const calibration of calibrations) {
      const best = leastSquares(calibration);
      const cells = calibration.cells();
      const error = (value: number) =>
        squaredError(cells, (traits, pass) =>
          calibration.pass === undefined || calibration.pass === pass
            ? { ...traits, [calibration.parameter]: { ...traits[calibration.parameter], typical: value } }
            : traits,
        );
      for (const step of [-0.05, -0.01, 0.01, 0.05]) {
        expect(error(best)).toBeLessThanOrEqual(error(best + step) + 1e-9);
      }
    }
  });

  it('fit Figure 4 as well with memory and arithmetic overlapped, and predict Figure 5 worse, as the document says', () => {
    const [bandwidth] = calibrations;
    const cells = bandwidth!.cells();
    const error = (typical: number, overlap: number) =>
      squaredError(cells, (traits) => changed(traits, typical, overlap));
    const changed = (
      traits: Parameters<NonNullable<Parameters<typeof squaredError>[1]>>[0],
      typical: number,
      overlap: number,
    ) => ({
      ...traits,
      bandwidthEfficiency: { ...traits.bandwidthEfficiency, typical },
      memoryOverlap: { ...traits.memoryOverlap, typical: overlap },
    });
    const candidates = Array.from({ length: 200 }, (_, i) => 0.4 + i / 500);
    const best = candidates.reduce((a, b) => (error(b, 1) < error(a, 1) ? b : a));
    expect(best).toBeCloseTo(0.5, 1);
    expect(error(best, 1) / error(valueInUse(bandwidth!), 0)).toBeCloseTo(1, 1);
    const figure5 = figure5Cells().filter(
      ({ implementation, problem }) => implementation.id === 'pytorch-eager' && problem.seqLenQ >= 1024,
    );
    const off = (typical: number, overlap: number) =>
      Math.max(
        ...figure5.map((cell) =>
          Math.abs(projectedValue(cell, (traits) => changed(traits, typical, overlap)) / cell.published - 1),
        ),
      );
    expect(off(best, 1)).toBeGreaterThan(off(valueInUse(bandwidth!), 0) + 0.04);
  });
});

describe('published figures', () => {
  it('have a number or none for every length', () => {
    for (const { tflops } of flashAttention4Forward) {
      expect(tflops).toHaveLength(flashAttention4Rule.seqLens.length);
    }
    for (const { tflops } of [...flashAttention2Figure4, ...flashAttention3Figure5]) {
      expect(tflops).toHaveLength(benchmarkRule.seqLens.length);
      const missing = tflops.indexOf(null);
      if (missing >= 0) expect(missing).toBe(tflops.length - 1);
    }
  });
});

describe('the document', () => {
  it('is what the code gives', () => {
    expect(readFileSync(projectionDocument, 'utf8')).toBe(projectionText());
  });
});
