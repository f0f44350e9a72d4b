import { randomBytes } from 'node:crypto';
import {
  type Disposable,
  Uri,
  ViewColumn,
  type WebviewPanel,
  type WebviewPanelSerializer,
  window,
} from 'vscode';
import type { FromPanel, PanelState, ToPanel } from '../panel/protocol.ts';
import { panelFiles, panelViewType } from './contributions.ts';
import type { ProfileRunner } from './profileRunner.ts';

export type PanelAction = Extract<FromPanel, { type: 'action' }>['action'];

const title = 'Attention Profile';

/** The one panel: made on demand, restored after a reload, fed with the runner's state. */
export class PanelHost implements WebviewPanelSerializer, Disposable {
  private readonly extensionUri: Uri;
  private readonly runner: ProfileRunner;
  private readonly act: (action: PanelAction) => void;
  private readonly subscription: Disposable;
  private panel: WebviewPanel | null = null;
  /** Nothing is sent to a page before it said `ready`. */
  private ready = false;

  constructor(extensionUri: Uri, runner: ProfileRunner, act: (action: PanelAction) => void) {
    this.extensionUri = extensionUri;
    this.runner = runner;
    this.act = act;
    this.subscription = runner.onDidChange((state) => this.send(state));
  }

  /** Opens the panel, or brings it to the front where it is. */
  async show({ preserveFocus }: { preserveFocus: boolean }): Promise<void> {
    if (this.panel) {
      this.panel.reveal(undefined, preserveFocus);
      return;
    }
    const column = window.activeTextEditor ? ViewColumn.Beside : ViewColumn.Active;
    await this.adopt(
      window.createWebviewPanel(
        panelViewType,
        title,
        { viewColumn: column, preserveFocus },
        this.webviewOptions(),
      ),
    );
  }

  /** Called by VS Code with the page's own saved state after a reload of the window. */
  async deserializeWebviewPanel(panel: WebviewPanel, saved: unknown): Promise<void> {
    this.panel?.dispose();
    panel.webview.options = this.webviewOptions();
    const adopted = this.adopt(panel);
    const { parsePanelState } = await import('../panel/messages.ts');
    const state = parsePanelState(stateOf(saved));
    if (state && state.kind !== 'empty' && state.document) this.runner.restore(state.document);
    await adopted;
  }

  dispose(): void {
    this.subscription.dispose();
    this.panel?.dispose();
  }

  private async adopt(panel: WebviewPanel): Promise<void> {
    this.panel = panel;
    this.ready = false;
    panel.onDidDispose(() => {
      if (this.panel !== panel) return;
      this.panel = null;
      this.ready = false;
    });
    const [{ parseFromPanel }, { panelHtml }] = await Promise.all([
      import('../panel/messages.ts'),
      import('../panel/html.ts'),
    ]);
    if (this.panel !== panel) return;
    panel.webview.onDidReceiveMessage((value: unknown) => {
      const message = parseFromPanel(value);
      if (message?.type === 'ready') {
        this.ready = true;
        this.send(this.runner.state);
      } else if (message?.type === 'action') {
        this.act(message.action);
      }
    });
    const dist = this.distUri();
    const inPage = (file: string) => panel.webview.asWebviewUri(Uri.joinPath(dist, file)).toString();
    panel.iconPath = Uri.joinPath(this.extensionUri, 'media', 'icon.png');
    panel.webview.html = panelHtml({
      cspSource: panel.webview.cspSource,
      nonce: randomBytes(24).toString('base64'),
      scriptUri: inPage(panelFiles.script),
      styleUri: inPage(panelFiles.style),
      title,
    });
  }

  private send(state: PanelState): void {
    if (!this.panel || !this.ready) return;
    const message: ToPanel = { type: 'state', state };
    void this.panel.webview.postMessage(message);
  }

  private webviewOptions() {
    return { enableScripts: true, enableForms: false, localResourceRoots: [this.distUri()] };
  }

  private distUri(): Uri {
    return Uri.joinPath(this.extensionUri, 'dist');
  }
}

/** The page saves the state it shows beside what its reader chose. */
function stateOf(saved: unknown): unknown {
  return typeof saved === 'object' && saved !== null && 'state' in saved ? saved.state : null;
}
