// Failures as the user sees them: the message, the actions, and their effect. The faults occur at the real server or on the
// connection to it.
import assert from 'node:assert/strict';
import { createServer as createProxy, type Server as ProxyServer } from 'node:http';
import { createServer, type Server } from 'node:https';
import { selfSignedCertificate } from '../../tools/certificate.ts';
import type { FaultAction } from '../../tools/identityFaults.ts';
import { listenOnLoopback } from '../../tools/loopback.ts';
import {
  LONG,
  MUTE,
  SHORT,
  finishSignIn,
  getActions,
  renewNow,
  signIn,
  startSignIn,
  dismissibleNotification,
} from './userActions.ts';
import { entryFor, createUiFixture, type UiFixture } from './fixture.ts';
import { LIMIT, RENEWAL_INTERVAL, pressButton } from './workbench.ts';

/** Renews to a short-lived token, and makes each later renewal fail. */
async function failNext(fixture: UiFixture, action: FaultAction, path?: string): Promise<void> {
  await renewNow(fixture, SHORT);
  fixture.identity.faults.add({ action, ...(path === undefined ? {} : { path }) });
}

/** Requests the session as another extension, once it can be renewed again, and checks the error. */
async function beRefused({ workbench }: UiFixture, sentence: string): Promise<void> {
  await workbench.page.waitForTimeout(RENEWAL_INTERVAL);
  await workbench.run('Consumer: Who Am I?');
  await workbench.notification(`Acme could not be asked: ${sentence}`).waitFor();
}

/** Waits for a number of further failed renewals. */
async function failedRenewals({ identity: { journal } }: UiFixture, count: number): Promise<void> {
  const wanted = journal.refreshRequests().length + count;
  await journal.waitForRequest((entry) => journal.refreshRequests().indexOf(entry) === wanted - 1, {
    limitMilliseconds: LIMIT,
  });
}

