/** The modules of the OpenID Foundation's suite that a native client of the authorization code flow is examined by. */
export const FOUNDATION_MODULES: readonly string[] = [
  'oidcc-client-test',
  ...[
    'client-secret-basic', 'discovery-issuer-mismatch', 'discovery-jwks-uri-keys', 'discovery-openid-config', 'dynamic-registration', 'form-post-error',
    'idtoken-sig-none', 'idtoken-sig-rs256', 'invalid-aud', 'invalid-iss', 'invalid-sig-rs256', 'invalid-sig-es256', 'invalid-sig-hs256',
    'kid-absent-single-jwks', 'kid-absent-multiple-jwks', 'missing-aud', 'missing-iat', 'missing-sub', 'nonce-invalid', 'nonce-unless-code-flow',
    'scope-userinfo-claims', 'signing-key-rotation', 'signing-key-rotation-just-before-signing', 'userinfo-bearer-header', 'userinfo-invalid-sub',
    'userinfo-signed', 'refresh-token', 'refresh-token-invalid-issuer', 'refresh-token-invalid-sub', 'rp-init-logout', 'rp-init-logout-no-state',
    'rp-init-logout-other-state',
  ].map((name) => `oidcc-client-test-${name}`),
  ...[
    'token-endpoint-response-without-expires_in', 'token-type-case-insensitivity', 'invalid-authorization-response-iss', 'remove-authorization-response-iss',
    'happy-path-no-dpop-nonce', 'rs-dpop-auth-scheme-case-insensitivity', 'discovery-issuer-mismatch', 'invalid-expired-exp', 'ensure-authorization-response-with-invalid-state-fails',
    'ensure-authorization-response-with-invalid-missing-state-fails',
  ].map((name) => `fapi2-security-profile-final-client-test-${name}`),
  ...['iat-is-week-in-past', 'no-scope-in-token-endpoint-response'].map((name) => `fapi1-advanced-final-client-test-${name}`),
];
