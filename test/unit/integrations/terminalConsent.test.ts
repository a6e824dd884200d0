import assert from 'node:assert/strict';
import type * as vscode from 'vscode';
import { MINUTE } from '../../../src/core/clock.ts';
import { TerminalConsent, permissionFor, type Decision } from '../../../src/integrations/terminalConsent.ts';
import { SAMPLE } from '../../support/coreSamples.ts';
import { FakeClock } from '../../support/fakeClock.ts';
import { fakeMemento } from '../../support/fakeContext.ts';
import { editor } from '../../support/fakeEditor.ts';

const WORKSPACE = 'Allow for This Workspace';
const ONCE = 'Allow Once';

describe('the permission of programs in the terminal', () => {
  let clock: FakeClock;
  let memento: vscode.Memento;
  let consent: TerminalConsent;
  /** Answers the open questions, the first one first. */
  let answers: ((answer: string | undefined) => void)[];

  beforeEach(() => {
    editor.reset();
    clock = new FakeClock();
    memento = fakeMemento();
    consent = new TerminalConsent({ clock, workspaceState: memento, nameOf: () => 'Acme' });
    answers = [];
    editor.respond = () => new Promise<string | undefined>((resolve) => answers.push(resolve));
  });

  const decide = (
    permission = permissionFor(SAMPLE, undefined),
    signal = new AbortController().signal,
    isOwnTerminal = true,
  ): Promise<Decision> => consent.decide(permission, isOwnTerminal, () => {}, signal);

  const settle = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('is asked for once for all programs that wait, if it applies to the workspace', async () => {
    const waiting = Promise.all([decide(), decide(), decide()]);
    answers[0]?.(WORKSPACE);
    assert.deepEqual(await waiting, ['allowed', 'allowed', 'allowed']);
    assert.equal(await decide(), 'allowed');
    assert.equal(editor.messages.length, 1);
  });

  it("applies to one program if it's given once", async () => {
    const [first, second] = [decide(), decide()];
    answers[0]?.(ONCE);
    assert.equal(await first, 'allowed');
    await settle();
    answers[1]?.('Deny');
    assert.equal(await second, 'denied');
    assert.equal(editor.messages.length, 2);
  });

  it("isn't used up by a program that has ended", async () => {
    const ended = new AbortController();
    const first = decide(undefined, ended.signal);
    ended.abort();
    assert.equal(await first, 'no-answer');
    const second = decide();
    assert.equal(editor.messages.length, 1);
    answers[0]?.(ONCE);
    assert.equal(await second, 'allowed');
    assert.equal(await decide(undefined, ended.signal), 'no-answer');
  });

  it('is awaited for two minutes, and a later answer counts', async () => {
    const first = decide();
    await clock.advance(2 * MINUTE);
    assert.equal(await first, 'no-answer');
    answers[0]?.(WORKSPACE);
    await settle();
    assert.equal(await decide(), 'allowed');
    assert.equal(editor.messages.length, 1);
  });

  it('is stored for the workspace, unlike a denial', async () => {
    void decide();
    answers[0]?.(WORKSPACE);
    await settle();
    void decide(permissionFor(SAMPLE, ['admin']));
    answers[1]?.('Deny');
    await settle();
    assert.equal(await decide(permissionFor(SAMPLE, ['admin'])), 'denied');
    consent = new TerminalConsent({ clock, workspaceState: memento, nameOf: () => 'Acme' });
    assert.equal(await decide(), 'allowed');
    void decide(permissionFor(SAMPLE, ['admin']));
    assert.equal(editor.messages.length, 3);
  });

  it('is for one account of one server, and for certain scopes in any order', async () => {
    void decide(permissionFor(SAMPLE, ['b', 'a', 'b']));
    answers[0]?.(WORKSPACE);
    await settle();
    assert.equal(await decide(permissionFor(SAMPLE, ['a', 'b'])), 'allowed');
    for (const other of [
      { ...SAMPLE, account: { ...SAMPLE.account, id: 'other' } },
      { ...SAMPLE, issuer: 'https://other.example' },
      { ...SAMPLE, clientId: 'other' },
      { ...SAMPLE, providerId: 'other' },
    ]) {
      void decide(permissionFor(other, ['a', 'b']));
    }
    void decide(permissionFor(SAMPLE, ['a']));
    void decide(permissionFor(SAMPLE, undefined));
    assert.equal(editor.messages.length, 7);
  });

  it("ignores what isn't a permission in storage", async () => {
    for (const stored of [null, 'x', [null, 'x', {}, { ...permissionFor(SAMPLE, undefined), scopes: [1] }]]) {
      await memento.update('terminalPermissions', stored);
      assert.deepEqual(consent.allowed, []);
    }
  });

  it('is asked for in plain text', () => {
    editor.workspace.name = '[shop](command:evil)\u202e';
    void decide(permissionFor({ ...SAMPLE, account: { id: 'a', label: '[x](command:y)\n' } }, ['[a](b)']));
    const { text = '' } = editor.messages[0] ?? {};
    assert.doesNotMatch(text, /[[\]\n\u202e]/u);
    editor.workspace.name = undefined;
    void decide();
    assert.equal(editor.messages[1]?.text, 'A program in the terminal requests access to Acme (ada@example.com).');
  });
});