describe('a temporary failure', () => {
  const fixture = createUiFixture({ accessTokenSeconds: LONG });

  it("doesn't occur when another extension gets the session", async () => {
    const { workbench } = fixture;
    await workbench.waitForStatus('Acme: signed out');
    await signIn(workbench);
    await workbench.run('Consumer: Who Am I?');
    await workbench.dialog
      .filter({ hasText: 'wants to sign in using Acme' })
      .getByRole('button', { name: 'Allow' })
      .click();
    await workbench.rows.filter({ hasText: 'demo' }).click();
    await workbench.notification('Acme says: you are Demo Account').waitFor();
  });

  it('is reported when a caller is refused while the server is unreachable, and no longer when it is back', async () => {
    const { identity, workbench } = fixture;
    const { host } = new URL(identity.issuer);
    const sentence = `Couldn't reach Acme (${host}). You're still signed in. Your session will be renewed when the server responds.`;
    await failNext(fixture, { kind: 'dropBefore' });
    assert.equal(await workbench.notifications.count(), 0);
    await beRefused(fixture, sentence);
    const shown = dismissibleNotification(workbench, sentence);
    assert.deepEqual(await getActions(shown), { buttons: ['Retry Now'], links: ['Dismiss', MUTE] });
    await workbench.waitForStatus(/Acme: retrying at \d+:\d\d:\d\d/);
    assert.ok(!(await workbench.hasStatusWarning()));
    await workbench.screenshot('80-offline');
    identity.faults.clear();
    await shown.waitFor({ state: 'detached' });
    await workbench.waitForStatus('Acme: renews in 5');
  });

  it('ends with Retry Now when the server is back', async () => {
    const { identity, workbench } = fixture;
    const sentence = "Acme is temporarily unavailable. You're still signed in. Retrying automatically.";
    await failNext(fixture, { kind: 'answer', status: 503 }, '/token');
    await beRefused(fixture, sentence);
    const shown = dismissibleNotification(workbench, sentence);
    assert.deepEqual(await getActions(shown), { buttons: ['Retry Now'], links: ['Dismiss', MUTE] });
    await workbench.waitForStatus('Acme: retrying');
    await workbench.screenshot('81-server-down');
    // The attempt after the second one is far enough away.
    const tryAt = (await workbench.status.textContent()) ?? '';
    await failedRenewals(fixture, 1);
    await workbench.status.filter({ hasText: 'Acme: retrying', hasNotText: tryAt }).waitFor();
    assert.equal(await shown.count(), 1, 'it is reported once');
    identity.faults.clear();
    await pressButton(shown, 'Retry Now');
    await workbench.notification('Renewed your Acme session (demo).').waitFor();
    await shown.waitFor({ state: 'detached' });
    await workbench.waitForStatus('Acme: renews in 5');
  });

  it('shows the time of the next attempt when the server limits the rate, without Retry Now', async () => {
    const { identity, workbench } = fixture;
    // Long enough for the checks before the next attempt, even on a busy machine.
    const wait = 20;
    const sentence = "Too many requests to Acme. You're still signed in. Retrying automatically.";
    await failNext(fixture, { kind: 'answer', status: 429, headers: { 'retry-after': String(wait) } }, '/token');
    await beRefused(fixture, sentence);
    const shown = dismissibleNotification(workbench, sentence);
    assert.deepEqual(await getActions(shown), { buttons: ['Show Log'], links: ['Dismiss', MUTE] });
    const askedAt = identity.journal.refreshRequests().at(-1)?.at ?? NaN;
    const times = [0, 1].map((more) =>
      new Date(askedAt + (wait + more) * 1000).toLocaleTimeString('en', { timeStyle: 'medium' }),
    );
    await workbench.waitForStatus(new RegExp(`Acme: retrying at (${times.join('|')})`));
    await workbench.screenshot('82-asked-to-wait');
    await workbench.followLink('Dismiss', sentence);
    await shown.waitFor({ state: 'detached' });
    await workbench.waitForStatus('Acme: retrying at');
    assert.equal(await shown.count(), 0, 'dismissed means dismissed');
    identity.faults.clear();
    await workbench.waitForStatus('Acme: renews in 5');
    const [first, second] = identity.journal.refreshRequests().slice(-2);
    assert.ok((second?.at ?? 0) - (first?.at ?? 0) >= wait * 1000, 'it waits as long as the server requires');
  });

  it('ends with Retry Now when the server no longer responds with a web page', async () => {
    const { identity, workbench } = fixture;
    const sentence =
      "Received a web page instead of a response from Acme. You may need to sign in to your network, or check the issuer URL. You're still signed in.";
    await failNext(fixture, { kind: 'html' }, '/token');
    const shown = dismissibleNotification(workbench, sentence);
    await shown.waitFor();
    assert.deepEqual(await getActions(shown), {
      buttons: ['Retry Now'],
      links: ['Open Settings', 'Dismiss', MUTE],
    });
    await workbench.waitForStatus('Acme: needs attention');
    assert.ok(await workbench.hasStatusWarning());
    await workbench.screenshot('83-web-page');
    identity.faults.clear();
    await pressButton(shown, 'Retry Now');
    await workbench.notification('Renewed your Acme session (demo).').waitFor();
    await shown.waitFor({ state: 'detached' });
    await workbench.waitForStatus('Acme: renews in 5');
  });

  it('shows the clock skew, and ends when the clock is set', async () => {
    const { identity, workbench } = fixture;
    const sentence = "Your computer's clock is 10 minutes behind Acme. Check your date, time, and time zone.";
    await workbench.clearNotifications();
    identity.faults.add({ action: { kind: 'shiftDate', seconds: 630 } });
    await workbench.runRenewNow();
    const shown = dismissibleNotification(workbench, sentence);
    assert.deepEqual(await getActions(shown), { buttons: ['Check Clock'], links: ['Dismiss', MUTE] });
    await workbench.screenshot('85-clock');
    await pressButton(shown, 'Check Clock');
    const measured = workbench.notification(
      /Your computer's clock is 10 minutes behind Acme\. .* Measured at \d+:\d\d:\d\d/,
    );
    assert.deepEqual(await getActions(measured), { buttons: ['Retry Now'], links: [] });
    await workbench.screenshot('85-clock-measured');
    identity.faults.clear();
    await pressButton(measured, 'Retry Now');
    await workbench.notification('Renewed your Acme session (demo).').waitFor();
    await shown.waitFor({ state: 'detached' });
  });
});

