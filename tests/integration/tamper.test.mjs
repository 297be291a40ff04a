// Whoever has the disk but not the key: every way to change, drop, move or roll back what the ledger
// holds is named by `audit verify`, and a gateway does not start on a ledger that was rolled back.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Gateway, PROGRAM } from '../support/gateway.mjs';
import { leafHash, makeSigner, parseCheckpoint, rootOf, splitNotes } from '../support/tlog.mjs';
import { Upstream } from '../support/upstream.mjs';

const ROWS = join(dirname(PROGRAM), 'tests/ledger_rows');
const be64 = (number) => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64BE(BigInt(number)); return bytes; };
const tileKey = (level, index) => Buffer.concat([Buffer.of(level), be64(index)]);
const STATE = Buffer.from('state');

/** A copy of the data that matters, to be spoiled. */
class Copy {
  constructor(from, to) {
    this.ledger = join(to, 'ledger');
    this.checkpoints = join(to, 'checkpoints');
    cpSync(join(from, 'ledger'), this.ledger, { recursive: true });
    cpSync(join(from, 'checkpoints'), this.checkpoints);
  }
  rows(...commands) {
    const lines = commands.map(([verb, family, ...hex]) => [verb, family, ...hex.map((h) => h.toString('hex'))].join(' '));
    return execFileSync(ROWS, [this.ledger], { input: `${lines.join('\n')}\n`, encoding: 'utf8' }).split('\n').map((line) => Buffer.from(line, 'hex'));
  }
  get(family, key) { return this.rows(['get', family, key])[0]; }
  change(family, key, how) { this.rows(['put', family, key, how(this.get(family, key))]); }
  records(count) { return this.rows(...Array.from({ length: count }, (_, i) => ['get', 'rec', be64(i)])).slice(0, count); }
  get notes() { return splitNotes(readFileSync(this.checkpoints, 'utf8')); }
  /** Makes the ledger's own account agree with its first `size` records. */
  account(records) {
    const state = this.get('meta', STATE);
    this.rows(['put', 'meta', STATE, Buffer.concat([be64(records.length), state.subarray(8, 16), rootOf(records.map(leafHash))])]);
  }
}
const flip = (at) => (bytes) => { bytes[at] ^= 1; return bytes; };
const inText = (text, into) => (bytes) => Buffer.from(bytes.toString().replace(text, into));

