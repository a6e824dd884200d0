// The product in a pseudo-locale: every text goes through `l10n`, and nothing is cut off when a language needs more room.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator } from 'playwright-core';
import { demoClientId } from '../../tools/identityServer.ts';
import { signInAt } from '../../tools/simulatedUser.ts';
import { root } from '../../tools/places.ts';
import { PRESETS } from '../../src/wizard/presets.ts';
import { createUiFixture } from './fixture.ts';
import { PSEUDO_LOCALE, pseudoLocalized } from './pseudoLocale.ts';

/** What VS Code adds to the parts that are checked, in its own language. */
const TEXTS_OF_VSCODE: readonly (string | RegExp)[] = [
  "(Press 'Enter' to confirm or 'Escape' to cancel)",
  /\d+ (?:Results?|Selected)/u,
  'Toggle all checkboxes',
  'Progress',
  'Inspect this in the accessible view',
  'Image showing',
  /: (?:Not completed|Completed)/u,
  // The name of an icon, at the beginning of a label for screen readers
  /^[a-z-]+(?= {2})/u,
  // Keyboard shortcuts
  /\b(?:Control|Ctrl|Shift|Alt|Meta)\b/u,
  /\b(?:Back|OK|Close|Separator|More Actions|Loading|Setting(?:s)?|User|Modified|elsewhere|Edit in|Add Item|Remove Item|Edit Item|Configure)\b/u,
];

/** What is the same in each language: numbers, URLs, identifiers, and names of protocols and products. */
const DATA = [
  // What Intl formats is in English, because it doesn't know the pseudo-locale.
  /\b(?:in )?[\d,]+ (?:seconds|minutes|hours|days)?\b/gu,
  /\d+:\d\d(?::\d\d)?\s[AP]M/gu,
  /https?:\/\/\S+/gu,
  /\bsessionKeeper\.[\w.]+/gu,
  /\b(?:issuer|clientId)\b/gu,
  /\bSession Keeper\b/gu,
  new RegExp(PRESETS.map(({ name }) => name).join('|'), 'gu'),
  /\b(?:acme|demo|openid|profile|email|offline_access|oidc|session-keeper-demo)\b/giu,
];

/** The texts of package.json, by their keys. */
const texts = JSON.parse(readFileSync(join(root, 'package.nls.json'), 'utf8')) as Readonly<Record<string, string>>;

/** Returns the words of a text that are in English. */
function englishWords(text: string): string[] {
  const own = TEXTS_OF_VSCODE.reduce<string>((rest, part) => rest.replaceAll(new RegExp(part, 'gu'), ' '), text);
  const words = DATA.reduce((rest, data) => rest.replaceAll(data, ' '), own);
  return words.match(/(?<![\p{L}\p{M}])[A-Za-z]{3,}(?![\p{L}\p{M}])/gu) ?? [];
}

/** Returns everything that a part of the page shows, or that a screen reader reads there. */
function textsOf(part: Locator): Promise<string[]> {
  return part.evaluateAll((elements) =>
    elements
      .filter((element) => element instanceof HTMLElement)
      .flatMap((element) => [
        element.innerText,
        // VS Code keeps lists that aren't shown.
        ...[element, ...element.querySelectorAll('*')]
          .filter((one) => one.checkVisibility())
          .flatMap((one) =>
            ['aria-label', 'placeholder', 'title', 'aria-description'].map((name) => one.getAttribute(name) ?? ''),
          ),
      ])
      .filter((text) => text.trim() !== ''),
  );
}

/** Asserts that a part of the page has text, and none of it in English. */
async function assertLocalized(part: Locator): Promise<void> {
  const shown = await textsOf(part);
  assert.notEqual(shown.length, 0, 'Nothing is shown.');
  assert.deepEqual(
    shown.map((text) => ({ text, english: englishWords(text) })).filter(({ english }) => english.length > 0),
    [],
  );
}

/** Asserts that no text in a part of the page is cut off. */
async function assertNotCutOff(part: Locator): Promise<void> {
  const cutOff = await part.evaluateAll((elements) =>
    elements
      .filter((element) => element.checkVisibility())
      .filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0)
      .map((element) => `${element.textContent}: ${element.scrollWidth} > ${element.clientWidth}`),
  );
  assert.deepEqual(cutOff, []);
}

const labelsIn = (widget: Locator): Locator =>
  widget.locator('.quick-input-title, .quick-input-message, .monaco-list-row .label-name');

