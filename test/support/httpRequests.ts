// Requests that `fetch` doesn't allow.
import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';

/** The response to a request. */
export interface Seen {
  readonly status: number;
  readonly html: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A request with any method and any headers, which `fetch` doesn't allow. */
export async function send(address: string, method = 'GET', headers: Record<string, string> = {}): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(address, { method, headers, agent: false }, (response) => {
      text(response).then(
        (html) => resolve({ status: response.statusCode ?? 0, html, headers: response.headers }),
        reject,
      );
    });
    request.once('error', reject);
    request.end();
  });
}

/** Whether no program listens at a URL. */
export const isRefused = async (address: string): Promise<boolean> =>
  send(address).then(
    () => false,
    (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED',
  );
