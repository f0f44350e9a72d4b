import { describe, expect, test } from 'vitest';
import { panelCsp, panelHtml } from '../../../src/panel/html.ts';
import { parseFromPanel, parsePanelState, parseToPanel } from '../../../src/panel/messages.ts';
import { restoreView } from '../../../src/panel/page/view-state.ts';
import type { PanelState } from '../../../src/panel/protocol.ts';
import { sideBySide } from './fixtures.ts';

const document = sideBySide('1,2,64,16');
const states: PanelState[] = [
  { kind: 'empty' },
  { kind: 'running', title: 't', message: 'm', fraction: 0.5, document: null },
  { kind: 'running', title: 't', message: 'm', fraction: 1, document },
  { kind: 'failed', title: 't', error: 'e', document: null },
  { kind: 'done', document },
];

describe('messages', () => {
  test.each(states.map((state) => [state.kind, state] as const))('%s passes unchanged', (_kind, state) => {
    expect(parseToPanel({ type: 'state', state })).toEqual({ ok: true, message: { type: 'state', state } });
    expect(parsePanelState(JSON.parse(JSON.stringify(state)))).toEqual(state);
  });

  const running = { kind: 'running', title: 't', message: 'm', document: null };
  test.each([
    ['null', null],
    ['a word', 'state'],
    ['no state', { type: 'state' }],
    ['a state nobody knows', { type: 'state', state: { kind: 'unknown' } }],
    ['a fraction that is no number', { type: 'state', state: { ...running, fraction: Number.NaN } }],
    ['a newer document', { type: 'state', state: { kind: 'done', document: { ...document, version: 2 } } }],
    ['done without a document', { type: 'state', state: { kind: 'done', document: null } }],
  ])('%s is no message, and the answer says why', (_name, value) => {
    const parsed = parseToPanel(value);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.error.length).toBeGreaterThan(5);
  });

  test('the page names actions from a list and nothing else', () => {
    expect(parseFromPanel({ type: 'action', action: 'rerun' })).toEqual({ type: 'action', action: 'rerun' });
    expect(parseFromPanel({ type: 'ready' })).toEqual({ type: 'ready' });
    expect(parseFromPanel({ type: 'action', action: 'workbench.action.quit' })).toBeNull();
    expect(parseFromPanel({ type: 'command', command: 'x' })).toBeNull();
  });
});

describe('restoring', () => {
  test('what was kept comes back', () => {
    const kept = { state: states[4], choices: { unit: 'accesses', folded: ['time'], comparison: null } };
    expect(restoreView(JSON.parse(JSON.stringify(kept)))).toEqual(kept);
  });

  test.each([undefined, 7, {}, { state: { kind: 'done' }, choices: { unit: 'furlongs' } }])(
    'what is not ours is dropped: %j',
    (stored) => {
      expect(restoreView(stored)).toEqual({
        state: null,
        choices: { unit: 'bytes', folded: [], comparison: null },
      });
    },
  );
});

describe('the page', () => {
  const options = {
    cspSource: 'https://example.test',
    nonce: 'AAAAAAAAAAAAAAAAAAAAAA==',
    scriptUri: 'https://example.test/panel.js?a=1&b="2"',
    styleUri: 'https://example.test/panel.css',
    title: '</title><script>alert(1)</script>',
  };

  test('the policy allows our script and styles and nothing else', () => {
    expect(panelCsp(options.cspSource, options.nonce)).toBe(
      "default-src 'none'; script-src 'nonce-AAAAAAAAAAAAAAAAAAAAAA=='; style-src https://example.test; " +
        "font-src https://example.test; img-src https://example.test; connect-src 'none'; form-action 'none'; " +
        "base-uri 'none'; frame-src 'none'",
    );
  });

  test('one script, no style in the markup, nothing from outside unescaped', () => {
    const html = panelHtml(options);
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).not.toMatch(/<style|style=|unsafe|\bon\w+=/);
    expect(html).toContain('panel.js?a=1&#38;b=&#34;2&#34;');
  });

  test('a nonce that could be guessed is refused', () => {
    expect(() => panelHtml({ ...options, nonce: 'abc' })).toThrow(/128 bits/);
  });
});
