import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { projectRoot } from '../../scripts/lib/root.mjs';
import { formatInteger } from '../../src/attention/units.ts';
import type { PanelState } from '../../src/panel/protocol.ts';
import { fixtureDocument, fixtureProblem, okRun, sideBySide, unfinishedRun } from '../unit/panel/fixtures.ts';
import { PanelHost, type PanelPage } from './panel/panelPage.ts';
import { type PageThemeName, pageThemes } from './panel/themes.ts';

let host: PanelHost;
let panel: PanelPage;

beforeAll(async () => {
  host = await PanelHost.start();
}, 120_000);
afterAll(async () => await host?.dispose());
afterEach(async () => {
  await panel.close();
  expect(panel.problems).toEqual([]);
});

const document = sideBySide();
const problem = fixtureProblem('1,8,512,64');
const axe = readFileSync(join(projectRoot, 'node_modules/axe-core/axe.min.js'), 'utf8');

/** What axe-core finds on the page, each as `rule: element`. */
async function axeFindings(): Promise<string[]> {
  await panel.page.evaluate(axe);
  const { violations } = await panel.page.evaluate(
    async () =>
      (await (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run()) as AxeResults,
  );
  return violations.flatMap(({ id, impact, nodes }) =>
    nodes.map(({ target }) => `${impact} ${id}: ${target}`),
  );
}

const wrong = okRun(problem, 'flash2', {
  change: ({ traffic, errors }) => {
    traffic.counted!.buffers.k!.loads = 17;
    errors.o!.nonFinite = 3;
  },
});
const states: [string, PanelState][] = [
  ['empty', { kind: 'empty' }],
  ['running', { kind: 'running', title: 'a title', message: 'a message', fraction: 0.4, document }],
  ['failed', { kind: 'failed', title: 'a title', error: 'an error', document: null }],
  ['done', { kind: 'done', document }],
  [
    'bad',
    {
      kind: 'done',
      document: fixtureDocument(problem, [
        unfinishedRun(problem, 'standard', 'skipped', 'too large'),
        unfinishedRun(problem, 'standard', 'stopped', 'budget'),
        wrong,
      ]),
    },
  ],
];

const themeNames = Object.keys(pageThemes) as PageThemeName[];

describe.each(themeNames)('in the theme %s', (theme) => {
  test.each(states)('axe-core finds nothing in the state %s', async (_name, state) => {
    panel = await host.open({ theme });
    await panel.show(state);
    expect(await axeFindings()).toEqual([]);
  });

  test('a picture', async () => {
    panel = await host.open({ theme });
    await panel.show({ kind: 'done', document });
    await panel.screenshot(theme);
    expect(await panel.page.locator('canvas[role=img]').count()).toBe(3);
  });
});

describe('themes', () => {
  test('charts are painted again when the theme changes', async () => {
    panel = await host.open({ theme: 'dark' });
    await panel.show({ kind: 'done', document });
    const picture = () =>
      panel.page.locator('#chart-memory').evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const dark = await picture();
    await panel.setTheme('highContrastLight');
    const light = await picture();
    expect(light).not.toBe(dark);
    await panel.setTheme('dark');
    expect(await picture()).toBe(dark);
  });

  test('nothing moves by itself', async () => {
    panel = await host.open();
    await panel.show({ kind: 'running', title: 't', message: 'm', fraction: 0.4, document });
    expect(await panel.page.evaluate(() => window.document.getAnimations().length)).toBe(0);
  });
});

describe('narrow and magnified', () => {
  test.each([
    ['300 pixels', 300],
    ['480 pixels', 480],
  ])('%s: the page never scrolls sideways', async (_name, width) => {
    panel = await host.open({ width });
    for (const [, state] of states) {
      await panel.show(state);
      expect(
        await panel.page.evaluate(() => window.document.documentElement.scrollWidth),
      ).toBeLessThanOrEqual(width);
    }
    await panel.show({ kind: 'done', document });
    await panel.screenshot(`narrow-${width}`);
  });

  test('at the width of half an editor the summary fits, errors included', async () => {
    panel = await host.open({ width: 520 });
    await panel.show({ kind: 'done', document });
    const room = await panel.page
      .locator('.summary .table-scroll')
      .evaluate(({ scrollWidth, clientWidth }) => clientWidth - scrollWidth);
    expect(room).toBeGreaterThanOrEqual(0);
    await panel.screenshot('half-editor');
  });

  test('twice the text size', async () => {
    panel = await host.open();
    await panel.show({ kind: 'done', document });
    await panel.page.evaluate(() =>
      window.document.documentElement.style.setProperty('--vscode-font-size', '26px'),
    );
    await panel.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)));
    expect(await panel.page.evaluate(() => window.document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      760,
    );
    await panel.screenshot('large-text');
  });
});

