import type { Browser, Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { VsCodeServer } from '../../scripts/vscode-server/server.ts';
import { launchBrowser, startTestServer, type Theme, Workbench, waitFor } from './harness/index.ts';

const profileTimeout = 120_000;
/** The call of the decoder, whose batch and length have names alone. */
const call = { file: 'call_sites.py', line: 21, column: 20 };

let browser: Browser;
let server: VsCodeServer;
let workbench: Workbench;

beforeAll(async () => {
  server = await startTestServer({
    settings: {
      'attentionProfiler.repeats': 2,
      'attentionProfiler.adapter': 'software',
      'attentionProfiler.shapeHints': true,
    },
  });
  browser = await launchBrowser();
  workbench = await Workbench.open(browser, server, { viewport: { width: 1440, height: 900 } });
}, 120_000);

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await workbench.screenshot('call-sites-failed');
});

afterAll(async () => {
  await workbench?.close();
  await browser?.close();
  await server?.stop();
});

const lens = (words: RegExp): Locator =>
  workbench.page.locator('.codelens-decoration a').filter({ hasText: words }).first();

async function answer(title: string, value: string): Promise<void> {
  await workbench.page.locator('.quick-input-title').filter({ hasText: title }).waitFor();
  await workbench.quickInput().fill(value);
  await workbench.page.keyboard.press('Enter');
}

describe('attention calls in the editor', () => {
  test('a line above each says what is known, and the shapes stand behind the arguments', async () => {
    await workbench.openEditor(call);
    await lens(/rows × 8 × tokens × 64, causal: rows, tokens not known/).waitFor();
    await lens(/262,144 × 128, f16: standard [\d.]+ TB, flash2/).waitFor();
    await workbench.page
      .locator('.view-line')
      .filter({ hasText: 'rows × 8 × tokens × 64' })
      .first()
      .waitFor();
  }, 60_000);

  test(
    'a profile at the cursor asks for names without a value, once',
    async () => {
      await workbench.openEditor(call);
      await workbench.runCommand('Attention: Profile Shape at Cursor');
      await answer('Attention: rows', '2');
      await workbench.page.locator('.quick-input-title').filter({ hasText: 'Attention: tokens' }).waitFor();
      await workbench.quickInput().fill('many');
      await workbench.page.locator('.quick-input-message').filter({ hasText: 'a whole number' }).waitFor();
      await answer('Attention: tokens', '48');
      const panel = workbench.webview().locator('#panel');
      const status = workbench.statusBarItem('attention.adapter');
      const done = async () =>
        /48 queries[\s\S]*counted/.test(await panel.innerText().catch(() => '')) &&
        !/%/.test((await status.textContent()) ?? '');
      await waitFor('the panel to show the call', done, profileTimeout);
      expect(await panel.innerText()).toMatch(/causal/);
      await lens(/standard [\d.]+ .B, flash2 [\d.]+ .B HBM \(exact\) at rows = 2, tokens = 48/).waitFor();
      await lens(/at rows = 2, tokens = 48/).click();
      await workbench.notifications().filter({ hasText: 'Profiling' }).first().waitFor();
      expect(await workbench.quickInput().count()).toBe(0);
      await waitFor('the panel again', done, profileTimeout);
    },
    profileTimeout,
  );

  test('all calls of the workspace stand in a view; a click opens one', async () => {
    await workbench.runCommand('Attention: Show All Call Sites');
    const row = (words: RegExp) =>
      workbench.page.locator('.pane-body [role="treeitem"]').filter({ hasText: words }).first();
    await row(/262,144 × 128/).waitFor();
    await row(/8 × 16 × 4,096 × 64, causal/).click();
    await workbench.page.locator('.tab.active[data-resource-name="attention.py"]').waitFor();
    await waitFor('the cursor on the call', async () => (await workbench.cursor())?.line === 11);
  }, 60_000);

  test.each(['light', 'dark'] as Theme[])(
    'hover, line and view in the %s theme',
    async (theme) => {
      await workbench.setTheme(theme);
      await workbench.openEditor(call);
      const hover = await workbench.hover();
      const text = async () => await hover.innerText();
      await waitFor('the hover of the call', async () => /sequence tokens/.test(await text()));
      expect(await text()).toMatch(/With rows = 2, tokens = 48/);
      expect(await hover.getByRole('link', { name: /Set Sizes/ }).isVisible()).toBe(true);
      expect(await hover.getByRole('link', { name: 'line 9' }).count()).toBe(1);
      await workbench.screenshot(`call-sites-${theme}`);
      await workbench.page.keyboard.press('Escape');
    },
    60_000,
  );
});
