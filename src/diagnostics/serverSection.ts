// The report's section about discovery.
import type { Provider } from '../core/provider.ts';
import type { KnownServer } from '../protocol/discovery.ts';
import { ENDPOINTS } from '../protocol/metadata.ts';
import { code, item, list, formatTimestamp, url } from './markdown.ts';

/** The metadata that the report shows, by their names in RFC 8414 and OpenID Connect Discovery. */
const LISTS = [
  'scopes_supported',
  'grant_types_supported',
  'response_types_supported',
  'code_challenge_methods_supported',
  'token_endpoint_auth_methods_supported',
  'id_token_signing_alg_values_supported',
  'prompt_values_supported',
] as const;
const FLAGS = ['authorization_response_iss_parameter_supported', 'require_pushed_authorization_requests'] as const;

/** Returns the metadata of a provider's server, and the last discovery failure. */
export function serverLines(provider: Provider, known: KnownServer | undefined): string[] {
  const lines = [`### ${code(provider.label)}`];
  if (known === undefined) {
    return [...lines, item('Metadata', 'not requested since the window was opened or the settings were changed')];
  }
  const { error, metadata } = known;
  if (error !== undefined) {
    lines.push(
      item('Last failure', `${formatTimestamp(error.at)}: ${code(`${error.failure.category}, ${error.failure.code}`)}`),
    );
  }
  if (metadata !== undefined) {
    // The library's types describe what a server should send.
    const values: Readonly<Record<string, unknown>> = metadata.value;
    lines.push(
      item('Received', formatTimestamp(metadata.at)),
      ...ENDPOINTS.map((name) => item(name, typeof values[name] === 'string' ? url(values[name]) : 'none')),
      ...LISTS.map((name) => item(name, Array.isArray(values[name]) ? list(values[name]) : 'not specified')),
      ...FLAGS.map((name) => item(name, typeof values[name] === 'boolean' ? String(values[name]) : 'not specified')),
    );
  }
  return lines;
}
