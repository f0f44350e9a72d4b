import { afterAll, expect, test } from 'vitest';
import { CompileError } from '../../../src/gpu/errors.ts';
import { PipelineCache } from '../../../src/gpu/pipelines.ts';
import { TestGpu } from './device.ts';
import { addition, linked } from './handPlans.ts';

const gpu = new TestGpu();
afterAll(() => gpu.dispose());

test('a kernel is compiled once for each variant and entry point', async () => {
  const { guarded } = await gpu.device();
  const cache = new PipelineCache(guarded);
  const [module] = addition(2, 2).modules;
  const plain = await cache.get(module!, 'main', 'plain');
  expect(await cache.get(module!, 'main', 'plain')).toBe(plain);
  expect(await cache.get({ ...module!, id: 'other name, same text' }, 'main', 'plain')).toBe(plain);
  expect(await cache.get(module!, 'main', 'counting')).not.toBe(plain);
});

test('a kernel that does not compile is an error with line, column and text', async () => {
  const { guarded } = await gpu.device();
  const cache = new PipelineCache(guarded);
  const good = linked('good', '@compute @workgroup_size(1)\nfn main() {}');
  const bad = {
    ...good,
    id: 'bad',
    hash: 'bad',
    wgsl: '@compute @workgroup_size(1)\nfn main() {\n  let x: u32 = 1.5;\n}',
  };
  const error = await cache.get(bad, 'main', 'plain').catch((reason) => reason);
  expect(error).toBeInstanceOf(CompileError);
  expect(error.message).toContain('bad (plain) does not compile');
  expect(error.message).toMatch(/line 3, column \d+: .*: let x: u32 = 1\.5;/);
});

test('an entry point that is not there, and a workgroup too large for the device, are errors too', async () => {
  const { guarded } = await gpu.device();
  const cache = new PipelineCache(guarded);
  const small = linked('small', '@compute @workgroup_size(1)\nfn main() {}');
  await expect(cache.get(small, 'other', 'plain')).rejects.toThrow(/small \(plain\), entry point other/);
  const large = linked('large', '@compute @workgroup_size(65536)\nfn main() {}');
  await expect(cache.get(large, 'main', 'plain')).rejects.toThrow(CompileError);
  // Nothing of this was left over as an error that no scope caught.
  await cache.get(small, 'main', 'plain');
  guarded.check();
});
