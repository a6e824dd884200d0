import assert from 'node:assert/strict';
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { reducePng } from '../../../tools/reducePng.ts';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

function chunk(type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32BE(data.length, 0);
  numbers.writeUInt32BE(crc32(content), 4);
  return Buffer.concat([numbers.subarray(0, 4), content, numbers.subarray(4)]);
}

/** Returns a PNG file with three channels from its filtered rows. */
function png(width: number, rows: readonly (readonly number[])[], kind = 2): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(rows.length, 4);
  header.set([8, kind, 0, 0, 0], 8);
  const data = deflateSync(Buffer.from(rows.flat()));
  // The data may be in several chunks.
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('IDAT', data.subarray(0, 5)),
    chunk('IDAT', data.subarray(5)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Returns the colors of a PNG file with a palette, row by row. */
function colorsOf(file: Buffer): string[][] {
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    chunks.set(file.toString('latin1', at + 4, at + 8), file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
  }
  const [header, palette, data] = ['IHDR', 'PLTE', 'IDAT'].map((type) => chunks.get(type) ?? Buffer.alloc(0));
  assert.ok(header !== undefined && palette !== undefined && data !== undefined);
  const width = header.readUInt32BE(0);
  const rows = inflateSync(data);
  return Array.from({ length: header.readUInt32BE(4) }, (_, row) =>
    Array.from({ length: width }, (__, column) => {
      const index = rows[row * (width + 1) + 1 + column] ?? 0;
      return palette.subarray(index * 3, index * 3 + 3).toString('hex');
    }),
  );
}

describe('reducing a PNG file', () => {
  it('keeps the pixels, whichever filter a row has', () => {
    const rows = [
      [0, 10, 20, 30, 11, 21, 31], // none
      [1, 10, 20, 30, 1, 1, 1], // left
      [2, 0, 0, 0, 0, 0, 0], // up
      [3, 5, 10, 15, 1, 1, 1], // average
      [4, 0, 0, 0, 0, 0, 0], // Paeth
    ];
    const [first, second, third, fourth, fifth] = colorsOf(reducePng(png(2, rows)));
    assert.deepEqual([first, second, third], Array(3).fill(['0a141e', '0b151f']));
    assert.deepEqual([fourth, fifth], Array(2).fill(['0a141e', '0b151f']));
  });

  it('replaces rare colors by the most similar frequent one', () => {
    // 64 colors that occur twice, and one that occurs once.
    const twice = Array.from({ length: 64 }, (_, index) => [index * 4, 0, 0]);
    const row = [0, ...twice.flat(), ...twice.flat(), 9, 0, 0];
    const [colors = []] = colorsOf(reducePng(png(129, [row])));
    assert.equal(new Set(colors).size, 64);
    assert.equal(colors.at(-1), '080000');
  });

  it('rejects other kinds of files', () => {
    assert.throws(() => reducePng(png(1, [[0, 0]], 0)), /isn't supported/);
  });
});
