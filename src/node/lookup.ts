import { lookup } from 'node:dns/promises';

/** Returns the IP addresses of a host name, as resolved by the system. */
export async function addressesOf(hostname: string): Promise<string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}
