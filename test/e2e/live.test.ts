import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { VsCodeServer } from '../../scripts/vscode-server/server.ts';
import { findTestPython, missing, titled } from '../support/python.ts';
import { launchBrowser, sampleWorkspace, startTestServer, Workbench, waitFor } from './harness/index.ts';

const python = findTestPython();
const why = missing(python, 'torch', 'debugpy');
/** PyTorch is imported under a debugger, on a machine that does other things as well. */
const startTimeout = 60_000;

describe.skipIf(why)(titled('a program of PyTorch in the editor', why), () => {
  let folder: string;
  let browser: Browser;
  let server: VsCodeServer;
  let workbench: Workbench;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'attnprof-live-'));
    cpSync(join(sampleWorkspace, 'recorded'), folder, { recursive: true });
    mkdirSync(join(folder, '.vscode'));
    const program = ['$', '{workspaceFolder}/model_run.py'].join('');
    const configurations = [{ name: 'Attention run', type: 'debugpy', request: 'launch', program }];
    writeFileSync(
      join(folder, '.vscode', 'launch.json'),
      JSON.stringify({ version: '0.2.0', configurations }),
    );
    server = await startTestServer({
      folder,
      helpers: ['debug-helper'],
      env: { ATTNPROF_TEST_PYTHON: python!.path },
      settings: { 'attentionProfiler.repeats': 2 },
    });
    browser = await launchBrowser();
    workbench = await Workbench.open(browser, server, { viewport: { width: 1440, height: 900 } });
  }, 120_000);

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await workbench.screenshot('live-failed');
  });

  afterAll(async () => {
    await workbench?.close();
    await browser?.close();
    await server?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const editor = () => workbench.page.locator('.editor-instance .view-lines');
  const panel = () => workbench.webview().locator('#panel');

  async function recordedHover(line: number): Promise<Locator> {
    await workbench.moveCursor(line, 15);
    const hover = await workbench.hover();
    await waitFor('the hover with what ran', async () => /that ran here/.test(await hover.innerText()));
    return hover;
  }

  test('paused, it shows the shapes of its tensors behind the lines', async () => {
    await workbench.openEditor({ file: 'model_run.py', line: 13 });
    await workbench.page.keyboard.press('F9');
    await workbench.page.keyboard.press('F5');
    await workbench.page.locator('.debug-toolbar').waitFor();
    const shown = async () => {
      const text = (await editor().innerText()).replaceAll('\u00a0', ' ');
      return text.includes('q: (2, 8, 16, 32) float32 cpu') && text.includes('k: (2, 2, 16, 32) float32 cpu');
    };
    await waitFor('the shapes behind the lines', shown, startTimeout);
    await workbench.screenshot('live-paused');
  }, 120_000);

  test('and a profile at the cursor takes them', async () => {
    await workbench.moveCursor(13, 15);
    await workbench.runCommand('Attention: Profile Shape at Cursor');
    const arrived = async () => /2 kv heads/.test(await panel().innerText());
    await waitFor('the panel to show the paused call', arrived, startTimeout);
    await waitFor(
      'both algorithms',
      async () => /standard\s.*\bok\b.*flash2\s.*\bok\b/s.test(await panel().innerText()),
      startTimeout,
    );
    expect(await panel().innerText()).toMatch(/causal, top-left/);
    await workbench.screenshot('live-profile');
  }, 120_000);

  test('recorded from its launch configuration, its lines show what ran', async () => {
    await workbench.page.keyboard.press('Shift+F5');
    await workbench.page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    await workbench.openEditor({ file: 'model_run.py', line: 1 });
    await workbench.runCommand('Attention: Record Shapes of a Run');
    await workbench.screenshot('live-record');
    await workbench.quickInputRows().filter({ hasText: 'Attention run' }).click();
    const words = '10 attention calls at 3 lines, 4 shapes';
    const notification = workbench.notifications().filter({ hasText: words });
    await notification.waitFor({ timeout: startTimeout });
    await workbench.screenshot('live-recorded');
    const hover = await recordedHover(13);
    expect(await hover.innerText()).toMatch(/3 calls of F\.scaled_dot_product_attention, recorded just now/);
    expect(await hover.innerText()).toMatch(/b=2 h=8 kv=2 n=16 d=32, causal top-left/);
    await workbench.screenshot('live-hover');
    await workbench.page.keyboard.press('Escape');
  }, 120_000);

  test('recorded from the active file, in a terminal; what ran is profiled from a list', async () => {
    await workbench.runCommand('Attention: Record Shapes of a Run');
    await workbench.quickInputRows().filter({ hasText: 'the active file' }).click();
    await workbench.page.locator('.terminal-wrapper.active').waitFor();
    await waitFor(
      'the second recording',
      async () =>
        (await (
          await workbench.notificationCenter()
        )
          .filter({ hasText: 'model_run.py: 10 attention calls' })
          .count()) > 0,
      startTimeout,
    );
    await workbench.runCommand('Attention: Profile What Ran');
    const rows = workbench.quickInputRows();
    await rows
      .filter({ hasText: '1,4,10,16' })
      .or(rows.filter({ hasText: 'm=77' }))
      .first()
      .waitFor();
    const labels = await rows.allInnerTexts();
    expect(labels).toHaveLength(4);
    expect(labels[0]).toMatch(/m=77.*5 calls, bfloat16/s);
    await workbench.screenshot('live-list');
    await workbench.page.keyboard.press('Escape');
  }, 120_000);
});
