import { describe, expect, it } from 'vitest';
import {
  figure2Left,
  figure2Right,
  tableSeqLens,
} from '../../../../src/attention/literature/published/flashAttention1.ts';
import { timeTables } from '../../../../src/attention/literature/published/flashAttention1Times.ts';
import { notReproduced, reproduceRows } from '../../../../src/attention/literature/reproduce.ts';
import { reproduceRow } from '../../../../src/attention/literature/row.ts';
import { provenances } from '../../../../src/attention/provenance.ts';

const rows = reproduceRows();
const ours = (id: string) => rows.find((row) => row.id === id)?.ours;

describe('published numbers beside ours', () => {
  it('are each a number, with an id of its own, a source, a unit and a provenance', () => {
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    for (const row of rows) {
      expect(Number.isFinite(row.ours) && row.published !== 0).toBe(true);
      expect(row.relativeDifference).toBe((row.ours - row.published) / row.published);
      for (const text of [row.id, row.source, row.quantity, row.unit]) expect(text).not.toBe('');
      expect(provenances).toContain(row.provenance);
    }
  });

  it('of the accounts are all within what is allowed', () => {
    const claimed = rows.filter(({ id }) => /^(flash1-(figure2|table21|memory)|kv-cache)-/.test(id));
    expect(claimed.filter(({ within }) => within !== true)).toEqual([]);
    expect(claimed.filter(({ id }) => id.startsWith('flash1-table21-'))).toHaveLength(21);
    expect(claimed.filter(({ id }) => id.startsWith('flash1-figure2-middle-'))).toHaveLength(4);
  });

  it('tell what a model was fitted to from what it says of the rest', () => {
    const fitted = rows.filter((row) => row.fitted).map(({ id }) => id);
    expect(fitted.filter((id) => id.startsWith('flash1-table21-'))).toHaveLength(21);
    expect(fitted).toContain('time-flash1-table18-flash-n16384');
    expect(fitted.length).toBeLessThan(rows.length / 4);
  });

  it('say what the accounts come to, worked out by hand', () => {
    expect(ours('flash1-figure2-left-standard-hbm')).toBeCloseTo(300 * 0.134217728, 9);
    expect(ours('flash1-figure2-left-flash-hbm')).toBeCloseTo(33 * 0.134217728, 9);
    expect(ours('flash1-figure2-left-standard-gflop')).toBeCloseTo(12 * 1024 ** 2 * 64 * 1024 * 1e-9, 6);
    expect(ours('flash1-figure2-left-flash-gflop')).toBeCloseTo(14 * 1024 ** 2 * 64 * 1024 * 1e-9, 6);
    expect(ours('flash1-figure2-left-standard-gflop-printed')).toBeCloseTo(15.5 * 2 ** 32 * 1e-9, 9);
    expect(ours('flash1-figure2-left-flash-gflop-printed')).toBeCloseTo(17.5 * 2 ** 32 * 1e-9, 9);
    expect(ours('flash1-figure2-left-causal-time')).toBeCloseTo(7.3125, 9);
    expect(ours('flash1-figure2-middle-256')).toBeCloseTo(13 * 0.134217728, 9);
  });

  it('are outside where they are', () => {
    const row = { id: 'x', source: 's', quantity: 'q', unit: 'GB', published: 10, ours: 10.5 };
    expect(reproduceRow({ ...row, tolerance: 0.05 })).toMatchObject({ within: true, note: '' });
    expect(reproduceRow({ ...row, tolerance: 0.04 })).toMatchObject({ within: false });
    expect(reproduceRow({ ...row, ours: 9, tolerance: 0.04 })).toMatchObject({
      ...{ within: false, relativeDifference: -0.1, provenance: 'modelled' },
    });
    expect(reproduceRow({ ...row, tolerance: null })).toMatchObject({ within: null });
  });

  it('leave some alone, and say why', () => {
    const left = notReproduced();
    expect(left.some(({ what }) => what.includes('35.3 GB'))).toBe(true);
    expect(left.some(({ what }) => what.includes('Figure 8 bottom'))).toBe(true);
    for (const { what, why } of left) expect(what !== '' && why.length > 20).toBe(true);
  });
});

describe('the published tables of FlashAttention', () => {
  it('have a number or none for every length, and none before a number', () => {
    expect(timeTables.map(({ table }) => table)).toEqual(Array.from({ length: 12 }, (_, i) => 9 + i));
    for (const { rows: methods } of timeTables) {
      for (const times of Object.values(methods)) {
        expect(times).toHaveLength(tableSeqLens.length);
        const missing = times.indexOf(null);
        if (missing >= 0) {
          expect(times.slice(missing).every((time: number | null) => time === null)).toBe(true);
        }
      }
    }
  });

  it('are consistent where they are said to be: both passes take about the sum of the two, from 1024 on', () => {
    for (let first = 9; first <= 18; first += 3) {
      const [forward, backward, both] = [first, first + 1, first + 2].map(
        (number) => timeTables.find(({ table }) => table === number)!.rows,
      ) as [(typeof timeTables)[0]['rows'], (typeof timeTables)[0]['rows'], (typeof timeTables)[0]['rows']];
      for (const method of ['pytorch', 'flash'] as const) {
        for (let column = 3; column < tableSeqLens.length; column++) {
          const [one, two, sum] = [forward, backward, both].map((table) => table[method][column]);
          if (one && two && sum) expect(Math.abs(sum / (one + two) - 1)).toBeLessThan(0.11);
        }
      }
    }
  });

  it('show the inconsistencies that are named', () => {
    const megatron = (number: number) => timeTables.find(({ table }) => table === number)!.rows.megatron;
    for (const column of [3, 4]) {
      const ratio = megatron(11)[column]! / (megatron(9)[column]! + megatron(10)[column]!);
      expect(ratio).toBeGreaterThan(0.66);
      expect(ratio).toBeLessThan(0.7);
    }
    const [printed, cameraReady] = figure2Left;
    expect((cameraReady!.flash.ms * 10) / 16).toBeCloseTo(printed!.flash.ms, 1);
    // 188.4 ms at four times the length is 11.8 ms at 1024: not causal.
    expect(figure2Right.denseMs / 16).toBeCloseTo(cameraReady!.flash.ms, 0);
  });
});
