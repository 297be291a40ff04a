// The gateway as a process: new policies under way, an end without loss, a ledger that cannot be
// written, and the commands that people run beside it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import http from 'node:http';
import { appendFileSync, readFileSync, statfsSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { command } from '../support/command.mjs';
import { Gateway, PROGRAM, SOURCE } from '../support/gateway.mjs';
import { HttpReader, intercepted, post, until } from '../support/raw.mjs';
import { Upstream } from '../support/upstream.mjs';
import { ALL, KEY, MAIL, PROMPT } from '../support/values.mjs';

const HOST = 'api.openai.com';
const PATH = '/v1/chat/completions';
const DEFAULT_POLICY = readFileSync(join(SOURCE, 'config/policies/default.yaml'), 'utf8')
  .replaceAll('- detectors/', `- ${join(SOURCE, 'config/policies/detectors')}/`);
const BLOCKING_POLICY = DEFAULT_POLICY.replace(/( {2}- id: personal-data[^]*?action: )redact\n {4}restore: everywhere/, '$1block');
const chat = (text, more = {}) => JSON.stringify({ model: 'gpt-test', ...more, messages: [{ role: 'user', content: text }] });

/** One request on a connection of its own. */
async function ask(gateway, text, { more, headers } = {}) {
  const socket = await intercepted(gateway, HOST);
  const reader = new HttpReader(socket);
  socket.write(post(PATH, HOST, chat(text, more), headers));
  const answer = await reader.next();
  socket.destroy();
  return answer;
}

async function eventually(test, what, ms = 5000) {
  const deadline = Date.now() + ms;
  while (!await test()) {
    assert.ok(Date.now() < deadline, what);
    await new Promise((done) => setTimeout(done, 20));
  }
}

function admin(gateway, path, { method = 'GET', headers = {} } = {}) {
  return new Promise((done, failed) => {
    const request = http.request(`${gateway.adminUrl}${path}`, { method, headers, agent: false }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => done({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts).toString() }));
    });
    request.on('error', failed);
    request.end();
  });
}

/** Runs `work` with a gateway and an upstream of its own. */
async function withGateway(options, work) {
  const upstream = await Upstream.start();
  let gateway;
  try {
    gateway = await Gateway.start({ upstream, ...options });
    await work(gateway, upstream);
  } finally {
    await gateway?.stop();
    await upstream.stop();
  }
}

describe('SIGHUP', () => {
  test('a new policy judges the next request on an open connection; a bad one changes nothing and says why', async () => {
    const upstream = await Upstream.start();
    const policy = join(upstream.folder, 'policy.yaml');
    writeFileSync(policy, DEFAULT_POLICY);
    assert.notEqual(BLOCKING_POLICY, DEFAULT_POLICY);
    const gateway = await Gateway.start({ upstream, policies: [policy] });
    try {
      const socket = await intercepted(gateway, HOST);
      const reader = new HttpReader(socket);
      const next = async () => { socket.write(post(PATH, HOST, chat(`write to ${MAIL}`))); return reader.next(); };
      assert.equal((await next()).status, 200);

      writeFileSync(policy, BLOCKING_POLICY);
      gateway.hup();
      let last;
      await eventually(async () => (last = await next()).status === 400, 'the new policy blocks');
      assert.equal(JSON.parse(last.body).error.code, 'customhouse_policy_block');

      const arrived = upstream.requests.length;
      writeFileSync(policy, 'version: 1\nname: broken\nrules: [{id: 7, action: perhaps}]\n');
      const said = gateway.output.length;
      gateway.hup();
      await eventually(() => gateway.output.slice(said).includes('policy.yaml'), 'the log names the file');
      assert.equal((await next()).status, 400, 'the old policy stays');
      assert.equal(upstream.requests.length, arrived);

      writeFileSync(policy, DEFAULT_POLICY);
      gateway.hup();
      await eventually(async () => (await next()).status === 200, 'and a good one is taken again');
      const digests = new Set(gateway.ledger().filter((r) => r.kind === 'decision').map((r) => r.decision.policy));
      assert.equal(digests.size, 2, 'records name the policy that judged');
      socket.destroy();
    } finally {
      await gateway.stop();
      await upstream.stop();
    }
  });
});

describe('SIGTERM', () => {
  test('a running stream ends whole, new connections are refused, exit code 0, the completion is recorded', async () => {
    const upstream = await Upstream.start();
    const gateway = await Gateway.start({ upstream });
    try {
      const socket = await intercepted(gateway, HOST);
      const reader = new HttpReader(socket);
      socket.write(post(PATH, HOST, chat(PROMPT, { stream: true }), { 'x-test': 'slow' }));
      await eventually(() => reader.buffer.includes('data: '), 'the stream has begun');
      gateway.process.kill('SIGTERM');
      await eventually(async () => {
        try { (await intercepted(gateway, HOST)).destroy(); return false; } catch { return true; }
      }, 'new connections are refused');
      assert.ok(!reader.buffer.includes('[DONE]'), 'while the stream still runs');
      const answer = await reader.next(20_000);
      assert.ok(answer.complete);
      assert.ok(answer.body.toString().endsWith('data: [DONE]\n\n'));
      assert.equal(await gateway.exited, 0);
      const completions = gateway.ledger().filter((r) => r.kind === 'completion');
      assert.equal(completions.length, 1);
      assert.equal(completions[0].outcome, 'complete');
    } finally {
      await gateway.stop();
      await upstream.stop();
    }
  });
  test('what outlasts the drain time is cut visibly and recorded', async () => {
    const upstream = await Upstream.start({ handler: (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[]}\n\n');
      return true;  // and never an end
    } });
    const gateway = await Gateway.start({ upstream, yaml: 'timeouts: {drain: 300ms}' });
    try {
      const socket = await intercepted(gateway, HOST);
      const reader = new HttpReader(socket);
      socket.write(post(PATH, HOST, chat('hello', { stream: true })));
      await eventually(() => reader.buffer.includes('data: '), 'the stream has begun');
      gateway.process.kill('SIGTERM');
      assert.equal((await reader.next()).complete, false);
      assert.equal(await gateway.exited, 0);
      assert.deepEqual(gateway.ledger().filter((r) => r.kind === 'completion').map((r) => r.outcome), ['shutdown']);
    } finally {
      await gateway.stop();
      await upstream.stop();
    }
  });
});

