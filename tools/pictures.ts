// Retakes the pictures of the README and of the walkthrough from the product as it is: npm run pictures.
//   npm run pictures -- session     only the pictures whose name contains a text
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { closeEditors } from '../test/ui/editors.ts';
import { signIn } from '../test/ui/userActions.ts';
import { Workbench } from '../test/ui/workbench.ts';
import { prepareBrowser } from './browser.ts';
import { prepareEditor } from './editor.ts';
import { demoClientId, startIdentityServer } from './identityServer.ts';
import { root } from './places.ts';
import { printLog } from './progress.ts';

/** The color themes, by the end of a file's name. */
const THEMES = {
  dark: 'Dark 2026',
  light: 'Light 2026',
  'hc-dark': 'Default High Contrast',
  'hc-light': 'Default High Contrast Light',
} as const;

/** The size of the window, in CSS pixels. */
const WINDOW = { width: 1000, height: 620 } as const;
/** The number of pixels of a picture for each CSS pixel. */
const SCALE = 1.5;
/** The size of a picture, in CSS pixels. */
const PICTURE = { width: 600, height: 340 } as const;
/** The number of colors of a picture, which has few apart from the edges of letters: fewer make its file smaller. */
const COLORS = 64;
/** How long, in ms, animations of the workbench take to end. */
const SETTLE = 700;
/** How long the session lasts at the server, in minutes: two weeks. */
const SESSION_LIFETIME = 14 * 24 * 60;

const FOLDER = join(root, 'media', 'walkthrough');
const [only = ''] = process.argv.slice(2);

/** The part of the window to show: at a corner, or around an element. */
type Part = 'bottom-left' | 'bottom-right' | 'top-left' | Locator;

interface Picture {
  readonly name: string;
  readonly part: (page: Page) => Part;
  /** Brings what the picture shows into view. */
  readonly show: (workbench: Workbench) => Promise<void>;
  /** Removes it again; Escape by default. */
  readonly hide?: (workbench: Workbench) => Promise<void>;
}

const UNCONFIGURED: readonly Picture[] = [
  {
    name: 'add-provider',
    part: (page) => page.locator('.quick-input-widget'),
    show: async (workbench) => {
      await workbench.run('Session Keeper: Add Provider…');
      await workbench.rows.filter({ hasText: 'Keycloak' }).first().waitFor();
      await restPointer(workbench.page);
    },
  },
];

const SIGNED_OUT: readonly Picture[] = [
  {
    name: 'sign-in',
    part: () => 'bottom-left',
    show: async (workbench) => {
      const items = await workbench.accountsMenu();
      await items.filter({ hasText: 'Acme' }).first().hover();
    },
  },
];

const SIGNED_IN: readonly Picture[] = [
  {
    name: 'session',
    part: () => 'bottom-right',
    show: async (workbench) => {
      const hover = workbench.page.locator('.monaco-hover', { hasText: 'Account: demo' });
      // A change of the theme closes a hover that opens at the same time.
      do {
        await restPointer(workbench.page);
        await workbench.page.waitForTimeout(SETTLE);
        await workbench.status.hover();
        await hover.waitFor();
        await workbench.page.waitForTimeout(SETTLE);
      } while (!(await hover.isVisible()));
    },
    hide: ({ page }) => restPointer(page),
  },
  {
    name: 'extensions',
    part: (page) => page.locator('.monaco-dialog-box'),
    show: async (workbench) => {
      await workbench.run('Consumer: Who Am I?');
      await workbench.dialog.waitFor();
    },
    hide: async (workbench) => {
      await workbench.page.keyboard.press('Escape');
      await workbench.dialog.waitFor({ state: 'detached' });
      await workbench.clearNotifications();
    },
  },
  {
    name: 'diagnostics',
    part: () => 'top-left',
    show: async (workbench) => {
      await workbench.run('Session Keeper: Show Diagnostics');
      await workbench.page.locator('.tab.active', { hasText: 'Session Keeper' }).waitFor();
      await workbench.page.locator('.view-line', { hasText: /\S/ }).first().waitFor();
    },
    hide: async (workbench) => {
      await workbench.run('View: Close All Editors');
    },
  },
];

await Promise.all([prepareEditor(undefined, printLog), prepareBrowser(printLog)]);
const identity = await startIdentityServer({ accessTokenSeconds: 3600 });
try {
  const workbench = await Workbench.open({}, { deviceScaleFactor: SCALE });
  await workbench.page.setViewportSize(WINDOW);
  await mkdir(FOLDER, { recursive: true });
  await workbench.run('View: Toggle Primary Side Bar Visibility');
  await takeAll(workbench, UNCONFIGURED);
  const provider = { id: 'acme', label: 'Acme', issuer: identity.issuer, clientId: demoClientId };
  await workbench.changeSettings({
    'sessionKeeper.providers': [{ ...provider, sessionLifetime: SESSION_LIFETIME }],
  });
  await workbench.reloadSettings();
  await workbench.waitForStatus('Acme');
  await takeAll(workbench, SIGNED_OUT);
  await signIn(workbench);
  await workbench.clearNotifications();
  await takeAll(workbench, SIGNED_IN);
  await workbench.close();
} finally {
  await closeEditors();
  await identity.stop();
}

/** Moves the pointer to where nothing reacts to it. */
async function restPointer(page: Page): Promise<void> {
  await page.mouse.move(WINDOW.width / 2, WINDOW.height * 0.8);
}

async function takeAll(workbench: Workbench, pictures: readonly Picture[]): Promise<void> {
  const wanted = pictures.filter(({ name }) => name.includes(only));
  for (const [ending, theme] of wanted.length === 0 ? [] : Object.entries(THEMES)) {
    await workbench.changeSettings({ 'workbench.colorTheme': theme });
    await workbench.reloadSettings();
    await workbench.page.waitForTimeout(SETTLE);
    for (const picture of wanted) {
      await picture.show(workbench);
      await workbench.page.waitForTimeout(SETTLE);
      await take(`${picture.name}-${ending}`, workbench.page, picture.part(workbench.page));
      await (picture.hide?.(workbench) ?? workbench.page.keyboard.press('Escape'));
    }
  }
}

async function take(name: string, page: Page, part: Part): Promise<void> {
  const file = join(FOLDER, `${name}.png`);
  const clip = await clipOf(part);
  const screenshot = await page.screenshot({ animations: 'disabled', caret: 'hide', clip });
  const png = await sharp(screenshot).png({ colors: COLORS, dither: 0, effort: 10 }).toBuffer();
  await writeFile(file, png);
  printLog(`media/walkthrough/${name}.png: ${String(png.length)} bytes`);
}

/** Returns the part of the window to show, in CSS pixels. */
async function clipOf(part: Part): Promise<{ x: number; y: number; width: number; height: number }> {
  const [right, bottom] = [WINDOW.width - PICTURE.width, WINDOW.height - PICTURE.height];
  switch (part) {
    case 'bottom-left':
      return { x: 0, y: bottom, ...PICTURE };
    case 'bottom-right':
      return { x: right, y: bottom, ...PICTURE };
    case 'top-left':
      return { x: 0, y: 0, ...PICTURE };
    default: {
      const box = await part.boundingBox();
      if (box === null) {
        throw new Error("The element to show isn't visible.");
      }
      const within = (value: number, most: number): number => Math.round(Math.min(Math.max(value, 0), most));
      return {
        x: within(box.x + box.width / 2 - PICTURE.width / 2, right),
        y: within(box.y + Math.min(box.height, PICTURE.height) / 2 - PICTURE.height / 2, bottom),
        ...PICTURE,
      };
    }
  }
}
