import type { Browser, Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { VsCodeServer } from '../../scripts/vscode-server/server.ts';
import { launchBrowser, startTestServer, type Theme, themes, Workbench, waitFor } from './harness/index.ts';
import { pictureFailures } from './harness/pictureFailures.ts';

/** A profile of a small shape on a software adapter, on a machine that does other things as well. */
const profileTimeout = 120_000;

let browser: Browser;
let server: VsCodeServer;
let workbench: Workbench;
pictureFailures(() => workbench);

beforeAll(async () => {
  server = await startTestServer({
    settings: { 'attentionProfiler.repeats': 3 },
  });
  browser = await launchBrowser();
  workbench = await Workbench.open(browser, server, { viewport: { width: 1440, height: 900 } });
}, 120_000);

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') await workbench.screenshot('journey-failed');
});

afterAll(async () => {
  await workbench?.close();
  await browser?.close();
  await server?.stop();
});

/** The panel's text once it shows the results of a shape and nothing runs. */
async function results(words: RegExp): Promise<string> {
  let text = '';
  const arrived = async () => {
    text = await workbench.webview().locator('#panel').innerText();
    return words.test(text) && !/%/.test((await statusItem().textContent()) ?? '');
  };
  await waitFor(`the panel to show ${words}`, arrived, profileTimeout);
  return text;
}

function statusItem(): Locator {
  return workbench.statusBarItem('attention.adapter');
}

/** The hover at the cursor, once the one that is ours has come. */
async function ourHover(): Promise<Locator> {
  const hover = await workbench.hover();
  await waitFor('the hover with the cost', async () => /Tiling assumed/.test(await hover.innerText()));
  return hover;
}

describe('from a shape in the editor to numbers in the panel', () => {
  test('the adapters of this machine are listed; the one that is chosen stands in the status bar', async () => {
    await workbench.openEditor({ file: 'attention.py' });
    await statusItem().click();
    const software = workbench.quickInputRows().filter({ hasText: /SwiftShader.*software/ });
    await software.waitFor({ timeout: 60_000 });
    await workbench.screenshot('journey-adapters');
    const rows = await workbench.quickInputRows().allInnerTexts();
    for (const [index, choice] of ['auto', 'hardware', 'software', 'embedded'].entries()) {
      expect(rows[index]?.trim().startsWith(choice), rows[index]).toBe(true);
    }
    await software.click();
    const named = async () => /SwiftShader.*software/.test((await statusItem().textContent()) ?? '');
    await waitFor('the adapter in the status bar', named);
  }, 90_000);

  test(
    'cursor on a shape, one command: standard and flash in the panel',
    async () => {
      await workbench.openEditor({ file: 'attention.py', line: 14, column: 25 });
      await workbench.runCommand('Attention: Profile Shape at Cursor');
      const text = await results(/256 queries/);
      for (const words of [
        /standard/,
        /flash2/,
        /bound/,
        /counted/,
        /exact/,
        /measured/,
        /software adapter/,
      ]) {
        expect(text).toMatch(words);
      }
      await workbench.screenshot('journey-panel');
    },
    profileTimeout,
  );

  test(
    'a click on the link of a hover profiles the shape under it',
    async () => {
      await workbench.openEditor({ file: 'vision.py', line: 26, column: 20 });
      const hover = await ourHover();
      const text = await hover.innerText();
      expect(text).toContain('batch 2 · heads 8 · sequence 77 · head dim 64');
      expect(text).toMatch(/HBM bytes moved \(exact\): standard [\d.]+× those of flash2/);
      await hover.getByRole('link', { name: /Profile on SwiftShader/ }).click();
      await results(/77 queries/);
    },
    profileTimeout,
  );

  test(
    'a typed shape is checked while it is typed, and its profile can be cancelled',
    async () => {
      const { page } = workbench;
      await workbench.runCommand('Attention: Profile Shape...');
      await workbench.quickInput().fill('1,8,x,64');
      await page.locator('.quick-input-message').filter({ hasText: 'not a whole number' }).waitFor();
      await workbench.quickInput().fill('1,8,4096,64');
      await page.keyboard.press('Enter');
      await waitFor('the status bar to show progress', async () =>
        /%/.test((await statusItem().textContent()) ?? ''),
      );
      const toast = workbench.notifications().filter({ hasText: 'Profiling 1,8,4096,64' });
      await toast.waitFor();
      await workbench.screenshot('journey-running');
      await toast.getByRole('button', { name: 'Cancel' }).click();
      // What was there before is there again.
      await results(/77 queries/);
    },
    profileTimeout,
  );

  test.each(Object.keys(themes) as Theme[])(
    'hover and panel in the %s theme',
    async (theme) => {
      await workbench.setTheme(theme);
      await workbench.openEditor({ file: 'attention.py', line: 7, column: 20 });
      const hover = await ourHover();
      await workbench.screenshot(`journey-${theme}`);
      expect(await hover.getByRole('link', { name: /Profile on/ }).isVisible()).toBe(true);
      await workbench.page.keyboard.press('Escape');
    },
    60_000,
  );

  test('after a reload of the window the panel shows the same numbers', async () => {
    const before = await results(/77 queries/);
    await workbench.reload();
    const table = (text: string) => text.split('\n').filter((line) => /\d (B|kB|MB|GB|ms|s)\b/.test(line));
    const after = await results(/77 queries/);
    expect(table(before).length).toBeGreaterThan(5);
    expect(table(after)).toEqual(table(before));
  }, 90_000);

  test(
    'what a reload brought back can be run again',
    async () => {
      await workbench.webview().getByRole('button', { name: 'Rerun' }).click();
      await waitFor('the status bar to show progress', async () =>
        /%/.test((await statusItem().textContent()) ?? ''),
      );
      await results(/77 queries/);
    },
    profileTimeout,
  );

  test('no error of the page went uncaught', () => {
    expect(workbench.pageErrors.filter((error) => /attention/i.test(error.stack ?? ''))).toEqual([]);
  });
});
