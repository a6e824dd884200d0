// An untrusted certificate for a server on this machine: Node can create keys and signatures, but not certificates.
import { generateKeyPairSync, sign } from 'node:crypto';

/** A certificate and its key, in the format of `node:https`. */
export interface SelfSigned {
  /** The private key in PEM. */
  readonly key: string;
  /** The certificate in PEM. */
  readonly cert: string;
}

/** The ASN.1 types in use, by their tags in DER (X.690). */
const tags = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  text: 0x0c,
  shortTime: 0x17,
  longTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  dnsName: 0x82,
  ipAddress: 0x87,
  version: 0xa0,
  extensions: 0xa3,
} as const;

/**
 * Creates a self-signed certificate for a host name and 127.0.0.1 (RFC 5280, ECDSA with P-256), valid from 2000 to 2100.
 * Its only flaw is that it isn't trusted.
 *
 * @param hostName the host name
 * @returns a new key, and the certificate for it
 */
export function selfSignedCertificate(hostName = 'localhost'): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(oid('2a8648ce3d040302'));
  const name = sequence(der('set', sequence(oid('550403'), der('text', Buffer.from(hostName)))));
  const names = sequence(der('dnsName', Buffer.from(hostName)), der('ipAddress', Buffer.from([127, 0, 0, 1])));
  const isAuthority = sequence(der('boolean', Buffer.from([0xff])));
  const toBeSigned = sequence(
    der('version', der('integer', Buffer.from([2]))),
    der('integer', Buffer.from([1])),
    algorithm,
    name,
    sequence(der('shortTime', Buffer.from('000101000000Z')), der('longTime', Buffer.from('21000101000000Z'))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      'extensions',
      sequence(sequence(oid('551d13'), der('octets', isAuthority)), sequence(oid('551d11'), der('octets', names))),
    ),
  );
  // The first octet is the number of unused bits in the last one.
  const signature = der('bits', Buffer.concat([Buffer.from([0]), sign('sha256', toBeSigned, privateKey)]));
  const certificate = sequence(toBeSigned, algorithm, signature)
    .toString('base64')
    .replaceAll(/.{1,64}/gu, '$&\n');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate}-----END CERTIFICATE-----\n`,
  };
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der('sequence', ...parts);
}

/** An object identifier, already encoded. */
function oid(octets: string): Buffer {
  return der('oid', Buffer.from(octets, 'hex'));
}

/** One value: its tag, its length, its content. */
function der(type: keyof typeof tags, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tags[type], ...size]), content]);
}