describe('streams', () => {
  test('a client that goes away cancels the provider, and the ledger says so', async () => {
    await withGateway({}, async (gateway, upstream) => {
      const socket = await intercepted(gateway, HOST);
      socket.write(post(PATH, HOST, chat(PROMPT.repeat(5), { stream: true }), { 'x-test': 'slow' }));
      await until(socket, /data: /);
      socket.destroy();
      await eventually(() => upstream.closedEarly === 1, 'the provider is told');
      const records = await gateway.ledgerUntil((all) => all.some((r) => r.kind === 'completion'));
      assert.deepEqual(records.filter((r) => r.kind === 'completion').map((r) => r.outcome), ['client_closed']);
    });
  });
  test('silence is filled with comments that change no event', async () => {
    await withGateway({ yaml: 'timeouts: {ping_interval: 200ms}' }, async (gateway) => {
      const pinged = await ask(gateway, 'all is well', { more: { stream: true }, headers: { 'x-test': 'silent' } });
      const plain = await ask(gateway, 'all is well', { more: { stream: true } });
      assert.ok(pinged.body.toString().split(': ping\n\n').length > 2, 'several comments');
      assert.equal(pinged.body.toString().replaceAll(': ping\n\n', ''), plain.body.toString());
    });
  });
});

describe('the ledger', () => {
  test('when it cannot be written nothing is sent and the gateway is not ready, until it can again', async () => {
    const upstream = await Upstream.start();
    const { bavail, bsize } = statfsSync(upstream.folder);
    const GiB = 1024 ** 3;
    const gateway = await Gateway.start({ upstream, yaml: `audit: {min_free_bytes: ${bavail * bsize - 2 * GiB}}` });
    const ballast = join(gateway.folder, 'ballast');
    try {
      assert.equal((await ask(gateway, PROMPT)).status, 200);
      assert.equal((await admin(gateway, '/readyz')).status, 200);
      execFileSync('fallocate', ['-l', String(4 * GiB), ballast]);
      await eventually(async () => (await admin(gateway, '/readyz')).status === 503, 'not ready');
      upstream.requests.length = 0;
      for (const text of ['nothing in it', PROMPT]) {
        const answer = await ask(gateway, text);
        assert.equal(answer.status, 503);
        assert.equal(answer.headers['x-should-retry'], 'true');
        assert.equal(JSON.parse(answer.body).error.code, 'audit_unavailable');
      }
      assert.equal(upstream.requests.length, 0);
      assert.equal((await admin(gateway, '/healthz')).status, 200);
      unlinkSync(ballast);
      await eventually(async () => (await admin(gateway, '/readyz')).status === 200, 'ready again');
      assert.equal((await ask(gateway, PROMPT)).status, 200);
    } finally {
      await gateway.stop();
      await upstream.stop();
    }
  });
  test('a gateway that finds it unwritable at the start says so and ends with 75', async () => {
    await withGateway({}, async (gateway) => {
      gateway.process.kill('SIGTERM');
      await gateway.exited;
      appendFileSync(gateway.configFile, '\naudit: {min_free_bytes: 1024GiB}\n');
      const refused = await command(PROGRAM, ['serve', '--config', gateway.configFile], { limit: 10_000 });
      assert.equal(refused.code, 75, refused.output);
      assert.match(refused.output, /the ledger cannot be written: the disk of the ledger is almost full/);
    });
  });
  test('a second gateway on the same data folder says why and ends', async () => {
    await withGateway({}, async (gateway) => {
      const second = await command(PROGRAM, ['serve', '--config', gateway.configFile], { limit: 10_000 });
      assert.ok([2, 75].includes(second.code), `exit code ${second.code}: ${second.output}`);
      assert.match(second.output, new RegExp(`in use.*${gateway.process.pid}`));
      assert.equal((await ask(gateway, 'still there')).status, 200);
    });
  });
  test('a gateway that starts again goes on in the same ledger', async () => {
    await withGateway({}, async (gateway) => {
      const exchanges = (records) => records.filter((r) => r.kind === 'completion').length;
      await ask(gateway, 'before');
      const ca = gateway.ca;
      gateway.process.kill('SIGTERM');
      assert.equal(await gateway.exited, 0);
      await gateway.launch();
      assert.equal(gateway.ca, ca, 'with the same CA');
      await ask(gateway, 'after');
      const records = await gateway.ledgerUntil((all) => exchanges(all) === 2);
      assert.deepEqual(records.map((r) => r.kind), ['start', 'decision', 'completion', 'stop', 'start', 'decision', 'completion']);
      records.forEach((r, i) => assert.equal(r.seq, i));
    });
  });
});
