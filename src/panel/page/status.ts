import type { FromPanel, PanelState } from '../protocol.ts';
import { button, h } from './dom.ts';

export type Action = Extract<FromPanel, { type: 'action' }>['action'];

/** The strip on top: actions that fit the state, progress while a profile runs, the error where it failed. */
export class StatusStrip {
  readonly element = h('div', { class: 'status' });
  readonly #act: (action: Action) => void;
  #progress: { bar: HTMLElement; fill: HTMLElement; title: HTMLElement; message: HTMLElement } | null = null;

  constructor(act: (action: Action) => void) {
    this.#act = act;
  }

  show(state: PanelState): void {
    if (state.kind === 'running') {
      this.#showProgress(state);
      return;
    }
    this.#progress = null;
    if (state.kind === 'empty') this.element.replaceChildren(this.#empty());
    else if (state.kind === 'failed') this.element.replaceChildren(this.#failed(state));
    else this.element.replaceChildren(this.#toolbar(['rerun', 'profile', 'selectAdapter', 'showLog']));
  }

  #showProgress(state: Extract<PanelState, { kind: 'running' }>): void {
    this.#progress ??= this.#startProgress();
    const { bar, fill, title, message } = this.#progress;
    const percent = Math.round(state.fraction * 100);
    bar.setAttribute('aria-valuenow', String(percent));
    bar.setAttribute('aria-valuetext', `${percent}%, ${state.message}`);
    fill.style.setProperty('width', `${percent}%`);
    title.textContent = state.title;
    message.textContent = `${state.message} · ${percent}%`;
  }

  #startProgress() {
    const fill = h('div', { class: 'progress-fill' });
    const aria = { label: 'Profile', valuemin: '0', valuemax: '100', valuenow: '0' };
    const bar = h('div', { class: 'progress', role: 'progressbar', aria }, fill);
    const title = h('strong', {});
    const message = h('span', { class: 'quiet' });
    this.element.replaceChildren(
      h(
        'div',
        { class: 'running' },
        h('div', { class: 'running-text' }, title, message),
        this.#toolbar(['cancel', 'showLog']),
      ),
      bar,
    );
    return { bar, fill, title, message };
  }

  #empty(): HTMLElement {
    return h(
      'div',
      { class: 'empty' },
      h('h1', {}, 'No profile yet'),
      h(
        'p',
        {},
        'Put the cursor on a shape, such as (8, 16, 4096, 64) or b=8 h=16 n=4096 d=64, and run ' +
          'Attention: Profile Shape at Cursor. Or type a shape here.',
      ),
      this.#toolbar(['profile', 'selectAdapter', 'showLog']),
    );
  }

  #failed({ title, error }: Extract<PanelState, { kind: 'failed' }>): HTMLElement {
    return h(
      'div',
      { class: 'failed', role: 'alert' },
      h('h1', {}, `Failed: ${title}`),
      ...error.split('\n').map((line) => h('p', { class: 'error-text' }, line)),
      h(
        'p',
        { class: 'quiet' },
        'Run it again, choose another adapter, or read the log for what the GPU process said.',
      ),
      this.#toolbar(['rerun', 'selectAdapter', 'showLog']),
    );
  }

  #toolbar(actions: Action[]): HTMLElement {
    return h(
      'div',
      { class: 'toolbar', role: 'group', aria: { label: 'Actions' } },
      ...actions.map((action, index) => {
        const element = button(labels[action], index === 0 ? 'primary' : 'secondary', () =>
          this.#act(action),
        );
        element.dataset.action = action;
        element.dataset.focus = `action-${action}`;
        return element;
      }),
    );
  }
}

const labels: Record<Action, string> = {
  profile: 'Profile a Shape…',
  rerun: 'Rerun',
  cancel: 'Cancel',
  selectAdapter: 'Select Adapter…',
  showLog: 'Show Log',
};
