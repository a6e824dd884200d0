// Links that propose a provider.
import assert from 'node:assert/strict';
import { createProviderLink, parseProviderLink } from '../../../src/core/providerLink.ts';

const GOOD = { issuer: 'https://id.example.com/a b', clientId: 'c&d=e', label: 'Acme' };
const parse = (parameters: Readonly<Record<string, string>>): ReturnType<typeof parseProviderLink> =>
  parseProviderLink(new URLSearchParams(parameters).toString());
const rejects = (query: string): void => {
  const parsed = parseProviderLink(query);
  assert.ok('code' in parsed, query.slice(0, 100));
};

describe('a link that proposes a provider', () => {
  it('has the issuer, the client ID, and the label that it was created with', () => {
    const link = createProviderLink('vscode', 'publisher.name', { ...GOOD, issuer: 'https://id.example.com/a' });
    const { host, pathname, protocol, search } = new URL(link);
    assert.deepEqual([protocol, host, pathname], ['vscode:', 'publisher.name', '/add']);
    assert.deepEqual(parseProviderLink(search.slice(1)), { ...GOOD, issuer: 'https://id.example.com/a' });
    assert.ok(!createProviderLink('vscode', 'a.b', { ...GOOD, label: '' }).includes('label'));
  });

  it('needs no label, and has one that is safe to display', () => {
    const { issuer, clientId } = { issuer: 'https://id.example.com', clientId: 'c' };
    assert.deepEqual(parse({ issuer, clientId }), { issuer, clientId, label: '' });
    const parsed = parse({ issuer, clientId, label: '[x](command:y) \u202E<b>' });
    assert.ok(!('code' in parsed) && !/[[\]<>\u202E]/u.test(parsed.label));
  });

  for (const issuer of [
    '',
    'id.example.com',
    'http://id.example.com',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'https://ada:pw@id.example.com',
    'https://id.example.com?x=1',
    'command:workbench.action.quit',
    `https://${'x'.repeat(3000)}.example.com`,
  ]) {
    it(`is rejected with the issuer ${issuer.slice(0, 60)}`, () => {
      rejects(new URLSearchParams({ issuer, clientId: 'c' }).toString());
    });
  }

  for (const name of [
    'clientSecret',
    'endpoints',
    'authorizationParameters',
    'redirectUri',
    'scopes',
    'git',
    'mcpServers',
    'id',
    'Issuer',
    '__proto__',
    'constructor',
  ]) {
    it(`is rejected with the parameter ${name}`, () => {
      rejects(new URLSearchParams({ issuer: 'https://id.example.com', clientId: 'c', [name]: 'x' }).toString());
    });
  }

  it('is rejected if it is empty, too long, incomplete, or has a parameter twice', () => {
    const good = 'issuer=https%3A%2F%2Fid.example.com&clientId=c';
    for (const query of [
      '',
      'x'.repeat(10_000_000),
      'clientId=c',
      'issuer=https%3A%2F%2Fid.example.com',
      `${good}&clientId=d`,
      `${good}&label=a&label=b`,
      `${good}&clientId=`,
    ]) {
      rejects(query);
    }
    rejects('issuer=https%3A%2F%2Fid.example.com&clientId=%20');
  });
});
