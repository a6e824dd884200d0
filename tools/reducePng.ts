// Makes PNG files of screenshots smaller: at most 64 colors, in a palette. Pictures of a user interface have few colors
// apart from the edges of letters.
import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLORS = 64;

/** The pixels of a picture: red, green and blue of each in one number, row by row. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly colors: readonly number[];
}

/**
 * Returns the same picture with a palette of at most 64 colors. Rare colors become the most similar frequent one.
 * @param png a PNG file with 8 bits per channel, with or without an alpha channel, not interlaced
 * @throws Error if it's another kind of file
 */
export function reducePng(png: Buffer): Buffer {
  const { width, height, colors } = readPixels(png);
  const counts = new Map<number, number>();
  for (const color of colors) {
    counts.set(color, (counts.get(color) ?? 0) + 1);
  }
  const palette = [...counts]
    .sort(([, one], [, other]) => other - one)
    .slice(0, COLORS)
    .map(([color]) => color);
  const indexes = new Map(palette.map((color, index) => [color, index]));
  const rows = Buffer.alloc(height * (width + 1));
  for (const [position, color] of colors.entries()) {
    let index = indexes.get(color);
    if (index === undefined) {
      index = closest(color, palette);
      indexes.set(color, index);
    }
    rows[Math.floor(position / width) * (width + 1) + 1 + (position % width)] = index;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flatMap(channels))),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function channels(color: number): [number, number, number] {
  return [color >> 16, (color >> 8) & 255, color & 255];
}

/** The index of the most similar color. */
function closest(color: number, palette: readonly number[]): number {
  const wanted = channels(color);
  const distances = palette.map((other) =>
    channels(other).reduce((sum, value, index) => sum + (value - (wanted[index] ?? 0)) ** 2, 0),
  );
  return distances.indexOf(Math.min(...distances));
}

function chunk(type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(content));
  return Buffer.concat([length, content, sum]);
}

function readPixels(png: Buffer): Pixels {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const [depth, kind, , , interlacing] = png.subarray(24, 29);
  if (!png.subarray(0, 8).equals(SIGNATURE) || depth !== 8 || (kind !== 2 && kind !== 6) || interlacing !== 0) {
    throw new Error("This kind of PNG file isn't supported.");
  }
  const size = kind === 2 ? 3 : 4;
  const data: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') {
      data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
    }
  }
  const bytes = unfilter(inflateSync(Buffer.concat(data)), width * size, size);
  const colors = Array.from({ length: width * height }, (_, index) => bytes.readUIntBE(index * size, 3));
  return { width, height, colors };
}

/** Undoes the filter of each row (PNG specification, section 9). */
function unfilter(filtered: Buffer, rowLength: number, size: number): Buffer {
  const rows = filtered.length / (rowLength + 1);
  const bytes = Buffer.alloc(rows * rowLength);
  for (let row = 0; row < rows; row++) {
    const filter = filtered[row * (rowLength + 1)] ?? 0;
    for (let column = 0; column < rowLength; column++) {
      const at = row * rowLength + column;
      const left = column < size ? 0 : (bytes[at - size] ?? 0);
      const up = row === 0 ? 0 : (bytes[at - rowLength] ?? 0);
      const upLeft = row === 0 || column < size ? 0 : (bytes[at - rowLength - size] ?? 0);
      const raw = filtered[row * (rowLength + 1) + 1 + column] ?? 0;
      bytes[at] = raw + predicted(filter, left, up, upLeft);
    }
  }
  return bytes;
}

function predicted(filter: number, left: number, up: number, upLeft: number): number {
  switch (filter) {
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4: {
      const estimate = left + up - upLeft;
      const [toLeft, toUp, toUpLeft] = [left, up, upLeft].map((value) => Math.abs(estimate - value));
      const isLeft = (toLeft ?? 0) <= (toUp ?? 0) && (toLeft ?? 0) <= (toUpLeft ?? 0);
      return isLeft ? left : (toUp ?? 0) <= (toUpLeft ?? 0) ? up : upLeft;
    }
    default:
      return 0;
  }
}
