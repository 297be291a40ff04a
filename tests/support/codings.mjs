// Content codings as clients send them. Node 20 has no zstd: stored blocks are zstd all the same (RFC 8878).
import zlib from 'node:zlib';

const BLOCK = 128 * 1024;

/** One zstd frame: single segment, 4-byte content size, raw blocks. */
export function zstdStored(bytes) {
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0]);
  head.writeUInt32LE(bytes.length, 5);
  const parts = [head];
  for (let at = 0; at === 0 || at < bytes.length; at += BLOCK) {
    const piece = bytes.subarray(at, at + BLOCK);
    const mark = Buffer.alloc(3);
    mark.writeUIntLE((piece.length << 3) | (at + BLOCK >= bytes.length ? 1 : 0), 0, 3);
    parts.push(mark, piece);
  }
  return Buffer.concat(parts);
}

export const CODINGS = {
  gzip: (bytes) => zlib.gzipSync(bytes),
  deflate: (bytes) => zlib.deflateSync(bytes),
  br: (bytes) => zlib.brotliCompressSync(bytes),
  zstd: zstdStored,
};
