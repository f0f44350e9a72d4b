import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { generate } from '../../../scripts/generate.ts';

let root: string;
const sources = () => join(root, 'src/plans/kernelSources.generated.ts');
const builders = () => join(root, 'src/plans/algorithms.generated.ts');

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'attnprof-generate-'));
  mkdirSync(join(root, 'kernels/two-pass'), { recursive: true });
  mkdirSync(join(root, 'src/plans/algorithms'), { recursive: true });
  writeFileSync(join(root, 'kernels/two-pass/forward.wesl'), 'fn f() {} // `quoted` $& \\ \r\n');
  writeFileSync(join(root, 'src/plans/algorithms/two-pass.ts'), 'export const plan = () => "planned";\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('kernels and algorithms are found by their files, texts unharmed', async () => {
  generate(root);
  const { kernelSources } = await import(pathToFileURL(sources()).href);
  expect(kernelSources).toEqual({ 'two-pass/forward': 'fn f() {} // `quoted` $& \\ \n' });
  const { planBuilders } = await import(pathToFileURL(builders()).href);
  expect(planBuilders['two-pass']()).toBe('planned');
});

test('nothing is written where nothing changed, and a removed kernel goes', () => {
  generate(root);
  const past = new Date(2020, 0, 1);
  utimesSync(sources(), past, past);
  generate(root);
  expect(statSync(sources()).mtimeMs).toBe(past.getTime());
  unlinkSync(join(root, 'kernels/two-pass/forward.wesl'));
  generate(root);
  expect(readFileSync(sources(), 'utf8')).not.toContain('two-pass');
});
