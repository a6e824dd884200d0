// The main path in some of the languages that the product is translated to: from no provider to the warning before the end of
// a session. VS Code's own text stays English, because its language packs aren't in the npm registry.
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { demoClientId } from '../../tools/identityServer.ts';
import { signInAt } from '../../tools/simulatedUser.ts';
import { readTexts, type Language } from '../../tools/translations.ts';
import { createUiFixture } from './fixture.ts';

/** The duration of a session, which can't be renewed, in seconds: the user is warned in its last third. */
const LIFETIME = 60;
/** The key of the warning. */
const WARNING =
  'Your {0} session ({1}) expires at {2}. Sign in again to avoid interruption./{1} is an account, {2} is a time.';

/** A language, and what is different in it. */
interface Tested {
  readonly language: Language;
  /** A character that only text in this language has here. */
  readonly script: RegExp;
}

const TESTED: readonly Tested[] = [
  { language: 'ja', script: /[ぁ-ヿ]/u },
  { language: 'de', script: /[äöüß]|Sitzung/u },
  { language: 'ru', script: /[а-я]/u },
  { language: 'zh-cn', script: /[一-鿿]/u },
  { language: 'pt-br', script: /[ãçéêí]|sess/u },
];

for (const { language, script } of TESTED) {
  describe(`the product in the language ${language}`, () => {
    const texts = readTexts(language);
    const text = (key: string): string => {
      const found = texts[key];
      assert.ok(found !== undefined, `There is no text "${key}".`);
      return found;
    };
    const fixture = createUiFixture(
      { accessTokenSeconds: LIFETIME, issueRefreshToken: 'never' },
      // It would stay open.
      () => ({ 'sessionKeeper.mutedNotifications': ['consent'] }),
      { language },
    );
    const widget = (): Locator => fixture.workbench.page.locator('.quick-input-widget');

    it('offers to add a provider', async () => {
      const { workbench } = fixture;
      await workbench.run(text('command.signIn'));
      const notification = workbench.notification(text('No providers are configured. Add one to get started.'));
      await notification.waitFor();
      await workbench.screenshot(`260-${language}-1-no-provider`);
      await workbench.press(text('command.addProvider'), script);
    });

    it('adds it and signs in', async () => {
      const { identity, workbench } = fixture;
      const input = widget().locator('.quick-input-filter input').last();
      const title = widget().locator('.quick-input-title');
      await workbench.rows.first().waitFor();
      await workbench.screenshot(`260-${language}-2-wizard`);
      await workbench.rows.filter({ hasText: text('Other Server…') }).click();
      for (const [step, value] of [identity.issuer, demoClientId].entries()) {
        await title.filter({ hasText: `(${step + 2}/4)` }).waitFor();
        await input.fill(value);
        await input.press('Enter');
      }
      const save = workbench.rows.filter({ hasText: text('Save and Sign In') });
      await save.waitFor();
      await workbench.screenshot(`260-${language}-3-summary`);
      const page = await workbench.waitForPage(() => save.click());
      await signInAt(page, 'demo');
      const shown = await page.locator('body').innerText();
      assert.match(shown, script);
      assert.equal(((await page.locator('html').getAttribute('lang')) ?? '').toLowerCase(), language);
      // The browser chooses a font that has the characters of the language.
      const fonts = await page.locator('h1').evaluate((element) => getComputedStyle(element).fontFamily);
      assert.match(fonts, /system-ui.*sans-serif$/u);
      await workbench.screenshot(`260-${language}-4-page`, page);
      await workbench.returnFrom(page);
    });

    it('shows the session in the status bar, and in its hover and list', async () => {
      const { workbench } = fixture;
      await workbench.waitForStatus('127.0.0.1');
      await workbench.screenshot(`260-${language}-5-signed-in`);
      await workbench.clearNotifications();
      await workbench.status.hover();
      const hover = workbench.page.locator('.monaco-hover', { hasText: 'demo' });
      await hover.waitFor();
      await workbench.screenshot(`260-${language}-6-hover`);
      assert.match(await hover.innerText(), script);
      await workbench.status.click();
      await workbench.rows.filter({ hasText: 'demo' }).first().waitFor();
      await workbench.screenshot(`260-${language}-7-list`);
      await workbench.page.keyboard.press('Escape');
    });

    it('shows the account in the Accounts menu', async () => {
      const { workbench } = fixture;
      await (await workbench.accountsMenu()).filter({ hasText: 'demo' }).waitFor();
      await workbench.screenshot(`260-${language}-8-accounts`);
      await workbench.page.keyboard.press('Escape');
    });

    it('warns before the session ends', async () => {
      const { workbench } = fixture;
      await workbench.moveMouseAway();
      const parts = text(WARNING)
        .split(/\{\d\}/u)
        .map((part) => part.replaceAll(/[.()[\]?*+^$|\\]/gu, '\\$&'));
      const warning = workbench.notification(new RegExp(parts.join('.*'), 'u'));
      await warning.waitFor({ timeout: LIFETIME * 1000 });
      await warning.locator('.monaco-button', { hasText: text('Sign In Again') }).waitFor();
      await workbench.screenshot(`260-${language}-9-warning`);
    });
  });
}
