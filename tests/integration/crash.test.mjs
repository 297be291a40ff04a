// kill -9 at random moments under load: the provider never saw a prompt whose decision is not in the
// ledger, the tree over the records is whole, and every checkpoint that was signed still holds.
// CUSTOMHOUSE_CRASH_ROUNDS sets how often (default 5; the proof is 200).
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Gateway, PROGRAM } from '../support/gateway.mjs';
import { leafHash, parseCheckpoint, rootOf, splitNotes } from '../support/tlog.mjs';
import { Upstream } from '../support/upstream.mjs';
import { HttpReader, intercepted, post } from '../support/raw.mjs';

/** The file outside as a monitor reads it, against the records: without our own verifier. */
function checkCheckpoints(gateway) {
  const list = spawnSync(PROGRAM, ['audit', 'list', '--json', '--config', gateway.configFile], { encoding: 'utf8', maxBuffer: 1 << 30 });
  const leaves = list.stdout.split('\n').slice(0, -1).map((line) => leafHash(Buffer.from(line)));
  const checkpoints = splitNotes(readFileSync(join(gateway.dataDir, 'checkpoints'), 'utf8')).map(parseCheckpoint);
  assert.ok(checkpoints.length > 0);
  const sample = checkpoints.filter((_, i) => i % Math.ceil(checkpoints.length / 50) === 0 || i === checkpoints.length - 1);
  for (const { size, root } of sample) {
    assert.ok(size <= leaves.length, `${size} records were signed, ${leaves.length} are there`);
    assert.deepEqual(rootOf(leaves.slice(0, size)), root, `the first ${size} records`);
  }
}

const ROUNDS = Number(process.env.CUSTOMHOUSE_CRASH_ROUNDS ?? 5);

test(`after ${ROUNDS} kills every prompt the provider saw is in the ledger, and the tree is whole`, { timeout: ROUNDS * 20_000 }, async () => {
  const upstream = await Upstream.start();
  const gateway = await Gateway.start({ upstream });
  try {
    let serial = 0;
    for (let round = 0; round < ROUNDS; round++) {
      if (round) await gateway.launch();
      let running = true;
      const workers = Array.from({ length: 8 }, async () => {
        try {
          const socket = await intercepted(gateway, 'api.openai.com');
          const reader = new HttpReader(socket);
          while (running) {
            socket.write(post('/v1/chat/completions', 'api.openai.com', JSON.stringify({ model: 'm', messages: [{ role: 'user', content: `prompt ${serial++} for a${serial}@example.org` }] })));
            if (!await reader.next(3000)) return;
          }
          socket.destroy();
        } catch { /* killed under it */ }
      });
      await new Promise((done) => setTimeout(done, 30 + Math.random() * 300));
      await gateway.kill9();
      running = false;
      await Promise.all(workers);
      const verified = spawnSync(PROGRAM, ['audit', 'verify', '--config', gateway.configFile], { encoding: 'utf8' });
      assert.equal(verified.status, 0, verified.stdout + verified.stderr);
    }
    await gateway.launch();
    const recorded = new Set(gateway.ledger().filter((r) => r.kind === 'decision').map((r) => r.request.sha256_sent));
    checkCheckpoints(gateway);
    const seen = upstream.requests.map((r) => createHash('sha256').update(r.body).digest('hex'));
    assert.ok(seen.length > ROUNDS * 3, `only ${seen.length} requests arrived`);
    const missing = seen.filter((hash) => !recorded.has(hash));
    assert.equal(missing.length, 0, `${missing.length} of ${seen.length} prompts left without a record`);
  } finally {
    await gateway.stop();
    await upstream.stop();
  }
});
