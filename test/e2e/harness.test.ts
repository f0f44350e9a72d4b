import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VsCodeServer } from '../../scripts/vscode-server/server.ts';
import { launchBrowser, startTestServer, Workbench } from './harness/index.ts';
import { pictureFailures } from './harness/pictureFailures.ts';

let browser: Browser;
let server: VsCodeServer;
let workbench: Workbench;

pictureFailures(() => workbench);

beforeAll(async () => {
  server = await startTestServer();
  browser = await launchBrowser();
  workbench = await Workbench.open(browser, server);
}, 120_000);

afterAll(async () => {
  await workbench?.close();
  await browser?.close();
  await server?.stop();
});

test('a sample file opens at the place it is asked for', async () => {
  await workbench.openEditor({ file: 'attention.py', line: 4, column: 5 });
  expect(await workbench.cursor()).toEqual({ line: 4, column: 5 });
  await workbench.moveCursor(7, 1);
  expect(await workbench.cursor()).toEqual({ line: 7, column: 1 });
});

test.each(['light', 'highContrast', 'dark'] as const)(
  'the %s theme comes while the editor runs',
  async (theme) => {
    await workbench.setTheme(theme);
    const background = await workbench.page
      .locator('.monaco-editor .monaco-editor-background')
      .first()
      .evaluate((element) => getComputedStyle(element).backgroundColor);
    const expected = { light: 'rgb(255, 255, 255)', highContrast: 'rgb(0, 0, 0)', dark: 'rgb(31, 31, 31)' };
    expect(background).toBe(expected[theme]);
    await workbench.screenshot(`workspace-${theme}`);
  },
);
