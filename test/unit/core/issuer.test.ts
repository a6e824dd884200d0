import assert from 'node:assert/strict';
import { isIssuedBy, isSameIssuer, matchesTenantTemplate, resolveTenantIssuer } from '../../../src/core/issuer.ts';

const ENTRA = 'https://login.microsoftonline.com/{tenantid}/v2.0';
const TENANT = '9188040d-6c67-4c5b-b112-36a304b66dad';

describe('Issuers', () => {
  it('are the same with and without a trailing slash, and not otherwise', () => {
    const configured = 'https://id.example.com/realms/a';
    for (const [said, expected] of [
      [configured, true],
      [`${configured}/`, true],
      [`${configured}//`, false],
      ['https://id.example.com/realms/A', false],
      ['https://id.example.com/realms', false],
      ['https://evil.example.com/realms/a', false],
      ['http://id.example.com/realms/a', false],
      ['https://id.example.com:444/realms/a', false],
      ['realms/a', false],
      ['', false],
    ] as const) {
      assert.equal(isSameIssuer(said, configured), expected, said);
    }
    assert.equal(isSameIssuer(configured, `${configured}/`), true);
  });

  it('match a template with a tenant within one path segment', () => {
    for (const [configured, expected] of [
      ['https://login.microsoftonline.com/common/v2.0', true],
      ['https://login.microsoftonline.com/organizations/v2.0', true],
      ['https://login.microsoftonline.com/a/b/v2.0', false],
      ['https://login.microsoftonline.com//v2.0', false],
      ['https://login.microsoftonline.com/common/v1.0', false],
      ['https://evil.example.com/common/v2.0', false],
    ] as const) {
      assert.equal(isSameIssuer(ENTRA, configured), expected, configured);
      assert.equal(matchesTenantTemplate(configured, ENTRA), expected, configured);
    }
    assert.equal(isSameIssuer('https://{tenantid}', 'https://id.example.com'), false, 'a host is never a placeholder');
    assert.equal(matchesTenantTemplate('https://a.example', 'https://a.example'), false);
  });

  it('are resolved with the tenant of a token', () => {
    assert.equal(resolveTenantIssuer(ENTRA, TENANT), `https://login.microsoftonline.com/${TENANT}/v2.0`);
    for (const nonsense of [undefined, 7, '', 'a/b', '../x', '$&']) {
      assert.equal(resolveTenantIssuer(ENTRA, nonsense), ENTRA);
    }
    assert.equal(resolveTenantIssuer('https://id.example.com', TENANT), 'https://id.example.com');
  });

  it('are accepted for tokens that they may have issued', () => {
    const common = 'https://login.microsoftonline.com/common/v2.0';
    assert.equal(isIssuedBy(`https://login.microsoftonline.com/${TENANT}/v2.0`, TENANT, common), true);
    assert.equal(isIssuedBy(`https://login.microsoftonline.com/${TENANT}/v2.0`, undefined, common), false);
    assert.equal(isIssuedBy(`https://evil.example.com/${TENANT}/v2.0`, TENANT, common), false);
    assert.equal(isIssuedBy('https://id.example.com/', undefined, 'https://id.example.com'), true);
    assert.equal(isIssuedBy(7, undefined, common), false);
    assert.equal(isIssuedBy('https://other.example.com', '', 'https://id.example.com'), false);
  });
});
