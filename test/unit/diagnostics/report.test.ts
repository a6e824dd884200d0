import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { DAY, HOUR, MINUTE } from '../../../src/core/clock.ts';
import { Failure } from '../../../src/core/failure.ts';
import type { DiagnosticFacts } from '../../../src/diagnostics/finding.ts';
import { getFindings } from '../../../src/diagnostics/findings.ts';
import type { Provider } from '../../../src/core/provider.ts';
import { FIELD_ROWS } from '../../../src/core/providerFields.ts';
import type { SessionRecord } from '../../../src/core/session.ts';
import type { KnownServer } from '../../../src/protocol/discovery.ts';
import { formatProxy } from '../../../src/diagnostics/redaction.ts';
import { createReport, type ReportInput, type ReportMessages } from '../../../src/diagnostics/report.ts';
import type { ClientSecretState } from '../../../src/storage/clientSecrets.ts';
import { withSample } from '../../support/fieldSamples.ts';
import { jwtWith, providerAt } from '../../support/fixtures.ts';
import { live, SAMPLE, SIGNED_IN_AT, USUAL } from '../../support/coreSamples.ts';
import { createTestWindow, seedSession, recordAt } from '../../support/testWindow.ts';
import { rotatingTokens, ScriptedServer } from '../../support/scriptedServer.ts';

const messages: ReportMessages = {
  introduction: () => 'Safe to share.',
  nothingFound: () => 'No problems.',
  severity: (severity) => severity,
  finding: ({ code }, { detail, problem, provider, session }) =>
    `${code} at ${provider} of ${session} because ${detail} ${problem?.entry ?? ''} ${problem?.field ?? ''}.`,
};

const NOW = SIGNED_IN_AT + MINUTE;

function input(facts: Partial<DiagnosticFacts> = {}, more: Partial<ReportInput> = {}): ReportInput {
  const all: DiagnosticFacts = {
    now: NOW,
    providers: [providerAt(SAMPLE.issuer, { clientId: SAMPLE.clientId })],
    problems: [],
    numberProblems: [],
    sessions: [live({ ...SAMPLE, idToken: undefined })],
    lost: [],
    unknownServers: [],
    store: { now: 'works', persistence: 'persistent' },
    folder: 'works',
    isDegraded: false,
    quarantined: 0,
    tlsDisabledBy: undefined,
    ...facts,
  };
  return {
    facts: all,
    findings: getFindings(all),
    environment: [['Editor', 'Code 1.108.0']],
    network: [['http.proxy', formatProxy('http://ada:pa55word@proxy.example.com:8080/x')]],
    lifetimes: USUAL,
    getKnownServer: () => undefined,
    clientSecrets: new Map(),
    declarerOf: () => undefined,
    isManaged: () => false,
    events: [],
    lockHolders: [],
    files: { present: [{ id: 'session-1', providerId: 'acme' }], signedOut: [] },
    messages,
    ...more,
  };
}

const markdownOf = (facts?: Partial<DiagnosticFacts>, more?: Partial<ReportInput>): string =>
  createReport(input(facts, more)).markdown;

