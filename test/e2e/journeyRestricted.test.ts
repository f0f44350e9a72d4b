import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VsCodeServer } from '../../scripts/vscode-server/server.ts';
import { launchBrowser, startTestServer, Workbench, waitFor } from './harness/index.ts';
import { pictureFailures } from './harness/pictureFailures.ts';

let browser: Browser;
let server: VsCodeServer;
let workbench: Workbench;
pictureFailures(() => workbench);

beforeAll(async () => {
  server = await startTestServer({
    trust: false,
    settings: { 'attentionProfiler.repeats': 2 },
  });
  browser = await launchBrowser();
  workbench = await Workbench.open(browser, server);
}, 120_000);

afterAll(async () => {
  await workbench?.close();
  await browser?.close();
  await server?.stop();
});

test('in Restricted Mode no program is run to record its shapes', async () => {
  await workbench.openEditor({ file: 'attention.py', line: 1 });
  await workbench.runCommand('Attention: Record Shapes of a Run');
  const notification = workbench.notifications().filter({ hasText: 'nothing of the workspace runs' });
  await notification.waitFor();
  expect(await notification.innerText()).toMatch(/Manage Workspace Trust/);
});

test('in Restricted Mode hovers show the cost and the bundled kernels run', async () => {
  const { page } = workbench;
  await page.locator('.statusbar-item').filter({ hasText: 'Restricted Mode' }).waitFor();
  await workbench.openEditor({ file: 'vision.py', line: 26, column: 20 });
  const hover = await workbench.hover();
  await waitFor('the hover with the cost', async () => /Tiling assumed/.test(await hover.innerText()));
  expect(await hover.innerText()).toMatch(/HBM bytes moved \(exact\): standard [\d.]+× those of flash2/);
  await hover.getByRole('link', { name: /Profile on/ }).click();
  const panel = workbench.webview().locator('#panel');
  await waitFor(
    'the panel to show results',
    async () => {
      const text = await panel.innerText();
      return /77 queries/.test(text) && /standard\s.*\bok\b.*flash2\s.*\bok\b/s.test(text);
    },
    90_000,
  );
}, 120_000);

test('in Restricted Mode no kernel of the workspace can be run', async () => {
  await workbench.openEditor({ file: 'matmul.wgsl' });
  await workbench.page.keyboard.press('F1');
  await workbench.quickInput().fill('>Attention: ');
  await workbench.quickInputRows().filter({ hasText: 'Profile Shape at Cursor' }).waitFor();
  expect(await workbench.quickInputRows().filter({ hasText: 'WGSL' }).count()).toBe(0);
  await workbench.page.keyboard.press('Escape');
}, 60_000);
