import type { PanelState } from '../protocol.ts';
import { h } from './dom.ts';

/** Tells assistive technology what changed: the start, each run as it ends, and the reading; not every percent. */
export class Announcer {
  readonly element = h('div', { class: 'announcer', role: 'status' });
  #last = '';

  announce(state: PanelState, reading: string | null): void {
    const sentence = sentenceFor(state, reading);
    // The same sentence again would be read again.
    if (sentence === this.#last) return;
    this.#last = sentence;
    this.element.textContent = sentence;
  }
}

function sentenceFor(state: PanelState, reading: string | null): string {
  if (state.kind === 'empty') return '';
  if (state.kind === 'failed') return '';
  if (state.kind === 'done') return reading ?? '';
  const done = state.document?.runs.map(({ algorithm, status }) => `${algorithm} ${status}`) ?? [];
  return [`Running: ${state.title}.`, ...done.map((run) => `${run}.`)].join(' ');
}