describe('the ledger, tampered with', () => {
  const requests = 160;
  const size = 2 * requests + 2;  // start and stop too
  let upstream, gateway, copies = 0;
  const copy = () => new Copy(gateway.dataDir, join(gateway.folder, `copy-${copies++}`));
  const ask = async (i) => {
    const answer = await fetch(`${gateway.apiUrl}/openai/v1/chat/completions`, {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content: `prompt ${i} of a${i}@example.org` }] }),
    });
    await answer.text();
    assert.equal(answer.status, 200);
  };
  const verify = (at) => spawnSync(PROGRAM, ['audit', 'verify', '--config', gateway.configFile, '--ledger', at.ledger, '--checkpoints', at.checkpoints], { encoding: 'utf8' });
  const stop = () => { gateway.process.kill('SIGTERM'); return gateway.exited; };

  before(async () => {
    upstream = await Upstream.start();
    gateway = await Gateway.start({ upstream });
    for (let i = 0; i < requests; i += 10) await Promise.all(Array.from({ length: 10 }, (_, j) => ask(i + j)));
    await gateway.ledgerUntil((all) => all.length === 1 + 2 * requests);
    assert.equal(await stop(), 0);
  });
  after(async () => { await gateway?.stop(); await upstream?.stop(); });

  test('as it was written it is whole, and so is a copy', () => {
    const { status, stdout } = verify(copy());
    assert.match(stdout, new RegExp(`^ok +${size} records, 1 tiles`));
    assert.equal(status, 0);
  });

  const DAMAGE = {
    'a bit of a record': [(at) => at.change('rec', be64(100), flip(20)), /record 100 is not what was written/],
    'a bit of one of the newest records': [(at) => at.change('rec', be64(300), flip(20)), /one of the records \d+ to 321.*is not what was written/],
    'a bit of a tile': [(at) => at.change('tile', tileKey(0, 0), flip(1000)), /tile 0\/0 is damaged/],
    'a tile removed': [(at) => at.rows(['delete', 'tile', tileKey(0, 0)]), /tile 0\/0 is missing/],
    'a bit of the newest checkpoint': [(at) => at.change('cp', be64(size), flip(40)), /checkpoint \d+ in the ledger is damaged or forged/],
    'a bit of a checkpoint outside': [(at) => {
      const bytes = readFileSync(at.checkpoints);
      writeFileSync(at.checkpoints, flip(bytes.indexOf('\n') + 6)(bytes));
    }, /checkpoint 1 in .*checkpoints is damaged or forged/],
    'the last records deleted': [(at) => at.rows(...Array.from({ length: 9 }, (_, i) => ['delete', 'rec', be64(size - 1 - i)])), /record 313 is missing/],
    'the last records deleted, and the account made to fit': [(at) => {
      const kept = at.records(size - 9);
      at.rows(...Array.from({ length: 9 }, (_, i) => ['delete', 'rec', be64(size - 1 - i)]), ['delete', 'cp', be64(size)]);
      at.account(kept);
    }, /has 313 records and had 322, as checkpoint \d+ in .* shows: it was cut off/],
    'a record deleted in the middle': [(at) => at.rows(['delete', 'rec', be64(50)]), /record 50 is missing/],
    'a record deleted in the middle, the others moved up': [(at) => {
      const records = at.records(size);
      records.splice(50, 1);
      at.rows(['delete', 'rec', be64(size - 1)], ...records.map((record, i) => ['put', 'rec', be64(i), record]));
      at.account(records);
    }, /record 50 does not bear its own number/],
    'two records swapped': [(at) => {
      const [a, b] = [at.get('rec', be64(70)), at.get('rec', be64(71))];
      at.rows(['put', 'rec', be64(70), b], ['put', 'rec', be64(71), a]);
    }, /record 70 does not bear its own number/],
    'a decision rewritten, and everything that has no key made to fit': [(at) => {
      at.change('rec', be64(301), inText('"kind":"', '"kind":"x'));
      at.account(at.records(size));
    }, /the first 3\d\d records are not those of checkpoint/],
    'the clock set back in a record': [(at) => at.change('rec', be64(60), inText(/"time":"\d{4}/, '"time":"2001')), /record 60 is not younger/],
    'checkpoints signed with another key': [(at) => {
      const origin = parseCheckpoint(at.notes[0]).origin;
      const sign = makeSigner(origin);
      writeFileSync(at.checkpoints, at.notes.map((note) => `${sign(parseCheckpoint(note).text)}\n`).join(''));
    }, /checkpoint 1 in .* is damaged or forged: the checkpoint is not signed by the key/],
    'a count of more records': [(at) => at.change('meta', STATE, (state) => Buffer.concat([be64(size + 1), state.subarray(8)])), /record 322 is missing/],
  };
  for (const [what, [damage, named]] of Object.entries(DAMAGE)) {
    test(`${what} is named`, () => {
      const at = copy();
      damage(at);
      const { status, stdout, stderr } = verify(at);
      assert.match(stdout, named, stdout + stderr);
      assert.match(stdout, /^DAMAGED/);
      assert.equal(status, 1);
    });
  }

  test('a bit of any file with rows is named', () => {
    const at = copy();
    at.rows(['get', 'meta', STATE]);  // opening it for writing puts the rows into files of their own
    const files = readdirSync(at.ledger).filter((name) => /\.sst$|^MANIFEST/.test(name));
    assert.ok(files.length >= 5, `${files}`);
    for (const name of files) {
      const file = join(at.ledger, name), bytes = readFileSync(file);
      writeFileSync(file, flip(10)(Buffer.from(bytes)));
      const { status, stdout, stderr } = verify(at);
      assert.match(stdout + stderr, /DAMAGED .*cannot be read: Corruption/, name);
      assert.equal(status, 1, name);
      writeFileSync(file, bytes);
    }
    assert.equal(verify(at).status, 0);
  });

  test('an old backup is refused, named, and accepted only by an operator in the ledger itself', async () => {
    const backup = copy();
    await gateway.launch();
    await ask(1000);
    assert.equal(await stop(), 0);
    const ledger = join(gateway.dataDir, 'ledger');
    rmSync(ledger, { recursive: true });
    cpSync(backup.ledger, ledger, { recursive: true });

    await assert.rejects(gateway.launch(), /\(75\)[^]*rollback detected[^]*has 322 records, and had 32\d/);
    const now = { ledger, checkpoints: join(gateway.dataDir, 'checkpoints') };
    assert.match(verify(now).stdout, /DAMAGED +the ledger has 322 records and had 32\d/);

    const gap = spawnSync(PROGRAM, ['audit', 'gap', '--reason', 'the disk was restored', '--config', gateway.configFile], { encoding: 'utf8' });
    assert.equal(gap.status, 0, gap.stderr);
    await gateway.launch();
    await ask(1001);
    assert.equal(await stop(), 0);
    const whole = verify(now);
    assert.match(whole.stdout, /^ok .*1 gaps accepted/);
    const record = gateway.ledger().find((r) => r.kind === 'gap');
    assert.equal(record.seq, size);
    assert.equal(record.reason, 'the disk was restored');
    assert.ok(record.abandoned.size > size);
  });
});
