import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { VsCodeServer } from '../../scripts/vscode-server/server.ts';
import {
  launchBrowser,
  sampleWorkspace,
  startTestServer,
  type Theme,
  themes,
  Workbench,
  waitFor,
} from './harness/index.ts';

let browser: Browser;
let server: VsCodeServer;
let workbench: Workbench;

/** A copy of the sample workspace, because a file is made in it. */
const folder = mkdtempSync(join(tmpdir(), 'attnprof-kernels-'));
const lonely = `@group(0) @binding(0) var<storage, read_write> o: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  o[id.x] = 1.0;
}
`;

beforeAll(async () => {
  cpSync(sampleWorkspace, folder, { recursive: true });
  writeFileSync(join(folder, 'kernels', 'lonely.wgsl'), lonely);
  server = await startTestServer({
    folder,
    settings: { 'attentionProfiler.adapter': 'embedded', 'attentionProfiler.repeats': 3 },
  });
  browser = await launchBrowser();
  workbench = await Workbench.open(browser, server, { viewport: { width: 1440, height: 900 } });
}, 120_000);

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await workbench.screenshot('kernel-failed');
});

afterAll(async () => {
  await workbench?.close();
  await browser?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Texts that the editor draws behind its lines, from top to bottom. */
function drawn(): Promise<string[]> {
  return workbench.page.evaluate(() =>
    [...document.querySelectorAll('.view-line span[class*="ced-"]')]
      .map((element) => ({
        top: element.getBoundingClientRect().top,
        text: getComputedStyle(element, '::after').content,
      }))
      .filter(({ text }) => text !== 'none' && text !== 'normal')
      .sort((a, b) => a.top - b.top)
      .map(({ text }) => text.replace(/^"|"$/g, '').replaceAll('\u00a0', ' ')),
  );
}

test('a kernel shows behind each line what it loads and stores', async () => {
  await workbench.openEditor({ file: 'naive_attention.wgsl', line: 40 });
  await workbench.runCommand('Attention: Profile This WGSL Kernel');
  await waitFor('the counts', async () => (await drawn()).length >= 4, 90_000);
  const texts = await drawn();
  expect(
    texts.some((text) => /^1\.97 M loads · 7\.86 MB \(56\.\d%\)$/.test(text)),
    texts.join('\n'),
  ).toBe(true);
  expect(
    texts.some((text) => /ms measured · 13\.8 MB counted/.test(text)),
    texts.join('\n'),
  ).toBe(true);
}, 120_000);

test.each(Object.keys(themes) as Theme[])(
  'the counts in the %s theme',
  async (theme) => {
    await workbench.setTheme(theme);
    await workbench.openEditor({ file: 'naive_attention.wgsl', line: 24, column: 12 });
    const hover = await workbench.hover();
    await waitFor('the hover', async () => /983,040/.test(await hover.innerText()));
    await workbench.screenshot(`kernel-${theme}`);
    await workbench.page.keyboard.press('Escape');
  },
  60_000,
);

test('a kernel without a manifest gets one that is derived from it', async () => {
  await workbench.openEditor({ file: 'lonely.wgsl' });
  await workbench.runCommand('Attention: Profile This WGSL Kernel');
  const offer = workbench.notifications().filter({ hasText: 'needs a manifest' });
  await offer.getByRole('button', { name: 'Create lonely.wgslprof.json' }).click();
  await workbench.page.locator('.tab.active[data-resource-name="lonely.wgslprof.json"]').waitFor();
  const next = workbench.notifications().filter({ hasText: 'Set the sizes' });
  await workbench.screenshot('kernel-created');
  await next.getByRole('button', { name: 'Profile' }).click();
  await waitFor(
    'the counts',
    async () => (await drawn()).some((text) => /^64 stores · 256 B/.test(text)),
    60_000,
  );
}, 90_000);

test('the manifest is completed and checked by its schema', async () => {
  await workbench.openEditor({ file: 'matmul.wgslprof.json', line: 3, column: 5 });
  await workbench.screenshot('kernel-manifest');
  expect(workbench.pageErrors.filter((error) => /attention/i.test(error.stack ?? ''))).toEqual([]);
}, 60_000);
