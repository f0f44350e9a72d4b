import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configSites } from '../../../../src/shapes/modelConfig/configSites.ts';

const samples = join(import.meta.dirname, '../../../workspace/configs');
const files = globSync('*/{config,metadata}.json', { cwd: samples });

describe('configurations of the sample workspace', () => {
  test('are there', () => expect(files.length).toBeGreaterThanOrEqual(7));

  test.each(files)('%s: every group of layers, on its line', (file) => {
    const sites = configSites(file, readFileSync(join(samples, file), 'utf8'));
    if (!sites.ok) throw new Error(sites.error);
    const found = sites.value.map(({ line, layers: { tower, kind, count }, problem, basis }) => ({
      line,
      tower,
      kind,
      count,
      heads: problem.heads,
      kvHeads: problem.kvHeads,
      headDim: problem.headDim,
      headDimV: problem.headDimV,
      window: problem.window,
      causal: problem.causal,
      defaults: Object.keys(basis).filter((name) => basis[name] === 'default'),
    }));
    expect(found).toEqual(JSON.parse(readFileSync(join(samples, dirname(file), 'expected.json'), 'utf8')));
  });
});
