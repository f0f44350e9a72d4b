import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { projectRoot } from '../../../scripts/lib/root.mjs';
import { panelHtml } from '../../../src/panel/html.ts';
import type { FromPanel, PanelState } from '../../../src/panel/protocol.ts';
import { launchBrowser } from '../harness/browser.ts';
import { type PageTheme, type PageThemeName, pageThemes } from './themes.ts';

/** What the stand-in for VS Code keeps in the page. */
interface StandIn {
  posted: unknown[];
  violations: string[];
}

declare global {
  var standIn: StandIn;
}

/**
 * The panel's page in a real browser, served from loopback under its real policy. The editor cannot be
 * here: `acquireVsCodeApi` is a stand-in that records what is posted and keeps the state over reloads.
 */
export class PanelHost {
  readonly #server: Server;
  readonly #browser: Browser;

  private constructor(server: Server, browser: Browser) {
    this.#server = server;
    this.#browser = browser;
  }

  static async start(): Promise<PanelHost> {
    const files = await bundlePanel();
    const server = createServer((request, response) => {
      const origin = `http://${request.headers.host}`;
      const path = new URL(request.url ?? '/', origin).pathname;
      const [type, body] =
        path === '/'
          ? ['text/html', pageAt(origin)]
          : path === '/panel.js'
            ? ['text/javascript', files.script]
            : path === '/panel.css'
              ? ['text/css', files.style]
              : ['', null];
      if (body === null) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new PanelHost(server, await launchBrowser());
  }

  async open(options: { theme?: PageThemeName; width?: number; height?: number } = {}): Promise<PanelPage> {
    const { theme = 'dark', width = 760, height = 900 } = options;
    const context = await this.#browser.newContext({ viewport: { width, height } });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('favicon')) problems.push(message.text());
    });
    await page.addInitScript(installStandIn);
    await page.addInitScript(applyTheme, pageThemes[theme] as PageTheme);
    const { port } = this.#server.address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${port}/`);
    return new PanelPage(page, context, problems);
  }

  async dispose(): Promise<void> {
    await this.#browser.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** One page and what went wrong in it. */
export class PanelPage {
  readonly page: Page;
  /** Errors of scripts and of the console. */
  readonly problems: string[];
  readonly #context: BrowserContext;

  constructor(page: Page, context: BrowserContext, problems: string[]) {
    this.page = page;
    this.#context = context;
    this.problems = problems;
  }

  async send(message: unknown): Promise<void> {
    await this.page.evaluate((data) => window.postMessage(data), message);
    // Posted messages are tasks: the next one runs after the page took this one.
    await this.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 20)));
  }

  async show(state: PanelState): Promise<void> {
    await this.send({ type: 'state', state });
  }

  async posted(): Promise<FromPanel[]> {
    return (await this.page.evaluate(() => standIn.posted)) as FromPanel[];
  }

  /** What the policy of the page refused. */
  async violations(): Promise<string[]> {
    return await this.page.evaluate(() => standIn.violations);
  }

  async setTheme(theme: PageThemeName): Promise<void> {
    await this.page.evaluate(applyTheme, pageThemes[theme] as PageTheme);
    await this.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)));
  }

  /** The texts of a table's body, row by row, headers included. */
  async tableTexts(id: string): Promise<string[][]> {
    return await this.page.evaluate((table) => {
      const element = document.querySelector<HTMLTableElement>(`#table-${table}`);
      return [...(element?.rows ?? [])].map((row) => [...row.cells].map((cell) => cell.textContent.trim()));
    }, id);
  }

  async screenshot(name: string): Promise<void> {
    const folder = join(projectRoot, 'test-results');
    mkdirSync(folder, { recursive: true });
    await this.page.screenshot({ path: join(folder, `panel-${name}.png`), fullPage: true });
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}

function pageAt(origin: string): string {
  return panelHtml({
    cspSource: origin,
    nonce: randomBytes(16).toString('base64'),
    scriptUri: `${origin}/panel.js`,
    styleUri: `${origin}/panel.css`,
    title: 'Attention Profiler',
  });
}

/** The page's two files, bundled as the build does. */
async function bundlePanel(): Promise<{ script: string; style: string }> {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: projectRoot,
    entryPoints: ['src/panel/main.ts'],
    bundle: true,
    write: false,
    platform: 'browser',
    target: 'es2023',
    format: 'iife',
    outfile: 'panel.js',
    logLevel: 'warning',
  });
  const textOf = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  return { script: textOf('.js'), style: textOf('.css') };
}

/** Runs in the page, before its own script. */
function installStandIn(): void {
  const key = 'stand-in-state';
  const stand: StandIn = { posted: [], violations: [] };
  globalThis.standIn = stand;
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
    stand.violations.push(`${violatedDirective} ${blockedURI}`);
  });
  Object.assign(globalThis, {
    acquireVsCodeApi: () => ({
      postMessage: (message: unknown) => stand.posted.push(structuredClone(message)),
      getState: () => JSON.parse(sessionStorage.getItem(key) ?? 'null') ?? undefined,
      setState: (state: unknown) => sessionStorage.setItem(key, JSON.stringify(state)),
    }),
  });
}

/** Runs in the page: what VS Code does to a webview's root and body when the theme changes. */
function applyTheme(theme: PageTheme): void {
  const apply = () => {
    const { style } = document.documentElement;
    for (const name of [...style]) style.removeProperty(name);
    for (const [name, value] of Object.entries(theme.colors)) style.setProperty(`--vscode-${name}`, value);
    document.body.classList.remove(
      'vscode-dark',
      'vscode-light',
      'vscode-high-contrast',
      'vscode-high-contrast-light',
    );
    document.body.classList.add(...theme.bodyClasses);
    document.body.dataset.vscodeThemeId = theme.id;
  };
  if (document.body) {
    apply();
    return;
  }
  new MutationObserver((_changes, observer) => {
    if (!document.body) return;
    observer.disconnect();
    apply();
  }).observe(document, { childList: true, subtree: true });
}
