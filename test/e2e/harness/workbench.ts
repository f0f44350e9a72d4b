import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, FrameLocator, Locator, Page } from 'playwright-core';
import { projectRoot } from '../../../scripts/lib/root.mjs';
import type { VsCodeServer } from '../../../scripts/vscode-server/server.ts';
import { type Theme, themes } from './themes.ts';

export interface Place {
  /** Name or path as one would type it into Quick Open. */
  file: string;
  /** From 1. */
  line?: number;
  /** From 1. */
  column?: number;
}

export interface OpenOptions {
  /** Further query parameters of the page. */
  query?: Record<string, string>;
  viewport?: { width: number; height: number };
}

/** How long a cold editor may take to show itself on a busy machine. Milliseconds. */
const loadTimeout = 60_000;
const quickTimeout = 15_000;

/** A VS Code window in the browser, driven as a person would: keys, mouse, and what is on the screen. */
export class Workbench {
  readonly page: Page;
  /** Errors that no code of the page caught, as they came. */
  readonly pageErrors: Error[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.pageErrors.push(error));
  }

  /** Opens the server's folder in a fresh browser profile and waits until the editor takes input. */
  static async open(
    browser: Browser,
    server: Pick<VsCodeServer, 'url'>,
    options: OpenOptions = {},
  ): Promise<Workbench> {
    const viewport = options.viewport ?? { width: 1280, height: 800 };
    const context = await browser.newContext({ viewport });
    const workbench = new Workbench(await context.newPage());
    workbench.page.setDefaultTimeout(quickTimeout);
    await workbench.page.goto(server.url(options.query), { timeout: loadTimeout });
    await workbench.waitUntilLoaded();
    return workbench;
  }

  async reload(): Promise<void> {
    await this.page.reload({ timeout: loadTimeout });
    await this.waitUntilLoaded();
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  /** Opens a file by Quick Open and puts the cursor where it is told. */
  async openEditor({ file, line, column = 1 }: Place): Promise<void> {
    const name = file.split('/').at(-1) as string;
    const tab = this.page.locator(`.tab.active[data-resource-name="${name}"]`).first();
    await waitFor(`the editor of ${name}`, async () => {
      await this.page.keyboard.press('ControlOrMeta+P');
      await this.quickInput().fill(file);
      // Rows still move while the search answers, and another one may be under the mouse by then.
      let rows = '';
      await waitFor('the rows to rest', async () => {
        const before = rows;
        await sleep(300);
        rows = (await this.quickInputRows().allInnerTexts()).join('\n');
        return rows === before && rows.includes(name);
      });
      // A click, because Enter takes whatever the list of recent files has first.
      await this.quickInputRows().filter({ hasText: name }).first().click();
      return tab.waitFor({ timeout: 3000 }).then(
        () => true,
        () => false,
      );
    });
    await this.page.locator('.editor-instance .monaco-editor.focused').first().waitFor();
    if (line !== undefined) await this.moveCursor(line, column);
  }

  /** Puts the cursor of the active editor at a place, both from 1, and waits until it is there. */
  async moveCursor(line: number, column: number): Promise<void> {
    await this.page.keyboard.press('Control+G');
    await this.quickInput().fill(`:${line}:${column}`);
    await this.page.keyboard.press('Enter');
    await waitFor(
      `the cursor at line ${line}, column ${column}`,
      async () => (await this.cursor())?.line === line && (await this.cursor())?.column === column,
    );
  }

  /** Where the status bar says the cursor is; null where no text editor is active. */
  async cursor(): Promise<{ line: number; column: number } | null> {
    const item = this.page.locator('#status\\.editor\\.selection');
    if ((await item.count()) === 0) return null;
    const match = /Ln (\d+), Col (\d+)/.exec((await item.textContent()) ?? '');
    return match === null ? null : { line: Number(match[1]), column: Number(match[2]) };
  }

  /** Runs a command by its title in the palette, as `Attention: Open Panel`. */
  async runCommand(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    await this.quickInput().fill(`>${title}`);
    const row = this.quickInputRows().filter({ hasText: title }).first();
    await row.waitFor();
    await row.click();
  }

  /** Shows the hover at the cursor from the keyboard, and returns what is in it. */
  async hover(): Promise<Locator> {
    await this.page.keyboard.press('ControlOrMeta+K');
    await this.page.keyboard.press('ControlOrMeta+I');
    const contents = this.page.locator('.monaco-hover:not(.hidden) .monaco-hover-content').first();
    await contents.waitFor();
    return contents;
  }

  /** Rests the mouse on a word of the open file, as it is drawn, and returns the hover that comes. */
  async hoverWord(text: string): Promise<Locator> {
    await this.page.locator('.view-line span').filter({ hasText: text }).last().hover();
    const contents = this.page.locator('.monaco-hover:not(.hidden) .monaco-hover-content').first();
    await contents.waitFor();
    return contents;
  }

  /** The document inside the visible webview. */
  webview(): FrameLocator {
    return this.page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
  }

  /** The notification toasts on the screen; a `development` server shows none. */
  notifications(): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item');
  }

  /** Everything in the notification centre, toasts that are gone included; opens it where it is closed. */
  async notificationCenter(): Promise<Locator> {
    const center = this.page.locator('.notifications-center.visible');
    if ((await center.count()) === 0) await this.page.locator('#status\\.notifications').click();
    await center.waitFor();
    return center.locator('.notification-list-item');
  }

  /** A status bar item by its id, which VS Code prefixes with the extension's. */
  statusBarItem(id: string): Locator {
    return this.page.locator(`.statusbar-item[id$="${id}"]`);
  }

  quickInput(): Locator {
    return this.page.locator('.quick-input-widget:visible input.input');
  }

  quickInputRows(): Locator {
    return this.page.locator('.quick-input-widget:visible .monaco-list-row');
  }

  /** Changes the colour theme of the running editor; webviews follow. */
  async setTheme(theme: Theme): Promise<void> {
    await this.runCommand(themes[theme].command);
    await this.page.locator(`.monaco-workbench.${themes[theme].workbenchClass}`).waitFor();
    // The colours of what is drawn already come a moment after the class.
    await sleep(500);
  }

  /** Writes `test-results/NAME.png` and returns its path. */
  async screenshot(name: string): Promise<string> {
    const folder = join(projectRoot, 'test-results');
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name}.png`);
    await this.page.screenshot({ path, animations: 'disabled', caret: 'hide' });
    return path;
  }

  private async waitUntilLoaded(): Promise<void> {
    await this.page.locator('.monaco-workbench .statusbar-item').first().waitFor({ timeout: loadTimeout });
    await this.page
      .locator('.explorer-folders-view .monaco-list-row')
      .first()
      .waitFor({ timeout: loadTimeout });
  }
}

/** Polls until `holds` does; past 15 s it fails and says what it waited for. */
export async function waitFor(
  what: string,
  holds: () => Promise<boolean>,
  timeoutMs = quickTimeout,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs / 1000} s in vain for ${what}.`);
    await sleep(50);
  }
}
