// Transparency logs as a monitor sees them (c2sp.org/tlog-tiles, signed-note, tlog-proof): fetched
// into a folder, read, and damaged. Written from the specifications, not from the program under test.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const WIDTH = 256;
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

export const leafHash = (record) => sha256(Buffer.of(0), record);
export const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);

function split(n) {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}
/** RFC 6962 §2.1: the root over leaf hashes. */
export function rootOf(leaves) {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0];
  const k = split(leaves.length);
  return nodeHash(rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)));
}
/** RFC 6962 §2.1.1: the audit path of leaf `index`. */
export function pathOf(index, leaves) {
  if (leaves.length === 1) return [];
  const k = split(leaves.length);
  return index < k
    ? [...pathOf(index, leaves.slice(0, k)), rootOf(leaves.slice(k))]
    : [...pathOf(index - k, leaves.slice(k)), rootOf(leaves.slice(0, k))];
}

// ---------------------------------------------------------------- signed notes

/** { name, id, spki (the public key, DER) } of "<name>+<hex id>+<base64 key>". */
export function parseVkey(vkey) {
  const [, name, id, key] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(vkey);
  const raw = Buffer.from(key, 'base64').subarray(1);
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]);
  return { name, id: Buffer.from(id, 'hex'), spki };
}
/** A key of our own; `id` may be somebody else's. */
export function makeSigner(name, id) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  const keyId = id ?? sha256(name, '\n', Buffer.of(1), raw).subarray(0, 4);
  return (text) => `${text}\n— ${name} ${Buffer.concat([keyId, sign(null, Buffer.from(text), privateKey)]).toString('base64')}\n`;
}
export function parseCheckpoint(note) {
  const gap = note.lastIndexOf('\n\n');
  const [origin, size, root] = note.split('\n');
  return { origin, size: Number(size), root: Buffer.from(root, 'base64'), text: note.slice(0, gap + 1), signatures: note.slice(gap + 2) };
}
export const checkpointText = ({ origin, size, root }) => `${origin}\n${size}\n${root.toString('base64')}\n`;
/** The notes of a file in which each stands with an empty line behind it. */
export const splitNotes = (text) => text.match(/[^\n]+\n[^]*?\n\n(?:— [^\n]+\n)+(?=\n)/g) ?? [];

export function parseProof(text) {
  const gap = text.indexOf('\n\n');
  const [mark, index, ...hashes] = text.slice(0, gap).split('\n');
  if (mark !== 'c2sp.org/tlog-proof@v1' || !/^index \d+$/.test(index)) throw new Error(`no proof: ${text}`);
  return { index: Number(index.slice(6)), hashes: hashes.map((h) => Buffer.from(h, 'base64')), checkpoint: text.slice(gap + 2) };
}
export const proofText = ({ index, hashes, checkpoint }) =>
  ['c2sp.org/tlog-proof@v1', `index ${index}`, ...hashes.map((h) => h.toString('base64')), '', checkpoint].join('\n');

// ---------------------------------------------------------------- tiles

function indexPath(index) {
  const group = (n) => String(n % 1000).padStart(3, '0');
  let path = group(index);
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) path = `x${group(rest)}/${path}`;
  return path;
}
const tilePath = (kind, index, width) => `tile/${kind}/${indexPath(index)}${width === WIDTH ? '' : `.p/${width}`}`;

/** Paths of every tile and entry bundle of a log of that size: { path, kind, index, width }. */
export function tilesOf(size) {
  const tiles = [];
  const add = (kind, entries) => {
    for (let index = 0; index * WIDTH < entries; index++) {
      const width = Math.min(WIDTH, entries - index * WIDTH);
      tiles.push({ kind, index, width, path: tilePath(kind, index, width) });
    }
  };
  add('entries', size);
  for (let level = 0, entries = size; entries > 0; level++, entries = Math.floor(entries / WIDTH)) add(String(level), entries);
  return tiles;
}

/** A log in files. */
export class LogFolder {
  constructor(folder) { this.folder = folder; }

  /** Fetches what a monitor would. `base` ends without a slash. */
  static async fetch(base, folder) {
    const get = async (path) => {
      const answer = await fetch(`${base}/${path}`);
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return Buffer.from(await answer.arrayBuffer());
    };
    const log = new LogFolder(folder);
    log.write('checkpoint', await get('checkpoint'));
    for (const { path } of tilesOf(log.size)) log.write(path, await get(path));
    return log;
  }
  copyTo(folder) {
    cpSync(this.folder, folder, { recursive: true });
    return new LogFolder(folder);
  }
  read(path) { return readFileSync(join(this.folder, path)); }
  write(path, bytes) {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), bytes);
  }
  get note() { return this.read('checkpoint').toString(); }
  set note(text) { this.write('checkpoint', text); }
  get checkpoint() { return parseCheckpoint(this.note); }
  get size() { return this.checkpoint.size; }

  tile(kind, index = 0) { return tilesOf(this.size).find((t) => t.kind === kind && t.index === index); }
  flip(path, byte, bit = 0) {
    const bytes = this.read(path);
    bytes[byte < 0 ? bytes.length + byte : byte] ^= 1 << bit;
    this.write(path, bytes);
  }
  records(index = 0) {
    const records = [];
    for (let rest = this.read(this.tile('entries', index).path); rest.length;) {
      const size = rest.readUInt16BE(0);
      records.push(rest.subarray(2, 2 + size));
      rest = rest.subarray(2 + size);
    }
    return records;
  }
  writeRecords(records, index = 0) {
    const framed = records.flatMap((r) => [Buffer.of(r.length >> 8, r.length & 255), r]);
    this.write(this.tile('entries', index).path, Buffer.concat(framed));
  }
  allRecords() {
    return tilesOf(this.size).filter((t) => t.kind === 'entries').flatMap((t) => this.records(t.index));
  }
  prove(index) {
    return { index, hashes: pathOf(index, this.allRecords().map(leafHash)), checkpoint: this.note };
  }
}
