import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { formatBytes, formatCount, formatMs } from '../../src/attention/units.ts';
import type { FromPanel } from '../../src/panel/protocol.ts';
import { fixtureDocument, fixtureProblem, okRun, sideBySide, unfinishedRun } from '../unit/panel/fixtures.ts';
import { paintedBars } from './panel/bars.ts';
import { PanelHost, type PanelPage } from './panel/panelPage.ts';

let host: PanelHost;
let panel: PanelPage;

beforeAll(async () => {
  host = await PanelHost.start();
}, 120_000);
afterAll(async () => await host?.dispose());
afterEach(async () => {
  const violations = await panel.violations();
  await panel.close();
  expect({ violations, problems: panel.problems }).toEqual({ violations: [], problems: [] });
});

const document = sideBySide();
const [standard, flash2] = document.runs;
const problem = fixtureProblem('1,8,512,64');
const running = {
  kind: 'running',
  title: 'Profile of 1,8,512,64',
  message: 'flash2: timing (3 of 5)',
} as const;

describe('a document', () => {
  test('its tables hold its numbers, with provenance and units', async () => {
    panel = await host.open();
    await panel.show({ kind: 'done', document });
    const summary = await panel.tableTexts('summary');
    expect(summary[1]!.join(' ')).toContain(formatMs(standard!.time!.medianMs));
    expect(summary[1]!.join(' ')).toContain(`model ${formatMs(standard!.projection!.ms)}measured, modelled`);
    expect(summary[1]!.join(' ')).toContain('counted = exact');
    expect(summary[1]!.join(' ')).toContain(`${formatBytes(standard!.memory!.peakBytes)}exact`);
    const traffic = await panel.tableTexts('traffic');
    const columns = traffic[0]!;
    const counted = traffic.filter(([header]) => header === 'counted');
    for (const [index, run] of document.runs.entries()) {
      for (const [name, tally] of Object.entries(run.traffic.counted!.buffers)) {
        const bytes = BigInt(tally.readBytes) + BigInt(tally.writeBytes);
        expect(counted[index]![columns.indexOf(name)]).toBe(formatBytes(bytes));
      }
      expect(counted[index]!.at(-1)).toBe('counted');
    }
    const time = await panel.tableTexts('time');
    expect(time.find(([header]) => header === 'softmax')?.[1]).toBe(
      formatMs(standard!.time!.stages[1]!.medianMs),
    );
    const memory = await panel.tableTexts('memory');
    expect(memory.find(([header]) => header === 's scores (N × N)')).toEqual([
      's scores (N × N)',
      formatBytes(standard!.memory!.buffers.find(({ name }) => name === 's')!.bytes),
      '–',
      'exact',
    ]);
  });

  test('its bars are as long as its numbers say', async () => {
    panel = await host.open();
    await panel.show({ kind: 'done', document });
    const check = (bars: number[], values: number[]) => {
      expect(bars).toHaveLength(values.length);
      const scale = Math.max(...bars) / Math.max(...values);
      for (const [index, value] of values.entries()) {
        expect(Math.abs(bars[index]! - value * scale)).toBeLessThan(3);
      }
    };
    check(
      await paintedBars(panel.page, 'memory'),
      [standard, flash2].map((run) => Number(run!.memory!.peakBytes)),
    );
    const bytes = [standard, flash2].flatMap((run) =>
      (['bound', 'counted', 'exact', 'modelled'] as const).map((account) => {
        const { readBytes, writeBytes } = run!.traffic[account]!;
        return Number(readBytes) + Number(writeBytes);
      }),
    );
    check(await paintedBars(panel.page, 'traffic'), bytes);
  });

  test('every chart is an image with its numbers in words', async () => {
    panel = await host.open();
    await panel.show({ kind: 'done', document });
    const images = panel.page.getByRole('img');
    expect(await images.count()).toBe(3);
    const label = await panel.page.locator('#chart-traffic').getAttribute('aria-label');
    const counted = BigInt(flash2!.traffic.counted!.readBytes) + BigInt(flash2!.traffic.counted!.writeBytes);
    expect(label).toMatch(/^HBM accesses in bytes, by tensor\. standard: bound .*; flash2: bound /);
    expect(label).toContain(`counted ${formatBytes(counted)}`);
    expect(await panel.page.locator('#chart-time').getAttribute('aria-label')).toContain(
      `device ${formatMs(flash2!.time!.medianMs)}`,
    );
  });

  test('the software adapter is labelled and the reading is announced', async () => {
    panel = await host.open();
    await panel.show({ kind: 'done', document });
    const header = (await panel.page.locator('header').innerText()).replaceAll('\n', ' ');
    expect(header).toContain('software adapter');
    expect(header).toContain("times are not a GPU's; counts and errors are exact");
    const reading = await panel.page.locator('.reading').innerText();
    expect(reading).toMatch(
      /^flash2 issues .* fewer bytes \(counted\) than standard and is .* faster \(measured on a/,
    );
    expect(await panel.page.getByRole('status').textContent()).toBe(reading);
  });

  test('accesses replace bytes by keyboard, and the choice holds', async () => {
    panel = await host.open();
    await panel.show({ kind: 'done', document });
    await panel.page.getByRole('button', { name: 'Accesses' }).focus();
    await panel.page.keyboard.press('Enter');
    const accesses = panel.page.getByRole('button', { name: 'Accesses' });
    expect(await accesses.getAttribute('aria-pressed')).toBe('true');
    expect(await accesses.evaluate((element) => element === window.document.activeElement)).toBe(true);
    const row = (await panel.tableTexts('traffic')).find(([header]) => header === 'loads')!;
    const loads = standard!.traffic.bound!.loads;
    expect(row[1]).toBe(formatCount(loads));
    await panel.show({ kind: 'done', document: sideBySide('1,2,128,32') });
    expect(await panel.page.locator('#table-traffic caption').textContent()).toContain('Loads and stores');
  });

  test('a folded table stays folded', async () => {
    panel = await host.open();
    await panel.show({ kind: 'done', document });
    await panel.page.getByText('Table: Memory by buffer').click();
    await panel.page.waitForFunction(
      () => !window.document.querySelector('#table-memory')?.checkVisibility(),
    );
    await panel.page.reload();
    expect(await panel.page.locator('#table-memory').isVisible()).toBe(false);
    expect(await panel.page.locator('#table-time').isVisible()).toBe(true);
  });

  test('counts that differ from the closed form are loud', async () => {
    panel = await host.open();
    const wrong = okRun(problem, 'flash2', {
      change: ({ traffic }) => {
        traffic.counted!.buffers.k!.loads = 17;
      },
    });
    await panel.show({
      kind: 'done',
      document: fixtureDocument(problem, [okRun(problem, 'standard'), wrong]),
    });
    const marks = await panel.page.locator('.marks').innerText();
    expect(marks).toContain('✓ standard: counted = exact in all 6 buffers');
    expect(marks).toMatch(
      /✗ flash2: counted ≠ exact\. Do not trust this run\.\s*k loads: 17 counted, [\d,]+ exact/,
    );
    expect((await panel.tableTexts('summary')).flat().join(' ')).toContain('✗ counted ≠ exact');
  });

  test('runs that did not finish keep their rows, with reason and progress', async () => {
    panel = await host.open();
    const runs = [
      unfinishedRun(problem, 'standard', 'skipped', 'needs 17.2 GB; this device binds at most 134 MB'),
      unfinishedRun(problem, 'flash2', 'stopped', 'the budget of 10 s ended'),
    ];
    await panel.show({ kind: 'done', document: fixtureDocument(problem, runs) });
    const [, first, why, second, how] = await panel.tableTexts('summary');
    expect(first!.slice(0, 2)).toEqual(['standard', 'skipped']);
    expect(why).toEqual(['needs 17.2 GB; this device binds at most 134 MB']);
    expect(second![1]).toBe('stopped');
    expect(how![0]).toContain('3 of 96 slices done');
    expect(await panel.page.locator('.partial-fill').evaluate((bar) => bar.style.width)).toBe('3.125%');
    await panel.screenshot('unfinished');
  });

  test('both passes side by side, with buffers that nobody named before', async () => {
    panel = await host.open();
    const runs = ['standard', 'flash2'].flatMap((algorithm) => {
      const forward = okRun(problem, algorithm);
      const backward = structuredClone({ ...forward, pass: 'backward' as const });
      for (const account of ['counted', 'exact', 'bound'] as const) {
        const { buffers } = backward.traffic[account]!;
        Object.assign(buffers, { dout: buffers.o, o_partial: buffers.k, 'some-pages': buffers.v });
        for (const name of ['o', 'k', 'v']) delete buffers[name];
      }
      return [forward, backward];
    });
    await panel.show({ kind: 'done', document: fixtureDocument(problem, runs) });
    expect(await panel.page.locator('h1').innerText()).toBe('Attention forward and backward');
    const names = await panel.page.locator('[data-table=summary] tbody th[scope=row]').allInnerTexts();
    expect(names.map((name) => name.split('\n')[0])).toEqual([
      'standard forward',
      'standard backward',
      'flash2 forward',
      'flash2 backward',
    ]);
    const legend = await panel.page.locator('[data-section=traffic] .legend').innerText();
    for (const label of ['dout gradient of o', 'o_partial', 'some-pages']) expect(legend).toContain(label);
    expect((await paintedBars(panel.page, 'traffic')).length).toBeGreaterThan(8);
    await panel.screenshot('both-passes');
  });

  test('several problems in one document can be chosen among', async () => {
    panel = await host.open();
    const other = fixtureProblem('1,4,256,32');
    const first = fixtureDocument(problem, [okRun(problem, 'flash2')]);
    const second = fixtureDocument(other, [okRun(other, 'flash2')]);
    const both = {
      ...first,
      problems: [...first.problems, ...second.problems],
      runs: [...first.runs, ...second.runs],
    };
    await panel.show({ kind: 'done', document: both });
    expect(await panel.page.locator('.facts').innerText()).toContain('8 heads');
    await panel.page.getByLabel('Showing').selectOption({ index: 1 });
    expect(await panel.page.locator('.facts').innerText()).toContain('4 heads');
  });
});

describe('the life of a profile', () => {
  test('says ready once, and an empty panel says what to do', async () => {
    panel = await host.open();
    expect(await panel.posted()).toEqual([{ type: 'ready' }]);
    expect(await panel.page.locator('.empty').innerText()).toContain('Attention: Profile Shape at Cursor');
    await panel.screenshot('empty');
  });

  test('running: progress, cancel, and the runs done so far', async () => {
    panel = await host.open();
    const partial = fixtureDocument(problem, [okRun(problem, 'standard')]);
    await panel.show({ ...running, fraction: 0.25, document: null });
    const bar = panel.page.getByRole('progressbar');
    expect(await bar.getAttribute('aria-valuenow')).toBe('25');
    await panel.page.getByRole('button', { name: 'Cancel' }).focus();
    await panel.show({ ...running, fraction: 0.62, document: partial });
    expect(await bar.getAttribute('aria-valuenow')).toBe('62');
    expect(await bar.getAttribute('aria-valuetext')).toBe('62%, flash2: timing (3 of 5)');
    expect(await panel.page.locator('#table-summary tbody tr').count()).toBe(1);
    expect(await panel.page.getByRole('status').textContent()).toContain('standard ok');
    // The focus is still on the button: Enter cancels.
    await panel.page.keyboard.press('Enter');
    expect((await panel.posted()).at(-1)).toEqual({ type: 'action', action: 'cancel' });
    await panel.screenshot('running');
  });

  test('progress alone leaves the document untouched', async () => {
    panel = await host.open();
    const partial = fixtureDocument(problem, [okRun(problem, 'standard')]);
    await panel.show({ ...running, fraction: 0.5, document: partial });
    await panel.page.locator('#table-summary').evaluate((table) => table.setAttribute('data-same', ''));
    await panel.show({ ...running, fraction: 0.6, document: structuredClone(partial) });
    expect(await panel.page.locator('#table-summary[data-same]').count()).toBe(1);
  });

  test('failed: what happened, what to do, and a way on', async () => {
    panel = await host.open();
    await panel.show({
      kind: 'failed',
      title: 'Profile of 1,8,512,64',
      error: 'The GPU process ended (SIGKILL) in stage attention of flash2.\nThe plan is quarantined.',
      document: null,
    });
    const alert = await panel.page.locator('.failed').innerText();
    expect(alert).toContain('SIGKILL');
    expect(alert).toContain('choose another adapter');
    await panel.page.getByRole('button', { name: 'Rerun' }).click();
    expect((await panel.posted()).at(-1)).toEqual({ type: 'action', action: 'rerun' });
    await panel.screenshot('failed');
  });

  test('the buttons of a finished profile post their actions and nothing else', async () => {
    panel = await host.open();
    await panel.show({ kind: 'done', document });
    for (const name of ['Rerun', 'Profile a Shape…', 'Select Adapter…', 'Show Log']) {
      await panel.page.getByRole('button', { name }).click();
    }
    const actions: FromPanel[] = (['rerun', 'profile', 'selectAdapter', 'showLog'] as const).map(
      (action) => ({
        type: 'action',
        action,
      }),
    );
    expect(await panel.posted()).toEqual([{ type: 'ready' }, ...actions]);
  });

  test('a reload brings the last state back before the host answers', async () => {
    panel = await host.open();
    await panel.show({ kind: 'done', document });
    const before = await panel.tableTexts('traffic');
    await panel.page.reload();
    expect(await panel.tableTexts('traffic')).toEqual(before);
    expect(await panel.posted()).toEqual([{ type: 'ready' }]);
  });

  test('stored nonsense is dropped', async () => {
    panel = await host.open();
    await panel.page.evaluate(() =>
      sessionStorage.setItem('stand-in-state', '{"state":{"kind":"done","document":7}}'),
    );
    await panel.page.reload();
    expect(await panel.page.locator('.empty').isVisible()).toBe(true);
  });

  test('a message that is not one is named, and the last good state stays', async () => {
    panel = await host.open();
    await panel.show({ kind: 'done', document });
    await panel.send({ type: 'state', state: { kind: 'done', document: { ...document, version: 99 } } });
    expect(await panel.page.locator('.notice-line').innerText()).toContain('version');
    expect(await panel.page.locator('#table-summary').isVisible()).toBe(true);
    await panel.show({ kind: 'done', document });
    expect(await panel.page.locator('.notice-line').isVisible()).toBe(false);
  });
});

describe('safety', () => {
  test('hostile names and reasons stay text', async () => {
    panel = await host.open();
    const attack = '</script><img src=x onerror="globalThis.hacked=1"><style>*{display:none}</style>';
    const hostile = fixtureDocument(
      problem,
      [unfinishedRun(problem, 'standard', 'failed', `reason ${attack}`)],
      {
        ...fixtureDeviceWith(attack),
      },
    );
    for (const run of hostile.runs) run.device = hostile.devices[0]!.id;
    await panel.show({ kind: 'failed', title: attack, error: attack, document: hostile });
    expect(await panel.page.locator('img, style, #panel script').count()).toBe(0);
    expect(await panel.page.evaluate(() => 'hacked' in globalThis)).toBe(false);
    expect(await panel.page.locator('.failed').innerText()).toContain(attack);
    expect(await panel.page.locator('.device-name').textContent()).toBe(attack);
    expect((await panel.tableTexts('summary')).flat()).toContain(`reason ${attack}`);
  });

  test('the policy is in force: scripts, styles and requests of others are refused', async () => {
    panel = await host.open();
    const refused = await panel.page.evaluate(async () => {
      const script = window.document.createElement('script');
      script.textContent = 'globalThis.hacked = 1';
      window.document.body.append(script);
      const paragraph = window.document.createElement('p');
      paragraph.setAttribute('style', 'color: red');
      window.document.body.append(paragraph);
      const request = await fetch('/panel.js').catch(() => 'refused');
      await new Promise((resolve) => setTimeout(resolve, 50));
      const seen = standIn.violations.splice(0);
      return { seen, hacked: 'hacked' in globalThis, request, color: paragraph.style.color };
    });
    expect(refused).toMatchObject({ hacked: false, request: 'refused', color: '' });
    expect(refused.seen.map((violation) => violation.split(' ')[0]).sort()).toEqual([
      'connect-src',
      'script-src-elem',
      'style-src-attr',
    ]);
    panel.problems.length = 0;
  });
});

function fixtureDeviceWith(name: string) {
  return {
    ...document.devices[0]!,
    type: 'software' as const,
    limits: document.devices[0]!.limits as never,
    name,
  };
}
