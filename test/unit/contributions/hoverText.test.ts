import { describe, expect, test } from 'vitest';
import { catalogue, chooseTiling } from '../../../src/attention/catalogue.ts';
import { guaranteedLimits } from '../../../src/attention/limits.ts';
import { noOptions, type Problem } from '../../../src/attention/problem.ts';
import type { Shape } from '../../../src/attention/shape.ts';
import { unsupported } from '../../../src/attention/support.ts';
import { formatBytes } from '../../../src/attention/units.ts';
import { escapeMarkdown, hoverText } from '../../../src/editor/hoverText.ts';

const shape: Shape = {
  batch: 8,
  heads: 16,
  kvHeads: 16,
  seqLenQ: 4096,
  seqLenKv: 4096,
  headDim: 64,
  headDimV: 64,
};
const problem: Problem = { ...shape, ...noOptions, dtype: 'f32', seed: 0 };

function hover(changes: Partial<Shape> = {}, limitsOf = "WebGPU's guaranteed limits"): string {
  const assumption = 'read as batch, heads, sequence, head dim';
  return hoverText({
    shape: { ...shape, ...changes },
    assumption,
    rows: catalogue,
    limits: guaranteedLimits,
    limitsOf,
  });
}

describe('the hover', () => {
  test('shows the shape as understood and how it was read', () => {
    expect(hover()).toContain('batch 8 · heads 16 · sequence 4,096 · head dim 64');
    expect(hover()).toContain('read as batch, heads, sequence, head dim');
    expect(hover({ kvHeads: 4, seqLenKv: 1024, headDimV: 32 })).toContain(
      'heads 16 (4 kv) · sequence 4,096 × 1,024 keys · head dim 64 (values 32)',
    );
  });

  test('columns and rows together name the provenance of every number', () => {
    const shown = catalogue.filter((row) => unsupported(row, problem, 'forward') === null);
    const columns = [...shown.map(({ id }) => `&emsp;${id} (exact)`), '&emsp;bound'];
    expect(hover()).toContain(`| | ${columns.join(' | ')} |`);
  });

  test('its numbers are those of the cost model, each in a row that names its provenance', () => {
    const lines = hover().split('\n');
    for (const row of catalogue.filter((each) => unsupported(each, problem, 'forward') === null)) {
      const tiling = chooseTiling(row, problem, guaranteedLimits);
      if (!tiling.ok) throw new Error(tiling.error);
      const cost = row.forward.cost(problem, tiling.value);
      const bytes = formatBytes(cost.traffic.readBytes + cost.traffic.writeBytes);
      expect(lines.find((line) => line.startsWith('| HBM bytes moved'))).toContain(bytes);
      expect(lines.find((line) => line.startsWith('| Memory'))).toContain(formatBytes(cost.memory.peakBytes));
    }
    const table = lines.filter((line) => line.startsWith('|'));
    expect(new Set(table.map((line) => line.split('|').length)).size).toBe(1);
  });

  test('the lower bound of this shape is 4 tensors of 134 MB, one reading or writing of each', () => {
    expect(hover()).toMatch(/HBM bytes moved \|.*\| 537 MB \|/);
  });

  test('the comparison names the row that it quotes', () => {
    expect(hover()).toMatch(/HBM bytes moved \(exact\): standard [\d.]+× those of flash2\./);
  });

  test('the tiling is printed, and whose limits chose it', () => {
    expect(hover()).toMatch(/Tiling assumed: .*br=\d+ bc=\d+.*, from WebGPU's guaranteed limits\./);
  });

  test('an algorithm that does not fit says which number met which limit', () => {
    expect(hover({ seqLenQ: 65_536, seqLenKv: 65_536 })).toContain(
      'Standard attention cannot run there: one head needs a buffer of 17.2 GB, the limit is 134 MB.',
    );
  });

  test('the longest shapes and the widest heads have every cost, within a few milliseconds', () => {
    const longest = 2 ** 24;
    for (const changes of [
      { batch: 1, heads: 1, kvHeads: 1, seqLenQ: longest, seqLenKv: longest },
      { batch: 1, heads: 1, kvHeads: 1, seqLenQ: longest, seqLenKv: 1 },
      { headDim: 256, headDimV: 256 },
    ]) {
      hover(changes);
      const started = performance.now();
      const text = hover(changes);
      expect(performance.now() - started).toBeLessThan(20);
      for (const { id } of catalogue.filter((row) => unsupported(row, problem, 'forward') === null)) {
        expect(text).toContain(`&emsp;${id} (exact)`);
      }
    }
  });

  test('names from drivers and documents cannot become Markdown', () => {
    const evil = '[x](command:workbench.action.quit) <img src=x> $(flame) `code` **bold** | cell\n# head';
    const text = hover({}, evil);
    expect(text).not.toContain('](command:');
    expect(text).not.toMatch(/(?<!\\)<img/);
    expect(text).not.toMatch(/(?<!\\)\$\(flame\)/);
    expect(escapeMarkdown('b_s')).toBe('b\\_s');
  });
});
