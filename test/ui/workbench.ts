// VS Code's workbench as a user operates it, by its visible elements.
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { launchBrowser } from '../../tools/browser.ts';
import { windowAddress, writeSettings, type Editor, type EditorSettings } from '../../tools/editor.ts';
import { logsIn, type LogText } from '../../tools/leaks.ts';
import { extensionId, root } from '../../tools/places.ts';
import { printLog } from '../../tools/progress.ts';
import { returnEditor, sharedBrowser, takeEditor } from './editors.ts';
import { installPseudoLocale, PSEUDO_LOCALE } from './pseudoLocale.ts';

const SHOTS = join(root, 'out', 'screenshots');

/** The timeout, in ms, of anything that is waited for: only a failure takes that long, even on a busy machine. */
export const LIMIT = 90_000;
/** The time, in ms, after which a session that was renewed can be renewed again. */
export const RENEWAL_INTERVAL = 5_100;

/** The setting that shows which settings the extensions of a window have. */
const REVISION = 'sessionKeeperConsumer.settingsRevision';

/** How many times slower the windows run: finds tests that act before VS Code shows what they act on. */
const SLOWDOWN = Number(process.env['SESSION_KEEPER_SLOWDOWN'] ?? 1);

/** What the windows of one VS Code share: the browser with its storage, and the server with its folders. */
interface SharedParts {
  /** The browser, if it is this VS Code's own. */
  readonly browser: Browser | undefined;
  readonly context: BrowserContext;
  readonly editor: Editor;
  /** The URL for the browser. */
  readonly address: string;
  readonly folder: string;
  /** The logs of windows that were closed or reloaded since. */
  earlierLogs: readonly LogText[];
}

/** How to open a window. */
export interface WorkbenchOptions {
  /** The name under which the browser finds VS Code, as if that ran on another machine. */
  readonly host?: string | undefined;
  /** The display language of the extension; English if undefined. VS Code's own text stays English. */
  readonly language?: string | undefined;
  /** Returns the package files of other extensions to install. */
  readonly extensions?: (() => Promise<readonly string[]>) | undefined;
  /** What the organization's file contains; see managedSettingsMount.ts for where that works. */
  readonly managedSettings?: string | undefined;
  /** The number of pixels of a screenshot for each CSS pixel; 1 by default. */
  readonly deviceScaleFactor?: number | undefined;
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

