// Whether TLS certificates are verified, as far as VS Code's settings and the environment decide that.
import * as vscode from 'vscode';

/** What switches the verification of TLS certificates off. */
export type TlsDisabledBy = 'setting' | 'environment';

/** The setting of VS Code that does. */
export const STRICT_SSL = 'http.proxyStrictSSL';

/**
 * Returns what switches the verification of TLS certificates off; undefined if it's on.
 * @param env the environment of the process, in which Node reads `NODE_TLS_REJECT_UNAUTHORIZED`.
 */
export function getTlsDisabledBy(env: NodeJS.ProcessEnv): TlsDisabledBy | undefined {
  return env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0' ? 'environment' : isStrictSslOff() ? 'setting' : undefined;
}

/**
 * Returns the settings about certificates to show. The one that switches their verification off is shown only if it's off:
 * a certificate error can be an attack, and must not lead to it.
 */
export function certificateSettings(): string[] {
  return [...(isStrictSslOff() ? [STRICT_SSL] : []), 'http.systemCertificates'];
}

function isStrictSslOff(): boolean {
  const [section = '', name = ''] = STRICT_SSL.split('.');
  return vscode.workspace.getConfiguration(section).get(name) === false;
}