/** Text that Markdown or an editor could interpret. */
const ALIVE = /\]\(|[<>[\]]|:\/\/\S|^\s*\||^#(?!#{0,2} )|\p{Cf}|\r/mu;

describe('createReport', () => {
  it('states that there are no problems', () => {
    const { markdown, findingLines } = createReport(input());
    assert.match(markdown, /## Findings\n\nNo problems\.\n\n## Environment/);
    assert.deepEqual(findingLines, []);
  });

  it('shows each session, and the sources of its times', () => {
    const record: SessionRecord = {
      ...SAMPLE,
      idToken: jwtWith({ iss: SAMPLE.issuer, aud: SAMPLE.clientId, sub: 'account-1', given_name: 'Ada' }),
      sessionEndsAt: NOW + 3 * DAY,
      sessionEndSource: 'response',
    };
    const markdown = markdownOf({
      sessions: [
        live(record, {
          failure: new Failure('server', 'http-503'),
          failedAt: NOW - MINUTE,
          failures: 2,
          nextAttemptAt: NOW + HOUR,
        }),
      ],
    });
    for (const line of [
      '- Account: `a…`, account 1 of `acme`',
      '- Issuer: `id.example.com`',
      '- Access token expires: 2030-01-01T01:00:00.000Z (in 59 minutes); source: expires_in',
      '- Session ends: 2030-01-04T00:01:00.000Z (in 3 days); source: response',
      '- Generation: 1',
      '- Renewable: yes',
      '- Next renewal: 2030-01-01T01:01:00.000Z (in 60 minutes)',
      '- ID token: claims `iss` `aud` `sub` `given_name`',
      '- Last failure: `server, http-503`, 2030-01-01T00:00:00.000Z (1 minute ago), 2 in a row',
    ]) {
      assert.ok(markdown.includes(`${line}\n`), `${line}\n in\n${markdown}`);
    }
    assert.doesNotMatch(markdown, /\bada\b|Ada|account-1/);
  });

  it('shows every field of an entry', () => {
    const usual = providerAt(SAMPLE.issuer, { clientId: SAMPLE.clientId });
    const linesOf = (provider: Provider): string =>
      /## Providers\n(.*?)\n## /s.exec(markdownOf({ providers: [provider], sessions: [] }))?.[1] ?? '';
    const lineOf = (provider: Provider, name: string): string | undefined =>
      new RegExp(`^- ${name}: (.*)$`, 'm').exec(linesOf(provider))?.[1];
    for (const [field] of FIELD_ROWS) {
      assert.notEqual(lineOf(withSample(usual, field), field), lineOf(usual, field), field);
    }
    const shown = Object.fromEntries(
      FIELD_ROWS.map(([field]) => [field, [lineOf(withSample(usual, field), field), lineOf(usual, field)]]),
    );
    const expected: Readonly<Record<string, readonly [sample: string, usual: string]>> = {
      metadataUrl: ['`id.example.com/meta`', 'from the issuer'],
      idleTimeout: ['30 min', 'as set for all providers'],
      assumedLifetime: ['90 s', 'none'],
      accountsMenu: ['`false`', '`true`'],
      signInMethod: ['`device`', 'the first available'],
      redirectPorts: ['`33418` `33419`', 'any free port'],
      redirectUri: ['`localhost/auth`', '`127.0.0.1/callback`'],
      authorizationParameters: ['`audience` `max_age`', 'none'],
      endpoints: [
        'authorization `id.example.com/a`, token `id.example.com/t`, userinfo `api.example.com/me`',
        'from the server metadata',
      ],
      account: ['`id` `login`', 'none'],
      signOutAtServer: ['`return`', '`false`'],
    };
    for (const [field, lines] of Object.entries(expected)) {
      assert.deepEqual(shown[field], lines, field);
    }
    assert.deepEqual(
      [
        lineOf(usual, 'Redirect URIs to register'),
        lineOf({ ...usual, redirectPorts: [33418] }, 'Redirect URIs to register'),
        lineOf({ ...usual, signInMethod: 'uri' }, 'Redirect URIs to register'),
      ],
      ['`127.0.0.1/callback` (any port)', '`127.0.0.1:33418/callback`', 'VS Code callback URI'],
    );
  });

  it('shows the state of the client secret, and where the credentials of a session are sent', () => {
    const secretIs = (state?: ClientSecretState): string | undefined =>
      /- Client secret: (.*)/.exec(
        markdownOf({}, { clientSecrets: new Map(state === undefined ? [] : [['acme', state]]) }),
      )?.[1];
    assert.deepEqual(
      [secretIs('none'), secretIs('stored'), secretIs('unknown'), secretIs()],
      ['none', 'in SecretStorage', 'unknown', 'unknown'],
    );
    assert.match(secretIs('lost') ?? '', /^LOST/);
    const destination = (origins?: string[]): string | undefined =>
      /- Credentials go to: (.*)/.exec(
        markdownOf({
          sessions: [live({ ...SAMPLE, idToken: undefined, ...(origins === undefined ? {} : { origins }) })],
        }),
      )?.[1];
    assert.deepEqual(
      [destination(), destination([]), destination(['https://a.example', 'http://127.0.0.1:1'])],
      ['not recorded', 'the endpoints of the server metadata', '`a.example`, `127.0.0.1:1` (not https)'],
    );
  });

  it('groups the findings by severity, and returns their lines', () => {
    const { markdown, findingLines } = createReport(input({ isDegraded: true, quarantined: 3 }));
    const lines = markdown.split('\n');
    assert.match(markdown, /## Findings\n\n### warning\n\n- .*\(cross-window-sync-off\)\n\n### note\n\n- .*\n\n## /);
    assert.deepEqual(
      findingLines.map(({ line, finding }) => lines[line]?.includes(`(${finding.code})`)),
      [true, true],
    );
  });

  it("shows the server metadata, and what they don't specify", () => {
    const metadata = {
      issuer: SAMPLE.issuer,
      token_endpoint: `${SAMPLE.issuer}/token?key=hidden`,
      scopes_supported: ['openid'],
      jwks_uri: 'http://127.0.0.1/jwks',
    };
    const known: KnownServer = {
      metadata: { at: NOW, value: metadata },
      error: { at: NOW, failure: new Failure('network', 'ENOTFOUND') },
    };
    const markdown = markdownOf({}, { getKnownServer: () => known });
    for (const line of [
      '- token_endpoint: `id.example.com/token`',
      '- jwks_uri: `127.0.0.1/jwks` (not https)',
      '- scopes_supported: `openid`',
      '- grant_types_supported: not specified',
      '`network, ENOTFOUND`',
    ]) {
      assert.ok(markdown.includes(line), line);
    }
    assert.doesNotMatch(markdown, /hidden/);
    assert.match(markdownOf(), /- Metadata: not requested/);
  });

  it('shows the state of SecretStorage, and renewals in progress', () => {
    const markdown = markdownOf(
      { store: { now: { code: 'secret-failed' }, persistence: 'unknown' } },
      { lockHolders: [{ id: 'session-12345', number: 1, token: 'a', name: 'process 7', since: NOW, isAlive: true }] },
    );
    assert.match(
      markdown,
      /- SecretStorage returns a new secret: NO \(`secret-failed`\)\n- SecretStorage is persistent: unknown/,
    );
    assert.match(markdown, /in all windows: `session-` by `process 7`, running, since \d{4}-/);
  });

  it('shows labels, claims, issuers, scopes and settings as plain text', () => {
    const evil =
      '[x](command:evil) ![i](https://evil.example/i.png) <img src=x> `` ` `code` | a | \n# Heading\n\n- item \u202Etxt https://evil.example/?a=1 **b** ${x}';
    const record: SessionRecord = {
      ...SAMPLE,
      account: { id: evil, label: '`](https://evil.example)' },
      scopes: [evil],
      issuer: `https://id.example.com/${evil}`,
      clientId: evil,
      providerId: evil,
      idToken: jwtWith({ [evil]: 1, iss: evil }),
      ended: { at: NOW, category: evil, code: evil },
    };
    const provider: Provider = providerAt('https://id.example.com', {
      label: evil,
      id: evil,
      clientId: evil,
      scopes: [evil],
    });
    const metadata = {
      issuer: evil,
      token_endpoint: `https://a.example/${evil}`,
      scopes_supported: [evil, 7],
    } as unknown as NonNullable<KnownServer['metadata']>['value'];
    const markdown = markdownOf(
      {
        providers: [provider],
        sessions: [live(record)],
        problems: [{ entry: `${evil.slice(0, 30)} www.evil.org`, field: evil, code: 'missing' }],
        lost: [{ id: evil, providerId: evil }],
      },
      {
        getKnownServer: () => ({ metadata: { at: Infinity, value: metadata }, error: undefined }),
        environment: [['Editor', evil]],
        events: [
          {
            at: NOW,
            kind: 'ended',
            session: evil.slice(0, 8),
            providerId: evil,
            generation: 1,
            reason: { category: evil, code: evil },
          },
        ],
        lockHolders: [{ id: evil, number: 1, token: evil, name: evil, since: undefined, isAlive: undefined }],
      },
    );
    assert.doesNotMatch(markdown, ALIVE);
    for (const line of markdown.split('\n')) {
      assert.equal((line.match(/`/g) ?? []).length % 2, 0, `unclosed code span: ${line}`);
      assert.doesNotMatch(line.replace(/`[^`]*`/g, ''), /www\.|command:|\*\*b|!\[|\$\{/, line);
    }
  });

  describe('contains no secret', () => {
    const secret = (): string => randomBytes(48).toString('base64url');

    /** Returns every part of 16 characters. */
    const partsOf = (text: string): string[] =>
      Array.from({ length: Math.max(0, text.length - 15) }, (_, at) => text.slice(at, at + 16));

    it('of sessions in any state', async () => {
      const server = await ScriptedServer.start();
      const testWindow = createTestWindow(server.issuer);
      server.onToken(rotatingTokens());
      const records: SessionRecord[] = [];
      const at = testWindow.clock.now();
      for (const more of [
        {},
        { issuer: 'https://old.example.com' },
        { providerId: 'gone' },
        { generation: 5, isComplete: false },
        { ended: { at, category: 'session-ended', code: 'invalid_grant' } },
      ]) {
        const idToken = `${jwtWith({ iss: server.issuer, aud: 'x', sub: secret(), email: 'sam@example.com', name: secret() })}${secret()}`;
        const record = recordAt(server.issuer, at, {
          id: `session-${records.length}`,
          accessToken: secret(),
          refreshToken: secret(),
          idToken,
          ...more,
        });
        records.push(await seedSession(testWindow, record));
      }
      const first = await testWindow.tokenRefresher
        .refresh('session-0', { reason: 'test' })
        .catch(() => testWindow.record('session-0'));
      await testWindow.tokenRefresher.refresh('session-4', { reason: 'test' }).catch(() => {});
      const sessions = testWindow.liveSessions.all();
      const { markdown } = createReport(
        input(
          { now: at, providers: [providerAt(server.issuer)], sessions },
          {
            events: testWindow.sessions.onDemand.history.all(),
            lockHolders: await testWindow.renewalLock.listHolders(),
            files: await testWindow.sessionStore.listFiles(),
          },
        ),
      );
      await server.stop();
      const secrets = [
        ...[...records, first].flatMap(({ accessToken, idToken, refreshToken }) => [
          accessToken,
          idToken ?? '',
          refreshToken ?? '',
        ]),
        ...testWindow.store.secrets.values(),
      ];
      assert.ok(sessions.length === 5 && secrets.length > 15);
      const leaked = secrets.filter(
        (text) => text.length < 16 || partsOf(text).some((part) => markdown.includes(part)),
      );
      assert.deepEqual(
        leaked.map(({ length }) => length),
        [],
      );
      assert.doesNotMatch(markdown, /sam@|Sam/);
    });

    it('quoted in labels, scopes, codes or claims', () => {
      const [accessToken, refreshToken, idToken] = [secret(), secret(), secret()];
      const record = {
        ...SAMPLE,
        accessToken,
        refreshToken,
        idToken,
        scopes: [accessToken, refreshToken.slice(10, 40)],
        ended: { at: NOW, category: refreshToken, code: idToken },
      };
      const { markdown } = createReport(
        input(
          { sessions: [live(record, { failure: new Failure('invalid-response', accessToken) })] },
          { environment: [['x', `a ${refreshToken.slice(0, 20)} b`]] },
        ),
      );
      for (const part of [accessToken, refreshToken, idToken].flatMap(partsOf)) {
        assert.ok(!markdown.includes(part));
      }
      assert.ok(markdown.includes(`a ${'…'.repeat(20)} b`));
    });

    for (const [setting, shown] of [
      ['http://ada:pa55word@proxy.example.com:8080/path?token=x', 'proxy.example.com:8080'],
      ['proxy.example.com:3128', 'proxy.example.com:3128'],
      ['ada:pa55word@proxy.example.com', 'proxy.example.com'],
      ['http://ada:pa55/word@proxy', 'set, but not a URL'],
      ['://ada:pa55word', 'set, but not a URL'],
      ['socks5://ada:pa55word@10.0.0.1:1080', '10.0.0.1:1080'],
      ['  ', 'not set'],
    ] as const) {
      it(`of the proxy setting ${JSON.stringify(setting)}`, () => {
        assert.equal(formatProxy(setting), shown);
      });
    }
  });
});