describe('a failure due to the settings', () => {
  const narrow = {
    client_id: 'narrow',
    redirect_uris: ['http://127.0.0.1/callback'],
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    scope: 'openid offline_access',
  } as const;
  let untrusted: Server;
  let untrustedAddress = '';
  /** A proxy that rejects all connections. */
  let proxy: ProxyServer;
  let proxyAddress = '';
  before(async () => {
    untrusted = createServer(selfSignedCertificate(), (_request, response) => void response.end('{}'));
    untrustedAddress = `https://127.0.0.1:${String(await listenOnLoopback(untrusted))}`;
    proxy = createProxy().on(
      'connect',
      (_request, socket) => void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n'),
    );
    proxyAddress = `http://127.0.0.1:${String(await listenOnLoopback(proxy))}`;
  });
  after(() => {
    for (const server of [untrusted, proxy]) {
      server.close();
      server.closeAllConnections();
    }
  });
  const entryOf = (label: string, issuer: string, clientId: string): Readonly<Record<string, unknown>> => ({
    id: label.toLowerCase(),
    label,
    issuer,
    clientId,
  });
  const acme = (issuer: string): Readonly<Record<string, unknown>> => entryFor(issuer);
  const globex = (issuer: string): Readonly<Record<string, unknown>> => entryOf('Globex', issuer, 'unknown-client');
  const scopes = ['openid', 'offline_access', 'notes.read'];
  const initech = (issuer: string): Readonly<Record<string, unknown>> => ({
    ...entryOf('Initech', issuer, narrow.client_id),
    scopes,
  });
  const fixture = createUiFixture({ accessTokenSeconds: LONG, clients: [narrow] }, (issuer) => ({
    'sessionKeeper.providers': [
      globex(issuer),
      initech(issuer),
      acme(issuer),
      entryOf('Umbrella', untrustedAddress, 'some-client'),
      entryOf('Hooli', 'https://id.hooli.invalid', 'some-client'),
    ],
    'http.proxy': proxyAddress,
    'http.noProxy': ['127.0.0.1'],
  }));

  it('opens the entry when the server rejects the client at a renewal', async () => {
    const { identity, workbench } = fixture;
    const sentence = 'Acme rejected the client ID or requires a client secret.';
    await workbench.waitForStatus('Signed out');
    await signIn(workbench);
    await failNext(fixture, { kind: 'answer', status: 401, body: { error: 'invalid_client' } }, '/token');
    const shown = dismissibleNotification(workbench, sentence);
    await shown.waitFor();
    assert.deepEqual(await getActions(shown), {
      buttons: ['Open Settings'],
      links: ['Set Client Secret…', 'Dismiss', MUTE],
    });
    await workbench.waitForStatus('Acme: needs attention');
    await workbench.screenshot('86-client');
    identity.faults.clear();
    await pressButton(shown, 'Open Settings');
    assert.deepEqual(JSON.parse(await workbench.selectedSettings()), acme(identity.issuer));
    await workbench.screenshot('86-client-entry');
    await workbench.run('View: Close All Editors');
    await renewNow(fixture);
  });

  it('opens the scopes when the server rejects one', async () => {
    const { workbench } = fixture;
    const page = await workbench.waitForPage(() => startSignIn(workbench, 'Initech'));
    await page.getByRole('heading', { name: 'Sign-in failed' }).waitFor();
    await workbench.screenshot('87-scope-page', page);
    await workbench.returnFrom(page);
    const shown = workbench.notification(
      'Initech doesn\'t grant one of the requested scopes. Server message: "requested scope is not allowed".',
    );
    assert.deepEqual(await getActions(shown), { buttons: ['Edit Scopes', 'Show Log'], links: [] });
    await workbench.screenshot('87-scope');
    await pressButton(shown, 'Edit Scopes');
    assert.deepEqual(JSON.parse(`{${await workbench.selectedSettings()}}`), { scopes });
    await workbench.screenshot('87-scope-entry');
    await workbench.run('View: Close All Editors');
  });

  it("copies the redirect URI when it isn't registered", async () => {
    const { identity, workbench } = fixture;
    const action: FaultAction = { kind: 'answer', status: 400, body: { error: 'redirect_uri_mismatch' } };
    identity.faults.add({ path: '/token', grantType: 'authorization_code', times: 1, action });
    await finishSignIn(workbench, () => startSignIn(workbench, 'Acme'));
    const shown = workbench.notification(
      'Acme rejected the redirect URI. Register it for your client, or use a fixed port.',
    );
    assert.deepEqual((await getActions(shown)).buttons, ['Copy Redirect URI', 'Use Fixed Port…']);
    await workbench.screenshot('88-redirect');
    await pressButton(shown, 'Copy Redirect URI');
    await workbench
      .notification(
        'Copied http://127.0.0.1/callback. Add it to the redirect URIs of your client at Acme, for any port.',
      )
      .waitFor();
    assert.equal(await workbench.clipboard(), 'http://127.0.0.1/callback');
    await workbench.screenshot('88-redirect-copied');
    await workbench.clearNotifications();
  });

  it("opens the certificate settings when the certificate isn't trusted", async () => {
    const { workbench } = fixture;
    await workbench.run('Session Keeper: Sign In…');
    await workbench.rows.filter({ hasText: 'Umbrella' }).click();
    const shown = workbench.notification(
      `Couldn't connect to Umbrella (${new URL(untrustedAddress).host}) because its certificate isn't trusted.`,
    );
    assert.deepEqual((await getActions(shown)).buttons, ['Open Certificate Settings', 'Retry Now']);
    await workbench.screenshot('89-certificate');
    await pressButton(shown, 'Open Certificate Settings');
    await workbench.waitForSetting('System Certificates');
    await workbench.screenshot('89-certificate-settings');
    await workbench.run('View: Close All Editors');
  });

  it('opens the proxy settings when the proxy rejects the connection', async () => {
    const { workbench } = fixture;
    await workbench.clearNotifications();
    await workbench.run('Session Keeper: Sign In…');
    await workbench.rows.filter({ hasText: 'Hooli' }).click();
    const shown = workbench.notification('The proxy server rejected the connection to Hooli (id.hooli.invalid).');
    assert.deepEqual(await getActions(shown), { buttons: ['Open Proxy Settings', 'Retry Now'], links: [] });
    await workbench.moveMouseAway();
    await workbench.screenshot('84-proxy');
    await pressButton(shown, 'Open Proxy Settings');
    await workbench.waitForSetting('Proxy Authorization');
    await workbench.screenshot('84-proxy-settings');
    await workbench.run('View: Close All Editors');
  });

  it('offers to sign in again if the server reports an unknown client only in the browser', async () => {
    const { workbench } = fixture;
    await workbench.clearNotifications();
    await workbench.changeSettings({ 'sessionKeeper.signInTimeout': 0.1 });
    await workbench.reloadSettings();
    const page = await workbench.waitForPage(() => startSignIn(workbench, 'Globex'));
    await page.getByText('client is invalid').waitFor();
    await workbench.screenshot('90-unknown-client-page', page);
    await workbench.returnFrom(page);
    const shown = workbench.notification('Sign-in to Globex timed out.');
    assert.deepEqual(await getActions(shown), {
      buttons: ['Sign In', 'Use Another Sign-In Method', 'Use Fixed Port…'],
      links: [],
    });
    await workbench.screenshot('90-unknown-client');
    const again = await workbench.waitForPage(() => pressButton(shown, 'Sign In'));
    await again.getByText('client is invalid').waitFor();
    await workbench.returnFrom(again);
  });
});
