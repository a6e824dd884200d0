// The product in a pseudo-locale: every text goes through `l10n`, and nothing is cut off when a language needs more room.
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { demoClientId } from '../../tools/identityServer.ts';
import { signInAt } from '../../tools/person.ts';
import { createUiFixture } from './fixture.ts';
import { PSEUDO_LOCALE, pseudoLocalized } from './pseudoLocale.ts';

/** What VS Code adds to the parts that are checked, in its own language. */
const TEXTS_OF_VSCODE: readonly (string | RegExp)[] = [
  "(Press 'Enter' to confirm or 'Escape' to cancel)",
  /\d+ (?:Results?|Selected)/u,
  'Toggle all checkboxes',
  /\b(?:Back|OK|Close|Separator|More Actions|Loading|Setting(?:s)?|User|Modified|elsewhere|Edit in|Add Item|Remove Item|Edit Item|Configure)\b/u,
];

/** What is the same in each language: URLs, identifiers, and names of protocols and products. */
const DATA = [
  /https?:\/\/\S+/gu,
  /\bsessionKeeper\.[\w.]+/gu,
  /\bSession Keeper\b/gu,
  /\b(?:acme|demo|openid|profile|email|offline_access|clientId|issuer|demo-client)\b/giu,
];

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
        ...[element, ...element.querySelectorAll('*')].flatMap((one) =>
          ['aria-label', 'placeholder', 'title', 'aria-description'].map((name) => one.getAttribute(name) ?? ''),
        ),
      ])
      .filter((text) => text.trim() !== ''),
  );
}

/** Asserts that a part of the page has text, and none of it in English. */
async function assertLocalized(part: Locator): Promise<void> {
  const texts = await textsOf(part);
  assert.notEqual(texts.length, 0, 'Nothing is shown.');
  assert.deepEqual(
    texts.map((text) => ({ text, english: englishWords(text) })).filter(({ english }) => english.length > 0),
    [],
  );
}

/** Asserts that no text in a part of the page is cut off. */
async function assertNotCutOff(part: Locator): Promise<void> {
  const cutOff = await part.evaluateAll((elements) =>
    elements
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

  it('has commands in that language in the Command Palette', async () => {
    const { workbench } = fixture;
    await workbench.listCommands('Session Keeper:');
    const names = await workbench.listCommands(pseudoLocalized('Session Keeper'));
    assert.deepEqual(names.flatMap(englishWords), []);
    assert.ok(names.length > 3, names.join());
  });

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
    await workbench.rows.first().click();
    let page: Page | undefined;
    workbench.context.once('page', (opened) => {
      page = opened;
    });
    for (let step = 2, before = ''; page === undefined; step += 1) {
      assert.ok(step < 15, 'The wizard doesn’t end.');
      const title = widget().locator('.quick-input-title');
      await title.filter({ hasNotText: before === '' ? /^$/u : before }).waitFor();
      before = (await title.textContent()) ?? '';
      await assertStep(`step-${step}`);
      const value = step === 2 ? identity.issuer : (await input.isVisible()) && step === 3 ? demoClientId : undefined;
      if (value !== undefined) {
        await input.fill(value);
      }
      await input.press('Enter');
    }
    await signInAt(page, 'demo');
    await assertLocalized(page.locator('body'));
    await workbench.screenshot('231-pseudo-page', page);
    await workbench.returnFrom(page);
    await workbench.waitForBadge(0);
  });
});
