// VS Code's workbench as a person uses it: by what can be seen and clicked.
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { launchBrowser } from '../../tools/browser.ts';
import { windowAddress, writeSettings, type Editor, type EditorSettings } from '../../tools/editor.ts';
import { logsIn, type LogText } from '../../tools/leaks.ts';
import { extensionId, root } from '../../tools/places.ts';
import { printLog } from '../../tools/progress.ts';
import { returnEditor, sharedBrowser, takeEditor } from './editors.ts';

const SHOTS = join(root, 'out', 'screenshots');

/** How long, in ms, anything may take that is waited for: only a failure takes that long, also on a busy machine. */
export const LIMIT = 90_000;
/** The time, in ms, after which a session that was renewed can be renewed again. */
export const RENEWAL_INTERVAL = 5_100;

/** What the windows of one VS Code have in common: the browser with its storage, and the server with its folders. */
interface SharedParts {
  /** The browser, if it is this VS Code's own. */
  readonly browser: Browser | undefined;
  readonly context: BrowserContext;
  readonly editor: Editor;
  /** Where the browser finds it. */
  readonly address: string;
  readonly folder: string;
  /** The logs of windows that were closed or reloaded since. */
  earlierLogs: readonly LogText[];
}

/** A window of VS Code in a browser, with the extension and the consumer in it. */
export class Workbench {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly #around: SharedParts;

  private constructor(page: Page, around: SharedParts) {
    this.page = page;
    this.context = around.context;
    this.#around = around;
  }

