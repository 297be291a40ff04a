// SIGHUP takes over policies as a whole or not at all; SIGTERM lets running answers finish.
import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Gateway, SOURCE } from '../support/gateway.mjs';
import { HttpReader, intercepted, post, until } from '../support/raw.mjs';
import { Upstream } from '../support/upstream.mjs';
import { MAIL } from '../support/values.mjs';

const HOST = 'api.openai.com', PATH = '/v1/chat/completions';
const policy = (action) => `version: 1
name: house-rules
detectors: [${SOURCE}/config/policies/detectors/contact.yaml]
rules: [{id: mail-addresses, types: EMAIL_ADDRESS, action: ${action}}]
`;
const chat = (more = {}) => JSON.stringify({ model: 'm', ...more, messages: [{ role: 'user', content: `write to ${MAIL}, at length: ${'and so on '.repeat(30)}` }] });

let upstream, file;
before(async () => {
  upstream = await Upstream.start();
  file = join(mkdtempSync(join(tmpdir(), 'customhouse-policy-')), 'policy.yaml');
});
after(() => upstream?.stop());

async function connect(gateway) {
  const socket = await intercepted(gateway, HOST);
  return { socket, reader: new HttpReader(socket), ask(body, headers) { socket.write(post(PATH, HOST, body, headers)); return this.reader.next(); } };
}
const output = (gateway, pattern) => eventually(() => pattern.test(gateway.output), () => gateway.output);
async function eventually(test, explain) {
  const deadline = Date.now() + 5000;
  while (!await test()) {
    if (Date.now() > deadline) assert.fail(`in vain: ${explain()}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

test('SIGHUP: a good policy is taken over on kept connections, a bad one changes nothing and says why', async () => {
  writeFileSync(file, policy('redact'));
  const gateway = await Gateway.start({ upstream, policies: [file] });
  try {
    const client = await connect(gateway);
    assert.equal((await client.ask(chat())).status, 200);

    writeFileSync(file, policy('block'));
    gateway.hup();
    let last;
    await eventually(async () => (last = await client.ask(chat())).status === 400, () => String(last.body));
    assert.match(last.body.toString(), /mail-addresses/);

    gateway.output = '';
    writeFileSync(file, policy('redact').replace('version: 1', 'version: 1\nsurprise: yes'));
    gateway.hup();
    await output(gateway, /policy\.yaml:2/);
    assert.equal((await client.ask(chat())).status, 400);

    writeFileSync(file, policy('allow'));
    gateway.hup();
    await eventually(async () => (last = await client.ask(chat())).status === 200, () => String(last.body));
    const policies = new Set(gateway.ledger().filter((r) => r.kind === 'decision').map((r) => r.decision.policy));
    assert.equal(policies.size, 3, 'each decision names the policy it was made by');
    client.socket.destroy();
  } finally {
    await gateway.stop();
  }
});

test('SIGTERM: a running stream comes to its end, new connections are refused, the process ends with 0', async () => {
  const gateway = await Gateway.start({ upstream });
  const client = await connect(gateway), idle = await connect(gateway);
  assert.equal((await idle.ask(chat())).status, 200);
  client.socket.write(post(PATH, HOST, chat({ stream: true }), { 'x-test': 'slow' }));
  await until(client.socket, /data: /);
  gateway.process.kill('SIGTERM');
  await eventually(() => idle.reader.closed, () => 'the idle connection is open');
  await assert.rejects(intercepted(gateway, HOST));
  const answer = await client.reader.next();
  assert.ok(answer.complete);
  assert.ok(answer.body.toString().endsWith('data: [DONE]\n\n'));
  assert.equal(await gateway.exited, 0);
  const records = gateway.ledger(), decisions = records.filter((r) => r.kind === 'decision');
  for (const decision of decisions) assert.ok(records.some((r) => r.kind === 'completion' && r.exchange === decision.exchange));
  await gateway.stop();
});

test('SIGTERM: what does not end in time is cut off visibly, and has its completion', async () => {
  const gateway = await Gateway.start({ upstream, yaml: 'timeouts: {drain: 200ms}' });
  const client = await connect(gateway);
  upstream.handler = (_, response) => { response.writeHead(200, { 'content-type': 'text/event-stream' }); response.write('data: {"choices":[]}\n\n'); return true; };
  client.socket.write(post(PATH, HOST, chat({ stream: true })));
  await until(client.socket, /data: /);
  const begun = Date.now();
  gateway.process.kill('SIGTERM');
  const answer = await client.reader.next();
  upstream.handler = undefined;
  assert.equal(answer.complete, false);
  await gateway.exited;
  assert.ok(Date.now() - begun < 5000);
  const records = gateway.ledger();
  for (const decision of records.filter((r) => r.kind === 'decision')) assert.ok(records.some((r) => r.kind === 'completion' && r.exchange === decision.exchange));
  await gateway.stop();
});
