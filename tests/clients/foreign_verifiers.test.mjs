// Verifiers that others wrote accept a log and refuse a damaged one: golang.org/x/mod/sumdb (Debian's
// golang-golang-x-mod-dev) for whole logs and proofs, @sigstore/verify for proofs. The log is the
// gateway's, as its admin listener gives it to monitors, and one that others made; `audit check` is
// held to the same.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync, spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { verifyCheckpoint } from '@sigstore/verify/dist/tlog/checkpoint.js';
import { verifyMerkleInclusion } from '@sigstore/verify/dist/tlog/merkle.js';
import { Gateway, PROGRAM, SOURCE } from '../support/gateway.mjs';
import { LogFolder, checkpointText, makeSigner, parseProof, parseVkey, proofText, splitNotes, tilesOf } from '../support/tlog.mjs';
import { Upstream } from '../support/upstream.mjs';

const scratch = mkdtempSync(join(tmpdir(), 'customhouse-verifiers-'));
const go = join(scratch, 'foreign_verifier');
let folders = 0;
const folder = () => join(scratch, `log-${folders++}`);

before(() => {
  const built = spawnSync('go', ['build', '-o', go, '.'], {
    cwd: join(SOURCE, 'tests/clients/foreign_verifier'), encoding: 'utf8',
    env: { ...process.env, GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '', GOCACHE: join(scratch, 'go-cache') },
  });
  assert.equal(built.status, 0, `./dev setup installs what this needs: ${built.error ?? built.stderr}`);
});
const started = [];
after(async () => {
  for (const one of started.reverse()) await one.stop();
  rmSync(scratch, { recursive: true, force: true });
});

/** What Go says of the log: '' or the fault. */
function goLog(vkey, log, old = []) {
  const ran = spawnSync(go, ['log', vkey, log.folder, ...old], { encoding: 'utf8' });
  assert.ok(ran.status === 0 || ran.status === 1, ran.stderr);
  return ran.stderr;
}
function checkFiles(program, args, proof, record) {
  const at = folder();
  mkdirSync(at);
  writeFileSync(join(at, 'proof'), proofText(proof));
  writeFileSync(join(at, 'record'), record);
  const ran = spawnSync(program, args(join(at, 'proof'), join(at, 'record')), { encoding: 'utf8' });
  assert.ok(ran.status === 0 || ran.status === 1, ran.stderr);
  return ran.stderr;
}
const goProof = (vkey, ...files) => checkFiles(go, (proof, record) => ['proof', vkey, proof, record], ...files);
const ourProof = (vkey, ...files) => checkFiles(PROGRAM, (proof, record) => ['audit', 'check', record, proof, '--key', vkey], ...files);
function sigstoreProof(vkey, proof, record) {
  const { name, id, spki } = parseVkey(vkey);
  const key = { logID: id, baseURL: name, publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }) };
  const entry = {
    canonicalizedBody: record,
    inclusionProof: { logIndex: String(proof.index), hashes: proof.hashes, checkpoint: { envelope: proof.checkpoint } },
  };
  try {
    verifyMerkleInclusion(entry, verifyCheckpoint(entry, [key]));
    return '';
  } catch (fault) {
    return fault.message;
  }
}

const flipText = (text, at) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);
const spliced = (list, ...how) => { list.splice(...how); return list; };
const resigned = (log, change, sign) => { log.note = sign(checkpointText({ ...log.checkpoint, ...change })); };

/** Each gets a copy of the log and spoils it. */
const LOG_DAMAGE = {
  'a bit of a record': (log) => log.flip(log.tile('entries').path, 7),
  'a bit of the last record': (log) => log.flip(tilesOf(log.size).filter((t) => t.kind === 'entries').at(-1).path, -2),
  'a bit of a tile': (log) => log.flip(log.tile('0').path, 40),
  'a bit of the last tile': (log) => log.flip(tilesOf(log.size).at(-1).path, -1, 7),
  'a record cut off at the end': (log) => log.writeRecords(log.records().slice(0, -1)),
  'a record taken out of the middle': (log) => log.writeRecords(spliced(log.records(), 4, 1)),
  'a record put in': (log) => log.writeRecords(spliced(log.records(), 4, 0, Buffer.from('{}'))),
  'two records swapped': (log) => { const r = log.records(); [r[2], r[3]] = [r[3], r[2]]; log.writeRecords(r); },
  'a tile cut short': (log) => log.write(log.tile('0').path, log.read(log.tile('0').path).subarray(0, -32)),
  'a tile with two hashes swapped': (log) => {
    const { path } = log.tile('0');
    const bytes = log.read(path);
    log.write(path, Buffer.concat([bytes.subarray(32, 64), bytes.subarray(0, 32), bytes.subarray(64)]));
  },
  'a bit of the root': (log) => { log.note = flipText(log.note, log.note.split('\n', 2).join('\n').length + 4); },
  'another size': (log) => { log.note = log.note.replace(`\n${log.size}\n`, `\n${log.size - 1}\n`); },
  'another origin': (log) => { log.note = flipText(log.note, 0); },
  'a bit of the signature': (log) => { log.note = flipText(log.note, log.note.length - 12); },
  'no signature': (log) => { log.note = log.checkpoint.text + '\n'; },
  'another key': (log) => resigned(log, {}, makeSigner(log.checkpoint.origin)),
  'another key under our key\'s id': (log, vkey) => resigned(log, {}, makeSigner(log.checkpoint.origin, parseVkey(vkey).id)),
};

