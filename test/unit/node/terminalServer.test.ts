import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MINUTE } from '../../../src/core/clock.ts';
import { MAX_TERMINAL_REQUEST } from '../../../src/core/terminal.ts';
import { FrameReader, SealedMessages, newNonce, toFrame } from '../../../src/node/terminalChannel.ts';
import { TerminalFolder } from '../../../src/node/terminalFolder.ts';
import { listenForTerminals, type TerminalHandler, type TerminalListener } from '../../../src/node/terminalServer.ts';
import { FakeClock } from '../../support/fakeClock.ts';

const ID = '0'.repeat(16);

describe('the socket for terminals', () => {
  let path: string;
  let folder: TerminalFolder;
  let clock: FakeClock;
  let listener: TerminalListener | undefined;
  let requests: string[];
  let ended: Promise<void>;
  let handler: TerminalHandler;
  const sockets: Socket[] = [];

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'sk-'));
    folder = new TerminalFolder(path);
    clock = new FakeClock();
    requests = [];
    handler = (request) => Promise.resolve(`response to ${request}`);
    await folder.prepare();
    await folder.createKey();
    listener = await listenForTerminals(
      folder,
      ID,
      (request, send, signal) => {
        requests.push(request);
        ended = new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
        return handler(request, send, signal);
      },
      clock,
    );
  });

  afterEach(async () => {
    sockets.splice(0).forEach((socket) => socket.destroy());
    listener?.dispose();
    await rm(path, { recursive: true, force: true });
  });

  /** Connects; resolves with the nonce of the window. */
  const open = async (): Promise<{ socket: Socket; nonce: Buffer; frames: Buffer[]; closed: Promise<void> }> => {
    const [window] = await folder.listWindows(ID);
    const socket = connect(window?.address ?? '');
    sockets.push(socket);
    const reader = new FrameReader(1e6);
    const frames: Buffer[] = [];
    socket.on('error', () => {});
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const first = new Promise<void>((resolve) => {
      socket.on('data', (chunk) => {
        frames.push(...reader.push(chunk));
        resolve();
      });
    });
    await first;
    return { socket, nonce: frames.shift()?.subarray(1) ?? Buffer.alloc(0), frames, closed };
  };

  const readKey = async (): Promise<Buffer> => {
    const result = await folder.readKey();
    assert.ok('key' in result);
    return result.key;
  };

  it('answers a request with the same key', async () => {
    const { closed, frames, nonce, socket } = await open();
    const own = newNonce();
    const nonces = Buffer.concat([nonce, own]);
    socket.write(toFrame(own, new SealedMessages(await readKey(), nonces, 'request').seal('{}')));
    await closed;
    const responses = new SealedMessages(await readKey(), nonces, 'response');
    assert.deepEqual(
      frames.map((frame) => responses.open(frame)),
      ['response to {}'],
    );
  });

  it('answers neither another key, nor a request of another connection, nor other bytes', async () => {
    const key = await readKey();
    const first = await open();
    const own = newNonce();
    const recorded = toFrame(own, new SealedMessages(key, Buffer.concat([first.nonce, own]), 'request').seal('{}'));
    first.socket.write(recorded);
    await first.closed;
    assert.equal(requests.length, 1);
    const wrong = (nonce: Buffer): Buffer =>
      toFrame(own, new SealedMessages(newNonce(), Buffer.concat([nonce, own]), 'request').seal('{}'));
    const wrongDirection = (nonce: Buffer): Buffer =>
      toFrame(own, new SealedMessages(key, Buffer.concat([nonce, own]), 'response').seal('{}'));
    for (const bytes of [
      () => recorded,
      wrong,
      wrongDirection,
      () => toFrame(),
      () => toFrame(own),
      () => toFrame(Buffer.alloc(40)),
      () => Buffer.from('{"command":"token","provider":"acme"}\n'),
      () => Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    ]) {
      const { closed, frames, nonce, socket } = await open();
      socket.write(bytes(nonce));
      await closed;
      assert.deepEqual(frames, []);
    }
    assert.equal(requests.length, 1);
  });

  it('closes a connection whose request is too long, before all of it has arrived', async () => {
    const { closed, socket } = await open();
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(MAX_TERMINAL_REQUEST + 1);
    socket.write(prefix);
    await closed;
  });

  it("closes a connection whose request doesn't arrive in time, and serves others meanwhile", async () => {
    const slow = await open();
    slow.socket.write(Buffer.from([0, 0]));
    const { closed, nonce, socket } = await open();
    const own = newNonce();
    const sealed = new SealedMessages(await readKey(), Buffer.concat([nonce, own]), 'request').seal('{}');
    for (const byte of toFrame(own, sealed)) {
      socket.write(Uint8Array.of(byte));
    }
    await closed;
    assert.equal(requests.length, 1);
    await clock.advance(MINUTE);
    await slow.closed;
  });

  it('aborts the request when the command ends', async () => {
    handler = () => new Promise(() => {});
    const { nonce, socket } = await open();
    const own = newNonce();
    socket.write(toFrame(own, new SealedMessages(await readKey(), Buffer.concat([nonce, own]), 'request').seal('{}')));
    while (requests.length === 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.destroy();
    await ended;
  });

  it('answers no one after the key was deleted', async () => {
    const key = await readKey();
    await folder.deleteKey();
    const { closed, frames, nonce, socket } = await open();
    const own = newNonce();
    socket.write(toFrame(own, new SealedMessages(key, Buffer.concat([nonce, own]), 'request').seal('{}')));
    await closed;
    assert.deepEqual([frames, requests], [[], []]);
  });

  it('is no longer listed after it was closed, and notices if the folder was deleted', async () => {
    assert.equal(await listener?.touch(), true);
    await rm(path, { recursive: true });
    assert.equal(await listener?.touch(), false);
    await folder.prepare();
    listener?.dispose();
    assert.deepEqual(
      (await readdir(path)).filter((name) => name.endsWith('.window')),
      [],
    );
  });

  it('creates one key for concurrent windows', async () => {
    await folder.deleteKey();
    await Promise.all(Array.from({ length: 20 }, () => new TerminalFolder(path).createKey()));
    const key = await readKey();
    await folder.createKey();
    assert.deepEqual(await readKey(), key);
  });
});

describe('splitting a stream into frames', () => {
  it('returns each frame once, wherever the stream is cut', () => {
    const stream = Buffer.concat([toFrame(Buffer.from('one')), toFrame(), toFrame(Buffer.from('a'), Buffer.from('b'))]);
    for (let size = 1; size <= stream.length; size += 1) {
      const reader = new FrameReader(10);
      const frames: string[] = [];
      for (let at = 0; at < stream.length; at += size) {
        frames.push(...reader.push(stream.subarray(at, at + size)).map(String));
      }
      assert.deepEqual(frames, ['one', '', 'ab'], String(size));
    }
  });
});
