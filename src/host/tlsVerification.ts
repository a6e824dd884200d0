// Whether VS Code's settings and the environment turn off the verification of TLS certificates.
import * as vscode from 'vscode';

/** What turns off the verification of TLS certificates. */
export type TlsDisabledBy = 'setting' | 'environment';

/** The VS Code setting that controls it. */
export const STRICT_SSL = 'http.proxyStrictSSL';

/**
 * Returns what turns off the verification of TLS certificates; undefined if it's on.
 * @param env the environment of the process, in which Node reads `NODE_TLS_REJECT_UNAUTHORIZED`.
 */
export function getTlsDisabledBy(env: NodeJS.ProcessEnv): TlsDisabledBy | undefined {
  return env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0' ? 'environment' : isStrictSslOff() ? 'setting' : undefined;
}

/**
 * Returns the settings about certificates to show. The setting for their verification is included only if it's off:
 * a certificate error can be an attack, and must not lead the user to turn it off.
 */
export function certificateSettings(): string[] {
  return [...(isStrictSslOff() ? [STRICT_SSL] : []), 'http.systemCertificates'];
}

function isStrictSslOff(): boolean {
  const [section = '', name = ''] = STRICT_SSL.split('.');
  return vscode.workspace.getConfiguration(section).get(name) === false;
}