describe('keyboard', () => {
  test('a table is one stop; arrows walk it; its numbers explain themselves', async () => {
    panel = await host.open();
    await panel.show({ kind: 'done', document });
    const stops = await panel.page.locator('#table-traffic [tabindex="0"]').count();
    expect(stops).toBe(1);
    await panel.page.locator('#table-summary [tabindex="0"]').focus();
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowRight'])
      await panel.page.keyboard.press(key);
    const tooltip = panel.page.getByRole('tooltip');
    const { readBytes, writeBytes } = document.runs[1]!.traffic.counted!;
    expect((await tooltip.textContent())!.split('\n')[0]).toBe(
      `${formatInteger(readBytes)} bytes read and ${formatInteger(writeBytes)} written through storage buffers. ` +
        'Counted: added up on the device by the instrumented kernel, access by access.',
    );
    const focused = panel.page.locator('#table-summary td:focus');
    expect(await focused.getAttribute('aria-describedby')).toBe('tooltip');
    await panel.screenshot('tooltip');
    await panel.page.keyboard.press('Escape');
    expect(await tooltip.isVisible()).toBe(false);
    await panel.page.keyboard.press('Control+Home');
    expect(await panel.page.locator('#table-summary th:focus').innerText()).toContain('standard');
    await panel.page.keyboard.press('End');
    expect(await panel.page.locator('#table-summary td:focus').innerText()).toContain('2.10e-7');
  });

  test('pointing at a number explains it, and the explanation can be pointed at', async () => {
    panel = await host.open();
    await panel.show({ kind: 'done', document });
    const cell = panel.page.locator('#table-memory td.number').first();
    await cell.hover();
    const tooltip = panel.page.getByRole('tooltip');
    expect(await tooltip.innerText()).toContain('1,048,576 bytes for q queries in standard.');
    await tooltip.hover();
    expect(await tooltip.isVisible()).toBe(true);
    await panel.page.locator('h1').hover();
    expect(await tooltip.isVisible()).toBe(false);
  });

  test('an explanation stays with its cell while the table scrolls under the keyboard', async () => {
    panel = await host.open({ width: 300 });
    await panel.show({ kind: 'done', document });
    await panel.page.locator('#table-traffic [tabindex="0"]').focus();
    // The bound of o: the last number of its row, left of a tensor that the bound does not touch.
    for (const key of ['ArrowDown', 'End', 'ArrowLeft', 'ArrowLeft']) await panel.page.keyboard.press(key);
    await panel.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
    const tooltip = await panel.page.getByRole('tooltip').boundingBox();
    const cell = await panel.page.locator('#table-traffic td:focus').boundingBox();
    expect(cell!.x + cell!.width).toBeLessThanOrEqual(300);
    expect(
      Math.min(
        Math.abs(tooltip!.y - (cell!.y + cell!.height)),
        Math.abs(tooltip!.y + tooltip!.height - cell!.y),
      ),
    ).toBeLessThan(8);
    expect(tooltip!.x + tooltip!.width).toBeLessThanOrEqual(300);
  });

  test('every control is reached by Tab, in reading order', async () => {
    panel = await host.open();
    await panel.show({ kind: 'done', document });
    const seen: string[] = [];
    for (let step = 0; step < 20; step += 1) {
      await panel.page.keyboard.press('Tab');
      const name = await panel.page.evaluate(() => {
        const active = window.document.activeElement;
        if (!active || active === window.document.body) return '';
        return active.closest('table')?.id || active.textContent?.slice(0, 12) || active.tagName;
      });
      if (name === '') break;
      seen.push(name);
    }
    expect(seen).toEqual([
      'Rerun',
      'Profile a Sh',
      'Select Adapt',
      'Show Log',
      'table-summary',
      'Table: Time ',
      'table-time',
      'Bytes',
      'Accesses',
      'Table: Bytes',
      'table-traffic',
      'Table: Memor',
      'table-memory',
    ]);
  });

  test('the focus stays in its cell when the document grows', async () => {
    panel = await host.open();
    const first = fixtureDocument(problem, [okRun(problem, 'standard')]);
    await panel.show({ kind: 'running', title: 't', message: 'm', fraction: 0.4, document: first });
    await panel.page.locator('#table-summary [tabindex="0"]').focus();
    await panel.page.keyboard.press('ArrowRight');
    await panel.show({ kind: 'done', document });
    expect(await panel.page.locator('#table-summary td:focus').innerText()).toBe('ok');
  });
});