  /** Opens a window whose settings are already in place. */
  static async open(
    settings: EditorSettings,
    { host, language, extensions, managedSettings, deviceScaleFactor = 1 }: WorkbenchOptions = {},
  ): Promise<Workbench> {
    const editor = await takeEditor(await extensions?.(), managedSettings);
    if (language === PSEUDO_LOCALE) {
      await installPseudoLocale(editor.dataDir);
    }
    await writeSettings(userDirOf(editor), settings);
    const folder = join(editor.dataDir, 'notes');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    const elsewhere = host === undefined ? undefined : new URL(`http://${host}:${editor.port}`);
    const browser = elsewhere === undefined ? undefined : await launchBrowser({ elsewhere, log: printLog });
    const context = await (browser ?? (await sharedBrowser())).newContext({
      viewport: { width: 1100, height: 700 },
      deviceScaleFactor,
    });
    context.setDefaultTimeout(LIMIT);
    await context.addInitScript(restOnToasts);
    if (language !== undefined) {
      await context.addInitScript((name) => Object.assign(globalThis, { _VSCODE_NLS_LANGUAGE: name }), language);
    }
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
    if (SLOWDOWN > 1) {
      const session = await around.context.newCDPSession(page);
      await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWDOWN });
    }
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

  /** Changes settings in the file that all windows share; each window reads it after {@link reloadSettings}. */
  async changeSettings(change: EditorSettings): Promise<void> {
    const settings = await this.userSettings();
    await writeSettings(this.#userDir, { ...settings, ...change, [REVISION]: revisionOf(settings) + 1 });
  }

  /**
   * Makes this window and its extensions read the settings again: in the browser, VS Code does that only when it changes one.
   */
  async reloadSettings(): Promise<void> {
    const revision = revisionOf(await this.userSettings());
    await this.run('View: Toggle Minimap');
    if (revision > 0) {
      const item = this.page.locator('[id="session-keeper.session-keeper-consumer.settingsRevision"]');
      await item.and(this.page.locator(`[aria-label="Settings ${String(revision)}"]`)).waitFor({ state: 'attached' });
    }
  }

  /** The extension's item in the status bar. */
  get status(): Locator {
    return this.page.locator('[id="session-keeper.session-keeper.sessionKeeper.status"]');
  }

  /** The notifications that are shown now. */
  get notifications(): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item');
  }

  /** Waits until the status bar item shows a text, optionally within a number of ms. */
  async waitForStatus(words: string | RegExp, within?: number): Promise<void> {
    await this.status.filter({ hasText: words }).waitFor(within === undefined ? {} : { timeout: within });
  }

  /** Whether the status bar item has the color of a warning. */
  async hasStatusWarning(): Promise<boolean> {
    return /\bwarning-kind\b/.test((await this.status.getAttribute('class')) ?? '');
  }

  /** Waits until the settings are open at one of the extension's own. */
  async waitForSetting(name: string): Promise<void> {
    await this.page.locator('.settings-editor .setting-item-label', { hasText: name }).waitFor();
  }

  /** Waits until settings.json is open with a selection, and returns it. */
  async selectedSettings(): Promise<string> {
    await this.page.locator('.monaco-editor[data-uri$="settings.json"] .selected-text').first().waitFor();
    await this.page.keyboard.press('Control+c');
    return this.clipboard();
  }

  /** Opens the Accounts menu and returns its items. */
  async accountsMenu(): Promise<Locator> {
    await this.page.bringToFront();
    await this.page.locator('li.action-item[aria-label^="Accounts"]').click();
    const items = this.page.locator('.monaco-menu .action-menu-item, .context-view .action-menu-item');
    await items.first().waitFor();
    return items;
  }

  /** Waits until the badge of the Accounts icon shows a number; 0 is no badge. */
  async waitForBadge(number: number): Promise<void> {
    const badge = this.page.locator('li.action-item[aria-label^="Accounts"] .badge');
    await (number === 0 ? badge.waitFor({ state: 'hidden' }) : badge.filter({ hasText: String(number) }).waitFor());
  }

  /** Runs **Renew Now** as soon as a session that was just renewed can be renewed again. */
  async runRenewNow(): Promise<void> {
    await this.page.waitForTimeout(RENEWAL_INTERVAL);
    await this.run('Session Keeper: Renew Now');
  }

  /** Runs a command from the Command Palette, by its name. */
  async run(command: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const row = await this.#palette(command, (rows) => rows.filter({ hasText: command }));
      try {
        await row.click({ timeout: 5000 });
        return;
      } catch (error) {
        // An editor that is opening can take the focus, which closes the palette.
        if (attempt === 5) {
          throw error;
        }
      }
    }
  }

  /** Returns the commands that the palette offers for a text. */
  async listCommands(words: string): Promise<string[]> {
    await this.#palette(words, (rows) => rows);
    const names = await this.rows.locator('.label-name').allTextContents();
    await this.page.keyboard.press('Escape');
    return names;
  }

  /** Opens the Command Palette, repeatedly while VS Code is starting: an open one doesn't show new commands. */
  async #palette(words: string, wanted: (rows: Locator) => Locator): Promise<Locator> {
    await this.page.bringToFront();
    const input = this.page.locator('.quick-input-widget input').first();
    const row = wanted(this.rows).first();
    // The palette doesn't open over an editor in a dialog, such as the settings.
    const modalEditor = this.page.locator('.monaco-modal-editor-block');
    for (let timeout = 2000; ; timeout += 1000) {
      if (await modalEditor.isVisible()) {
        await this.page.keyboard.press('Escape');
      }
      await this.page.keyboard.press('F1');
      try {
        await input.waitFor({ timeout });
        await input.fill(`>${words}`, { timeout });
        await row.waitFor({ timeout });
        return row;
      } catch (error) {
        if (timeout >= 15_000) {
          throw error;
        }
        // Elsewhere, Escape would leave a walkthrough.
        if (await input.isVisible()) {
          await this.page.keyboard.press('Escape');
        }
      }
    }
  }

  /** Closes a page of the browser and returns to the window: a page in the background isn't rendered. */
  async returnFrom(page: Page): Promise<void> {
    await page.close();
    await this.page.bringToFront();
  }

  /** Selects a menu item with a slow click: VS Code ignores a mouse button that is released within 100 ms after a menu opens. */
  async select(item: Locator): Promise<void> {
    await item.click({ delay: 150 });
  }

  /** The input of the open input box. */
  get box(): Locator {
    return this.page.locator('.quick-input-widget .quick-input-box input');
  }

  /** The rows of the open quick pick. */
  get rows(): Locator {
    return this.page.locator('.quick-input-list .monaco-list-row');
  }

  /** The open dialog. */
  get dialog(): Locator {
    return this.page.locator('.monaco-dialog-box');
  }

  /** The path of the open folder. */
  get folder(): string {
    return this.#around.folder;
  }

  /** Opens a new integrated terminal. */
  async openTerminal(): Promise<void> {
    await this.run('Terminal: Create New Terminal');
    await this.page.locator('.terminal-wrapper .xterm-rows').filter({ hasText: /[$#]/u }).first().waitFor();
  }

  /** Types a line in the terminal. */
  async typeInTerminal(line: string): Promise<void> {
    await this.page.bringToFront();
    await this.page.locator('.terminal-wrapper .xterm-screen:visible').last().click();
    await this.page.locator('.terminal-wrapper .xterm.focus').waitFor();
    await this.page.keyboard.type(`${line}\n`);
  }

  /** The path of the folder that the windows share. */
  get sharedFolder(): string {
    return join(this.#userDir, 'globalStorage', extensionId, 'sessions');
  }

  /** Returns the logs of VS Code's server and the extensions since it started. */
  async logs(): Promise<string> {
    return (await this.logTexts()).map(({ text }) => text).join('\n');
  }

  /** Returns the same by log; a log that has grown since a window was closed or reloaded is included twice. */
  async logTexts(): Promise<LogText[]> {
    return [...this.#around.earlierLogs, ...(await logsIn(join(this.#around.editor.dataDir, 'data', 'logs')))];
  }

  /** Returns the visible notifications with a text. */
  notification(words: string | RegExp): Locator {
    return this.notifications.filter({ hasText: words });
  }

  /** Clears all notifications, including one that appears at that moment. */
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

  /** Selects a link in the notification with a text. */
  async followLink(link: string, words: string | RegExp): Promise<void> {
    await this.notification(words).locator('a', { hasText: link }).click();
  }

  /** Returns the content of the clipboard. */
  async clipboard(): Promise<string> {
    await this.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    return this.page.evaluate(() => navigator.clipboard.readText());
  }

  /** Returns the current user settings. */
  async userSettings(): Promise<EditorSettings> {
    return JSON.parse(await readFile(join(this.#userDir, 'settings.json'), 'utf8')) as EditorSettings;
  }

  /** Presses a button of the notification with a text. */
  async press(button: string, words: string | RegExp): Promise<void> {
    await pressButton(this.notifications.filter({ hasText: words }), button);
  }

  /** Runs an action that opens a page in the browser, and returns that page. */
  async waitForPage(action: () => Promise<void>): Promise<Page> {
    const [opened] = await Promise.all([this.context.waitForEvent('page'), action()]);
    await opened.waitForLoadState('load');
    return opened;
  }

  /** Moves the pointer to the editor area, so that nothing is hovered over. */
  async moveMouseAway(): Promise<void> {
    await this.page.mouse.move(500, 300);
  }

  /** Saves a screenshot of a page in out/screenshots. */
  async screenshot(name: string, page = this.page): Promise<void> {
    await mkdir(SHOTS, { recursive: true });
    await page.screenshot({ path: join(SHOTS, `${name}.png`), animations: 'disabled' });
  }

  /** Saves a screenshot of every open page. */
  async screenshotAll(name: string): Promise<void> {
    for (const [index, page] of this.context.pages().entries()) {
      await this.screenshot(index === 0 ? name : `${name}-${index + 1}`, page);
    }
  }

  /** Reloads the window, as a restart would. The logs of a window are deleted with it. */
  async reload(): Promise<void> {
    await this.#keepLogs();
    await this.page.reload();
  }

  /** Closes all windows, and returns the editor. */
  async close(): Promise<void> {
    const { browser, context, editor } = this.#around;
    // VS Code's server detects only a page that is closed individually. Otherwise, its extension host would keep running.
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

/**
 * Presses a button of a notification, which VS Code then closes. A click is lost if the notification moves between the press
 * and the release of the mouse button, for example because another one is closed.
 */
export async function pressButton(notification: Locator, name: string): Promise<void> {
  const button = await notification.getByRole('button', { name, exact: true }).elementHandle();
  const isShown = (): Promise<boolean> => button.evaluate((element) => element.isConnected);
  for (let attempt = 1; await isShown(); attempt += 1) {
    try {
      await button.click();
      await button.waitForElementState('hidden', { timeout: 5000 });
    } catch (error) {
      if (attempt === 3) {
        throw error;
      }
    }
  }
}

function revisionOf({ [REVISION]: revision }: EditorSettings): number {
  return typeof revision === 'number' ? revision : 0;
}

function userDirOf({ dataDir }: Editor): string {
  return join(dataDir, 'data', 'User');
}

/**
 * Runs in a page: simulates that the pointer is over each toast. VS Code hides other toasts after some seconds, which would
 * be too early on a busy machine.
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