  /**
   * Opens a window whose settings are already in place.
   * @param host the name under which the browser finds VS Code, as if that ran on another machine.
   * @param extensions the package files of other extensions to install.
   */
  static async open(settings: EditorSettings, host?: string, extensions?: readonly string[]): Promise<Workbench> {
    const editor = await takeEditor(extensions);
    await writeSettings(userDirOf(editor), settings);
    const folder = join(editor.dataDir, 'notes');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    const elsewhere = host === undefined ? undefined : new URL(`http://${host}:${editor.port}`);
    const browser = elsewhere === undefined ? undefined : await launchBrowser({ elsewhere, log: printLog });
    const context = await (browser ?? (await sharedBrowser())).newContext({ viewport: { width: 1100, height: 700 } });
    context.setDefaultTimeout(LIMIT);
    await context.addInitScript(restOnToasts);
    return Workbench.#openIn({
      browser,
      context,
      editor,
      address: elsewhere?.origin ?? editor.address,
      folder,
      earlierLogs: [],
    });
  }

  static async #openIn(around: SharedParts): Promise<Workbench> {
    const page = await around.context.newPage();
    await page.goto(
      await windowAddress(
        { ...around.editor, address: around.address },
        { folder: around.folder, traced: [extensionId] },
      ),
    );
    return new Workbench(page, around);
  }

  /** Opens one more window: another extension host, over the same settings, secrets and folders. */
  async openWindow(): Promise<Workbench> {
    return Workbench.#openIn(this.#around);
  }

  /** Closes this window alone. */
  async closeWindow(): Promise<void> {
    await this.#keepLogs();
    await this.page.close();
  }

  /** Changes settings in the file that all windows have in common; each one reads it again when it is told to. */
  async changeSettings(change: EditorSettings): Promise<void> {
    await writeSettings(this.#userDir, { ...(await this.userSettings()), ...change });
  }

  /** Makes this window read the settings again: in the browser VS Code does that only when it changes one itself. */
  async reloadSettings(): Promise<void> {
    await this.run('View: Toggle Minimap');
  }

  /** The extension's item in the status bar. */
  get status(): Locator {
    return this.page.locator('[id="session-keeper.session-keeper.sessionKeeper.status"]');
  }

  /** The notifications that are shown now. */
  get notifications(): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item');
  }

  /** Waits until the status bar item says something; within so many ms, where that matters. */
  async waitForStatus(words: string | RegExp, within?: number): Promise<void> {
    await this.status.filter({ hasText: words }).waitFor(within === undefined ? {} : { timeout: within });
  }

  /** Whether the status bar item has the colour of a warning. */
  async hasStatusWarning(): Promise<boolean> {
    return /\bwarning-kind\b/.test((await this.status.getAttribute('class')) ?? '');
  }

  /** Waits until the settings are open at one of the extension's own. */
  async waitForSetting(name: string): Promise<void> {
    await this.page.locator('.settings-editor .setting-item-label', { hasText: name }).waitFor();
  }

  /** Waits until the file of the user's settings is open with something selected in it, and gives that. */
  async selectedSettings(): Promise<string> {
    await this.page.locator('.monaco-editor[data-uri$="settings.json"] .selected-text').first().waitFor();
    await this.page.keyboard.press('Control+c');
    return this.clipboard();
  }

  /** Opens the Accounts menu and gives its items. */
  async accountsMenu(): Promise<Locator> {
    await this.page.bringToFront();
    await this.page.locator('li.action-item[aria-label^="Accounts"]').click();
    const items = this.page.locator('.monaco-menu .action-menu-item, .context-view .action-menu-item');
    await items.first().waitFor();
    return items;
  }

  /** Waits until the Accounts icon asks for so much attention; 0 is no badge. */
  async waitForBadge(number: number): Promise<void> {
    const badge = this.page.locator('li.action-item[aria-label^="Accounts"] .badge');
    await (number === 0 ? badge.waitFor({ state: 'hidden' }) : badge.filter({ hasText: String(number) }).waitFor());
  }

  /** Runs a command from the command palette, by its name. A session is renewed once in five seconds. */
  async run(command: string): Promise<void> {
    if (command === 'Session Keeper: Renew Now') {
      await this.page.waitForTimeout(RENEWAL_INTERVAL);
    }
    const row = await this.#palette(command, (rows) => rows.filter({ hasText: command }));
    await row.click();
  }

  /** The commands that the palette offers for some words. */
  async listCommands(words: string): Promise<string[]> {
    await this.#palette(words, (rows) => rows);
    const names = await this.rows.locator('.label-name').allTextContents();
    await this.page.keyboard.press('Escape');
    return names;
  }

  /** Opens the command palette, and again while VS Code is still starting: an open one learns of no new command. */
  async #palette(words: string, wanted: (rows: Locator) => Locator): Promise<Locator> {
    await this.page.bringToFront();
    const input = this.page.locator('.quick-input-widget input').first();
    const row = wanted(this.rows).first();
    for (let timeout = 2000; ; timeout += 1000) {
      await this.page.keyboard.press('F1');
      try {
        await input.waitFor({ timeout });
        await input.fill(`>${words}`);
        await row.waitFor({ timeout });
        return row;
      } catch (error) {
        if (timeout >= 15_000) {
          throw error;
        }
        await this.page.keyboard.press('Escape');
      }
    }
  }

  /** Closes a page of the browser and comes back to the window: a page in the background draws nothing. */
  async returnFrom(page: Page): Promise<void> {
    await page.close();
    await this.page.bringToFront();
  }

  /** Chooses an item of a menu, at a person's pace: VS Code lets go unheard of what is released within 100 ms after a menu opens. */
  async select(item: Locator): Promise<void> {
    await item.click({ delay: 150 });
  }

  /** The box to type into that is open. */
  get box(): Locator {
    return this.page.locator('.quick-input-widget .quick-input-box input');
  }

  /** The rows of the list to pick from that is open. */
  get rows(): Locator {
    return this.page.locator('.quick-input-list .monaco-list-row');
  }

  /** The dialog that is open. */
  get dialog(): Locator {
    return this.page.locator('.monaco-dialog-box');
  }

  /** The folder that the windows share. */
  get sharedFolder(): string {
    return join(this.#userDir, 'globalStorage', extensionId, 'sessions');
  }

  /** Everything that VS Code's server and the extensions have written into logs since it started. */
  async logs(): Promise<string> {
    return (await this.logTexts()).map(({ text }) => text).join('\n');
  }

  /** The same, log by log; one that has grown since a window was closed or reloaded comes twice. */
  async logTexts(): Promise<LogText[]> {
    return [...this.#around.earlierLogs, ...(await logsIn(join(this.#around.editor.dataDir, 'data', 'logs')))];
  }

  /** The notifications that are shown now and say something. */
  notification(words: string | RegExp): Locator {
    return this.notifications.filter({ hasText: words });
  }

  /** Takes every notification away, as a person does who has read them; also one that comes at that moment. */
  async clearNotifications(): Promise<void> {
    for (const end = Date.now() + LIMIT; ;) {
      await this.run('Notifications: Clear All Notifications');
      try {
        await this.notifications.first().waitFor({ state: 'detached', timeout: 2000 });
        return;
      } catch (error) {
        if (Date.now() > end) {
          throw error;
        }
      }
    }
  }

  /** Follows a link in a notification that says something. */
  async followLink(link: string, words: string | RegExp): Promise<void> {
    await this.notification(words).locator('a', { hasText: link }).click();
  }

  /** What is in the clipboard. */
  async clipboard(): Promise<string> {
    await this.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    return this.page.evaluate(() => navigator.clipboard.readText());
  }

  /** What the file of the user's settings holds now. */
  async userSettings(): Promise<EditorSettings> {
    return JSON.parse(await readFile(join(this.#userDir, 'settings.json'), 'utf8')) as EditorSettings;
  }

  /** Presses a button of a notification that says something. */
  async press(button: string, words: string | RegExp): Promise<void> {
    await this.notifications.filter({ hasText: words }).getByRole('button', { name: button }).click();
  }

  /** Does something that opens a page in the browser, and gives that page. */
  async waitForPage(action: () => Promise<void>): Promise<Page> {
    const [opened] = await Promise.all([this.context.waitForEvent('page'), action()]);
    await opened.waitForLoadState('load');
    return opened;
  }

  /** Keeps a picture of a page for people to look at: out/screenshots. */
  async screenshot(name: string, page = this.page): Promise<void> {
    await mkdir(SHOTS, { recursive: true });
    await page.screenshot({ path: join(SHOTS, `${name}.png`), animations: 'disabled' });
  }

  /** Keeps a picture of every page that is open. */
  async screenshotAll(name: string): Promise<void> {
    for (const [index, page] of this.context.pages().entries()) {
      await this.screenshot(index === 0 ? name : `${name}-${index + 1}`, page);
    }
  }

  /** Reloads the window, as a restart would. The logs of a window go with it. */
  async reload(): Promise<void> {
    await this.#keepLogs();
    await this.page.reload();
  }

  /** Closes all windows, and gives the editor back. */
  async close(): Promise<void> {
    const { browser, context, editor } = this.#around;
    // Only a page that is closed by itself tells VS Code's server that it is gone; its extension host would live on.
    for (const page of context.pages()) {
      await page.close();
    }
    await context.close();
    await browser?.close();
    await returnEditor(editor);
  }

  get #userDir(): string {
    return userDirOf(this.#around.editor);
  }

  async #keepLogs(): Promise<void> {
    this.#around.earlierLogs = await this.logTexts();
  }
}

function userDirOf({ dataDir }: Editor): string {
  return join(dataDir, 'data', 'User');
}

/**
 * Runs in a page: makes VS Code believe that the pointer rests on each toast. It hides any other after some seconds, which
 * would be too early on a busy machine.
 */
function restOnToasts(): void {
  const TOAST = '.notification-toast-container';
  const rested = new WeakSet<Element>();
  new MutationObserver(() => {
    for (const toast of document.querySelectorAll(TOAST)) {
      if (!rested.has(toast)) {
        rested.add(toast);
        toast.dispatchEvent(new MouseEvent('mouseover'));
      }
    }
  }).observe(document, { childList: true, subtree: true });
  document.addEventListener(
    'mouseout',
    (event) => {
      if (event.target instanceof Element && event.target.closest(TOAST) !== null) {
        event.stopPropagation();
      }
    },
    { capture: true },
  );
}
