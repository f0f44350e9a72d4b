import { describe, expect, test } from 'vitest';
import { notReproduced, reproduceRows } from '../../src/attention/literature/reproduce.ts';
import { reproduceRow } from '../../src/attention/literature/row.ts';
import { reproduceText } from '../../src/cli/reproduceText.ts';
import { styleFor } from '../../src/cli/style.ts';
import { runFaked } from './cliFakes.ts';

describe('reproduce', () => {
  test('--json prints the rows and what is left, and nothing else', async () => {
    const { code, out, error, hosts } = await runFaked(['reproduce', '--json']);
    expect({ code, error, hosts }).toEqual({ code: 0, error: '', hosts: { made: 0, disposed: 0 } });
    const printed = JSON.parse(out);
    expect(Object.keys(printed)).toEqual(['rows', 'notReproduced']);
    expect(printed.rows).toEqual(reproduceRows());
    expect(printed.notReproduced).toEqual(notReproduced());
  });

  test('the table groups by source, and fits 100 columns', async () => {
    const { code, out } = await runFaked(['reproduce']);
    expect(code).toBe(0);
    expect(out).toMatch(/^FlashAttention \(arXiv 2205\.14135v2\), Figure 2 left$/m);
    expect(out).toMatch(/^standard, HBM reads and writes +GB +40\.3 +40\.265 +-0\.086% +0\.12% +yes$/m);
    expect(out).toMatch(/^PyTorch, peak memory, N = 4096 +MiB +17024 +17024 +0% +0% +fitted$/m);
    expect(out).toContain('Not reproduced, and why');
    expect(out).toMatch(/^\d+ of \d+ numbers that no model was fitted to are within what is allowed/m);
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  test('a number outside of its tolerance is said and counted; one without a tolerance is not', () => {
    const base = { source: 'A paper', quantity: 'bytes', unit: 'GB', published: 2 };
    const rows = [
      reproduceRow({ ...base, id: 'a', ours: 2.5, tolerance: 0.1, note: 'Of the first alone.' }),
      reproduceRow({ ...base, id: 'b', ours: 2, tolerance: 0.1 }),
      reproduceRow({ ...base, id: 'c', ours: 9, tolerance: null }),
      reproduceRow({ ...base, id: 'd', ours: 2.1, tolerance: 0.1, fitted: true }),
      reproduceRow({ ...base, id: 'e', ours: 3, tolerance: 0.1, fitted: true }),
      reproduceRow({ ...base, id: 'f', ours: 2, tolerance: 0.1, fitted: true }),
    ];
    const plain = styleFor({ out: { isTty: false, write: async () => {} }, error: null!, environment: {} });
    const text = reproduceText(rows, [{ what: 'This', why: 'for that.' }], plain);
    expect(text).toMatch(/^bytes +GB +2 +2\.5 +\+25% +10% +no$/m);
    expect(text).toMatch(/^bytes +GB +2 +9 +\+350% +- +-$/m);
    expect(text).toContain('bytes: Of the first alone.');
    expect(text).toContain('This: for that.');
    expect(text).toMatch(/^bytes +GB +2 +2\.1 +\+5% +10% +fitted$/m);
    expect(text).toMatch(/^bytes +GB +2 +3 +\+50% +10% +no$/m);
    expect(text).toContain(
      '1 of 2 numbers that no model was fitted to are within what is allowed, 1 outside.\n' +
        '2 of 3 numbers that a model was fitted to are within what is allowed, 1 outside.\n' +
        '1 more are shown without a claim.',
    );
  });

  test('takes no arguments', async () => {
    const { code, error } = await runFaked(['reproduce', '1,8,512,64']);
    expect(code).toBe(2);
    expect(error).toMatch(/^attnprof: .*\n$/);
  });
});
