// Which accounts may sign in to a provider.
import assert from 'node:assert/strict';
import { isAllowedAccount, type AllowedAccounts } from '../../../src/core/allowedAccounts.ts';
import { parseProviders } from '../../../src/core/parseProviders.ts';

const named = (pattern: string, name: string): boolean => isAllowedAccount({ name: [pattern] }, name);

describe('isAllowedAccount', () => {
  it('allows every account without a rule', () => {
    assert.ok(isAllowedAccount(undefined, 'alice') && isAllowedAccount({}, ''));
  });

  for (const [pattern, matching, others] of [
    [
      'alice@example.com',
      ['alice@example.com', 'ALICE@Example.com'],
      ['alice@example.com.evil', 'xalice@example.com', ''],
    ],
    [
      '*@example.com',
      ['alice@example.com', '@example.com'],
      ['alice@example.com.evil', 'alice@example.org', 'example.com'],
    ],
    ['*', ['', 'alice'], []],
    ['a*b*c', ['abc', 'a-b-c', 'aXbYbZc'], ['ab', 'acb', 'abcd', 'xabc']],
    ['ab*ba', ['abba', 'ab-ba'], ['aba', 'ab']],
    ['a.c', ['a.c'], ['abc']],
    ['(a+)+$', ['(a+)+$'], ['aaa']],
  ] as const) {
    it(`compares names with ${pattern}`, () => {
      assert.deepEqual(
        matching.filter((name) => !named(pattern, name)),
        [],
      );
      assert.deepEqual(
        (others as readonly string[]).filter((name) => named(pattern, name)),
        [],
      );
    });
  }

  it('needs a match in each list, and any of it', () => {
    const rule: AllowedAccounts = { name: ['*@a.example', '*@b.example'], tid: ['t1', 't2'] };
    assert.ok(isAllowedAccount(rule, 'x@b.example', { tid: 't2' }));
    assert.ok(!isAllowedAccount(rule, 'x@b.example', { tid: 't3' }));
    assert.ok(!isAllowedAccount(rule, 'x@c.example', { tid: 't1' }));
  });

  it('uses the claims of the ID token only if they are strings', () => {
    const rule: AllowedAccounts = { hd: ['example.com'] };
    assert.ok(isAllowedAccount(rule, 'x', { hd: 'EXAMPLE.com' }));
    for (const claims of [undefined, {}, { hd: ['example.com'] }, { hd: true }, { domain: 'example.com' }]) {
      assert.ok(!isAllowedAccount(rule, 'x@example.com', claims));
    }
  });

  it('takes linear time for long texts', () => {
    assert.ok(!named(`${'a*'.repeat(90)}b`, 'a'.repeat(100_000)));
  });
});

describe('the field allowedAccounts', () => {
  const problemsOf = (allowedAccounts: unknown): string[] =>
    parseProviders([{ issuer: 'https://id.example.com', clientId: 'c', allowedAccounts }]).problems.map(
      ({ code }) => code,
    );

  it('accepts lists of patterns', () => {
    for (const value of [{ name: ['*@example.com'] }, { hd: ['a', 'b'] }, { tid: ['t'], name: ['*'] }, undefined]) {
      assert.deepEqual(problemsOf(value), []);
    }
  });

  it('rejects everything else, so that a mistake allows no one', () => {
    for (const value of [
      {},
      [],
      'alice',
      { name: 'alice' },
      { name: [] },
      { name: [''] },
      { name: [1] },
      { names: ['a'] },
      { name: ['x'.repeat(201)] },
    ]) {
      assert.notDeepEqual(problemsOf(value), [], JSON.stringify(value));
    }
  });
});
