import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGpuHost, type SupervisedGpuHost } from '../../../src/host/supervisor.ts';
import { prepareKernel } from '../../../src/plans/userKernel/prepare.ts';
import { countKernel } from '../../../src/profiler/countKernel.ts';
import { parseKernelManifest } from '../../../src/profiler/kernelManifest.ts';
import { makeDistFolder } from '../host/distFolder.ts';

let dist: Awaited<ReturnType<typeof makeDistFolder>>;
let host: SupervisedGpuHost;

beforeAll(async () => {
  dist = await makeDistFolder();
  // Three seconds without a sign of life are a hang, whatever the process announces.
  host = createGpuHost({ distFolder: dist.path, limits: { maxPatienceMs: 3000 } });
});

afterAll(() => {
  host?.dispose();
  dist?.remove();
});

const adapter = process.platform === 'linux' && process.arch === 'x64' ? 'embedded' : 'auto';

async function count(body: string, signal?: AbortSignal) {
  const wgsl = `@group(0) @binding(0) var<storage, read_write> o: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { ${body} }`;
  const manifest = parseKernelManifest('{"bindings":{"o":{"length":64}},"dispatch":1}');
  const prepared = await prepareKernel('test.wgsl', wgsl, manifest);
  const request = { prepared, name: 'test.wgsl', adapter, repeats: 2, timeBudgetSeconds: null, files: null };
  return countKernel(request, host, signal ? { signal } : {});
}

const endless = 'loop { o[id.x] += 1.0; if (o[id.x] < 0.0) { break; } }';

test('a kernel counts in the GPU process as it does here', async () => {
  const { status, traffic, device } = await count('o[id.x] = 1;');
  expect([status, traffic?.stores, traffic?.loads]).toEqual(['ok', 64n, 0n]);
  expect(device.peaks?.bandwidthGBs).toBeGreaterThan(0);
}, 30_000);

test('one that never ends is stopped, said so, and not run again; another one runs', async () => {
  const hung = await count(endless);
  expect(hung.status).toBe('failed');
  expect(hung.reason).toMatch(
    /did not end within \d+ s, so the GPU process was stopped.*loop without an end/,
  );
  expect([hung.traffic, hung.time]).toEqual([null, null]);
  expect((await count(endless)).reason).toMatch(/is not run again/);
  expect((await count('o[id.x] = 2;')).status).toBe('ok');
}, 60_000);

test('it can be cancelled while it runs', async () => {
  host.clearQuarantine();
  const abort = new AbortController();
  const running = count(`o[0] = 3; ${endless}`, abort.signal);
  setTimeout(() => abort.abort(), 500);
  await expect(running).rejects.toMatchObject({ name: 'AbortError' });
}, 30_000);
