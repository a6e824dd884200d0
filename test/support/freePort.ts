import { createServer } from 'node:net';

let latest = 20_000 + (process.pid % 8000);

/** A port on which no program listens. The system doesn't assign it to programs that request any port, so it stays free. */
export async function freePort(): Promise<number> {
  for (;;) {
    latest += 1;
    const port = latest;
    const probe = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (isFree) {
      await new Promise((resolve) => probe.close(resolve));
      return port;
    }
  }
}
