import type { ProfileDocument } from '../../profiler/document/schema.ts';
import { parseToPanel } from '../messages.ts';
import type { FromPanel, PanelState } from '../protocol.ts';
import { Announcer } from './announcer.ts';
import { DocumentView } from './document-view.ts';
import { h } from './dom.ts';
import { rememberFocus, restoreFocus } from './focus.ts';
import { StatusStrip } from './status.ts';
import { onThemeChange, readTheme } from './theme.ts';
import { Tooltip } from './tooltip.ts';
import { restoreView, type ViewChoices } from './view-state.ts';

/** The part of VS Code's webview API that the page uses. */
export interface HostApi {
  postMessage(message: FromPanel): void;
  getState(): unknown;
  setState(state: unknown): void;
}

/** The page, which lives as long as its document: takes states from the host, shows them, keeps the last one, and sends back actions. */
export class Panel {
  readonly #host: HostApi;
  readonly #strip: StatusStrip;
  readonly #notice = h('p', { class: 'notice-line', role: 'alert' });
  readonly #body = h('div', { class: 'body' });
  readonly #announcer = new Announcer();
  readonly #tooltip: Tooltip;
  #view: DocumentView | null = null;
  /** What the view on the page was built from, to leave it alone while only the progress moves. */
  #shown = '';
  #state: PanelState = { kind: 'empty' };
  #choices: ViewChoices;

  constructor(host: HostApi, root: HTMLElement) {
    this.#host = host;
    this.#strip = new StatusStrip((action) => host.postMessage({ type: 'action', action }));
    this.#tooltip = new Tooltip(root);
    this.#notice.hidden = true;
    root.replaceChildren(this.#strip.element, this.#notice, this.#body, this.#announcer.element);
    onThemeChange(() => this.#paint());
    window.addEventListener('message', (event) => this.#receive(event.data));
    const { state, choices } = restoreView(host.getState());
    this.#choices = choices;
    this.#show(state ?? this.#state);
    host.postMessage({ type: 'ready' });
  }

  #receive(data: unknown): void {
    const parsed = parseToPanel(data);
    this.#notice.hidden = parsed.ok;
    if (parsed.ok) {
      this.#show(parsed.message.state);
      return;
    }
    this.#notice.textContent =
      `The editor sent something this page does not understand (${parsed.error}). ` +
      'What stands below is the last that it did. Reload the window; if it stays, report it with the log.';
  }

  #show(state: PanelState): void {
    this.#state = state;
    this.#keep();
    const focus = rememberFocus();
    this.#strip.show(state);
    this.#showDocument(state.kind === 'empty' ? null : state.document);
    restoreFocus(focus);
    this.#announcer.announce(state, this.#view?.reading ?? null);
  }

  #showDocument(document: ProfileDocument | null): void {
    const key = JSON.stringify([document, this.#choices]);
    if (key === this.#shown) return;
    this.#shown = key;
    this.#tooltip.close();
    this.#view?.dispose();
    this.#view =
      document &&
      new DocumentView({
        document,
        choices: this.#choices,
        tooltip: this.#tooltip,
        onChoices: (choices) => this.#choose(choices),
      });
    this.#body.replaceChildren(...(this.#view ? [this.#view.element] : []));
    this.#paint();
  }

  #choose(choices: ViewChoices): void {
    this.#choices = choices;
    this.#show(this.#state);
  }

  #paint(): void {
    this.#view?.paint(readTheme());
  }

  #keep(): void {
    this.#host.setState({ state: this.#state, choices: this.#choices });
  }
}