describe('the product in another language', () => {
  const fixture = createUiFixture({ accessTokenSeconds: 3600 }, () => ({}), { language: PSEUDO_LOCALE });
  const widget = (): Locator => fixture.workbench.page.locator('.quick-input-widget');

  /** Checks a step of the wizard once it is shown. */
  async function assertStep(name: string): Promise<void> {
    const { workbench } = fixture;
    await workbench.screenshot(`230-pseudo-${name}`);
    await assertLocalized(widget());
    await assertNotCutOff(labelsIn(widget()));
  }

  it('explains in that language that no provider is configured', async () => {
    const { workbench } = fixture;
    await workbench.run(pseudoLocalized('Sign In…'));
    const message = workbench.notifications.locator('.notification-list-item-message');
    await message.waitFor();
    await assertLocalized(message);
    const buttons = workbench.notifications.locator('.monaco-button');
    await assertLocalized(buttons);
    await assertNotCutOff(buttons);
    await workbench.screenshot('230-pseudo-notification');
    await buttons.first().click();
  });

  it('adds a provider and signs in', async () => {
    const { identity, workbench } = fixture;
    const input = widget().locator('.quick-input-filter input').last();
    await workbench.rows.first().waitFor();
    await assertStep('server');
    await workbench.rows.filter({ hasText: pseudoLocalized('Other Server…') }).click();
    const title = widget().locator('.quick-input-title');
    for (const [step, value] of [identity.issuer, demoClientId].entries()) {
      await title.filter({ hasText: `(${step + 2}/4)` }).waitFor();
      await assertStep(`step-${step + 2}`);
      await input.fill(value);
      await input.press('Enter');
    }
    await title.filter({ hasText: '(4/4)' }).waitFor();
    await widget().locator('.monaco-list-row.focused').waitFor();
    await assertStep('summary');
    const page = await workbench.waitForPage(() => input.press('Enter'));
    await signInAt(page, 'demo');
    await assertLocalized(page.locator('body'));
    await workbench.screenshot('231-pseudo-page', page);
    await workbench.returnFrom(page);
    await workbench.waitForBadge(0);
  });

  it('describes the session in the status bar and its hover', async () => {
    const { workbench } = fixture;
    await assertLocalized(workbench.status);
    await workbench.status.hover();
    const tooltip = workbench.page.locator('.monaco-hover', { hasText: 'demo' });
    await tooltip.waitFor();
    await workbench.screenshot('232-pseudo-tooltip');
    await assertLocalized(tooltip.locator('.hover-contents'));
  });

  it('lists sessions and actions when the status bar item is selected', async () => {
    const { workbench } = fixture;
    await workbench.status.click();
    await workbench.rows.filter({ hasText: 'demo' }).first().waitFor();
    await assertStep('sessions');
    await workbench.page.keyboard.press('Escape');
  });

  it('has steps in the walkthrough', async () => {
    const { workbench } = fixture;
    await workbench.run('Welcome: Open Walkthrough...');
    await workbench.rows.filter({ hasText: pseudoLocalized(texts['walkthrough.title'] ?? '') }).click();
    const walkthrough = workbench.page.locator('.gettingStartedContainer .gettingStartedDetailsContent');
    const step = walkthrough.locator('.getting-started-step');
    await step.first().waitFor();
    for (const one of await step.all()) {
      await one.locator('.step-title').click();
      await assertLocalized(one);
    }
    await assertLocalized(walkthrough.locator('.getting-started-category'));
    await assertNotCutOff(walkthrough.locator('.step-title, .step-description-container'));
    await workbench.screenshot('232-pseudo-walkthrough');
  });

  it('has findings in the diagnostics, whose details are in English for the support', async () => {
    const { workbench } = fixture;
    await workbench.changeSettings({ 'sessionKeeper.refreshLeeway': 'soon' });
    await workbench.reloadSettings();
    await workbench.run(pseudoLocalized('Show Diagnostics'));
    const editor = workbench.page.locator('.editor-instance .monaco-editor[data-uri^="session-keeper"]').first();
    await editor.waitFor();
    const actions = editor.locator('.codelens-decoration a');
    await actions.first().waitFor();
    await workbench.screenshot('232-pseudo-diagnostics');
    await assertLocalized(actions);
  });

  it('describes the settings in the settings editor', async () => {
    const { workbench } = fixture;
    await workbench.run('Preferences: Open User Settings');
    const editor = workbench.page.locator('.settings-editor');
    await editor.locator('.suggest-input-container .monaco-editor').first().click();
    await workbench.page.keyboard.type('@ext:session-keeper.session-keeper');
    const descriptions = editor.locator('.setting-item-description');
    await editor.locator('.setting-item-label', { hasText: 'Providers' }).first().waitFor();
    await workbench.screenshot('232-pseudo-settings');
    await assertLocalized(descriptions);
  });

  it('has commands in that language in the Command Palette', async () => {
    const { workbench } = fixture;
    const found = await workbench.listCommands('Session Keeper:');
    const names = found.filter((name) => name.startsWith('Session Keeper:'));
    // VS Code shows each command with its English name below.
    const isUntranslated = (name: string): boolean => name.endsWith('Set Client Secret…');
    const localized = names.filter((name) => englishWords(name).length === 0);
    assert.ok(localized.length > 3, names.join());
    assert.equal(localized.length, names.filter((name) => !isUntranslated(name)).length / 2, names.join());
    const untranslated = await workbench.listCommands('Session Keeper: Set Client Secret…');
    assert.ok(untranslated.includes('Session Keeper: Set Client Secret…'), untranslated.join());
    assert.ok(!untranslated.includes(`Session Keeper: ${pseudoLocalized('Set Client Secret…')}`), untranslated.join());
  });

  it('shows only a message without a translation in English', async () => {
    const { workbench } = fixture;
    await workbench.run(pseudoLocalized('Copy Diagnostics'));
    await workbench.notification('Diagnostics copied to the clipboard.').waitFor();
  });
});