/** Each spoils { proof, record }. */
const PROOF_DAMAGE = {
  'a bit of the record': (p) => { p.record[3] ^= 1; },
  'a record longer by a byte': (p) => { p.record = Buffer.concat([p.record, Buffer.of(32)]); },
  'the record of another index': (p, log) => { p.record = log.records()[p.proof.index ^ 1]; },
  'another index': (p) => { p.proof.index ^= 1; },
  'an index beyond the tree': (p, log) => { p.proof.index = log.size; },
  'a bit of the first hash': (p) => { p.proof.hashes[0][0] ^= 1; },
  'a bit of the last hash': (p) => { p.proof.hashes.at(-1)[31] ^= 0x80; },
  'a hash too few': (p) => { p.proof.hashes.pop(); },
  'a hash too many': (p) => { p.proof.hashes.push(Buffer.alloc(32)); },
  'two hashes swapped': (p) => { p.proof.hashes.unshift(p.proof.hashes.splice(1, 1)[0]); },
  'a root that is not signed': (p, log) => { p.proof.checkpoint = p.proof.checkpoint.replace(log.checkpoint.root.toString('base64'), Buffer.alloc(32).toString('base64')); },
  'a size that is not signed': (p, log) => { p.proof.checkpoint = p.proof.checkpoint.replace(`\n${log.size}\n`, `\n${log.size + 1}\n`); },
  'a bit of the signature': (p) => { p.proof.checkpoint = flipText(p.proof.checkpoint, p.proof.checkpoint.length - 12); },
  'no signature': (p, log) => { p.proof.checkpoint = log.checkpoint.text + '\n'; },
  'another key': (p, log) => { p.proof.checkpoint = makeSigner(log.checkpoint.origin)(log.checkpoint.text); },
  'another key under our key\'s id': (p, log, vkey) => { p.proof.checkpoint = makeSigner(log.checkpoint.origin, parseVkey(vkey).id)(log.checkpoint.text); },
};

/** `source()` gives { log, vkey, old: files of older checkpoints, prove(index) }. */
function suite(title, source) {
  describe(title, () => {
    let log, vkey, old, prove;
    before(async () => { ({ log, vkey, old, prove } = await source()); });

    test('golang.org/x/mod/sumdb accepts the log and every older checkpoint', () => {
      assert.equal(goLog(vkey, log, old), '');
    });
    for (const [what, damage] of Object.entries(LOG_DAMAGE)) {
      test(`golang.org/x/mod/sumdb refuses ${what}`, () => {
        const bad = log.copyTo(folder());
        damage(bad, vkey);
        assert.notEqual(goLog(vkey, bad), '');
      });
    }
    for (const [name, verify] of [['golang.org/x/mod/sumdb', goProof], ['@sigstore/verify', sigstoreProof], ['audit check', ourProof]]) {
      test(`${name} accepts proofs`, () => {
        const records = log.allRecords();
        for (const index of new Set([0, 1, 6, Math.floor(log.size / 2), log.size - 1]))
          assert.equal(verify(vkey, prove(index), records[index]), '', `record ${index}`);
      });
      for (const [what, damage] of Object.entries(PROOF_DAMAGE)) {
        test(`${name} refuses a proof with ${what}`, () => {
          const spoiled = { proof: prove(6), record: Buffer.from(log.records()[6]) };
          damage(spoiled, log, vkey);
          assert.notEqual(verify(vkey, spoiled.proof, spoiled.record), '');
        });
      }
    }
  });
}

const GOLDEN = join(SOURCE, 'tests/data/merkle/tessera-log');
suite('a log that others made', () => {
  const log = new LogFolder(GOLDEN).copyTo(folder());
  return {
    log, prove: (index) => log.prove(index),
    vkey: 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx',
    old: Array.from({ length: 16 }, (_, size) => join(GOLDEN, `checkpoint.${size}`)),
  };
});

suite('the gateway\'s log', async () => {
  const upstream = await Upstream.start();
  started.push(upstream);
  const gateway = await Gateway.start({ upstream, yaml: 'audit: {serve_entries: true}' });
  started.push(gateway);
  const ask = async (i) => {
    const answer = await fetch(`${gateway.apiUrl}/openai/v1/chat/completions`, {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: `prompt ${i} of a${i}@example.org` }] }),
    });
    assert.equal(answer.status, 200);
    await answer.text();
  };
  for (let i = 0; i < 150; i += 10) await Promise.all(Array.from({ length: 10 }, (_, j) => ask(i + j)));
  const records = await gateway.ledgerUntil((all) => all.length === 1 + 2 * 150);
  assert.equal(records.length, 301, 'the start, decisions and completions');
  const covered = async () => (await (await fetch(`${gateway.adminUrl}/checkpoint`)).text()).includes('\n301\n');
  for (const end = Date.now() + 10_000; !await covered() && Date.now() < end;) await new Promise((done) => setTimeout(done, 50));

  const log = await LogFolder.fetch(gateway.adminUrl, folder());
  assert.equal(log.size, 301);
  const notes = splitNotes(readFileSync(join(gateway.dataDir, 'checkpoints'), 'utf8'));
  const old = notes.map((note, i) => {
    const file = join(scratch, `old-${i}`);
    writeFileSync(file, note);
    return file;
  });
  assert.ok(old.length >= 1);
  const audit = (...args) => execFileSync(PROGRAM, ['audit', ...args, '--config', gateway.configFile], { encoding: 'utf8' });
  const prove = (index) => {
    audit('prove', String(index), '--folder', scratch);
    assert.deepEqual(readFileSync(join(scratch, `${index}.json`)), log.allRecords()[index]);
    return parseProof(readFileSync(join(scratch, `${index}.tlog-proof`), 'utf8'));
  };
  return { log, prove, vkey: audit('key').trim(), old };
});
