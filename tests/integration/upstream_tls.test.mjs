// A provider that cannot prove who it is, or speaks no proper TLS, gets no byte of a prompt; the
// client gets a clear error, the ledger both records.
import assert from 'node:assert/strict';
import net from 'node:net';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeLeaf, makeRoot } from '../support/certificates.mjs';
import { Gateway } from '../support/gateway.mjs';
import { HttpReader, intercepted, post } from '../support/raw.mjs';
import { RawUpstream } from '../support/raw_upstream.mjs';
import { MAIL } from '../support/values.mjs';

const HOST = 'api.openai.com';
const folder = mkdtempSync(join(tmpdir(), 'customhouse-bad-tls-'));
const root = makeRoot(join(folder, 'trusted'));
const stranger = makeRoot(join(folder, 'stranger'), 'Stranger root');

async function ask(gateway) {
  const socket = await intercepted(gateway, HOST);
  const reader = new HttpReader(socket);
  socket.write(post('/v1/chat/completions', HOST, JSON.stringify({ model: 'm', messages: [{ role: 'user', content: `to ${MAIL}` }] })));
  const answer = await reader.next();
  socket.destroy();
  return answer;
}

async function refuses(upstream, extraCa = [root.cert]) {
  const gateway = await Gateway.start({ connectTo: { [`${HOST}:443`]: upstream.address }, extraCa });
  try {
    await refusesThrough(gateway, upstream);
  } finally {
    await gateway.stop();
    await upstream.stop();
  }
}

async function refusesThrough(gateway, upstream) {
  const answer = await ask(gateway);
  assert.ok(answer, 'there is an answer');
  assert.ok(answer.status === 502 || answer.status === 504, `${answer.status} ${answer.body}`);
  const error = JSON.parse(answer.body).error;
  assert.ok(error.message.length > 10, 'the error says something');
  assert.ok(!answer.body.includes(MAIL));
  assert.equal(upstream.bytes, 0, 'application bytes arrived');
  const records = await gateway.ledgerUntil((all) => all.some((r) => r.kind === 'completion'));
  const decision = records.find((r) => r.kind === 'decision'), completion = records.find((r) => r.kind === 'completion');
  assert.ok(decision && completion, JSON.stringify(records));
  assert.equal(decision.exchange, completion.exchange);
  assert.equal(completion.response.status, answer.status);
}

const leaf = (name, signer, hosts, options = {}) => makeLeaf(folder, signer, hosts, { name, ...options });

test('the rig itself: a good certificate gets the prompt', async () => {
  const upstream = await RawUpstream.start({ root, leaf: leaf('good', root, [HOST]) });
  const gateway = await Gateway.start({ connectTo: { [`${HOST}:443`]: upstream.address }, extraCa: [root.cert] });
  assert.equal((await ask(gateway)).status, 200);
  assert.ok(upstream.bytes > 0);
  await gateway.stop();
  await upstream.stop();
});
test('an expired certificate', async () => refuses(await RawUpstream.start({ root, leaf: leaf('expired', root, [HOST], { days: -1 }) })));
test('a self-signed certificate', async () => refuses(await RawUpstream.start({ root, leaf: leaf('self-signed', null, [HOST]) })));
test('a certificate for another name', async () => refuses(await RawUpstream.start({ root, leaf: leaf('wrong-name', root, ['api.openai.com.example', 'openai.com']) })));
test('a certificate of a root that nobody named', async () => refuses(await RawUpstream.start({ root, leaf: leaf('stranger', stranger, [HOST]) })));
test('no TLS newer than 1.1', async () => refuses(await RawUpstream.start({ root, leaf: leaf('old', root, [HOST]), tls: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } })));

test('a certificate of our own interception CA, even where extra_ca names it', async () => {
  const gateway = await Gateway.start({ connectTo: {}, extraCa: [] });
  const own = { cert: join(gateway.dataDir, 'ca/ca.pem'), key: join(gateway.dataDir, 'ca/ca.key') };
  const upstream = await RawUpstream.start({ root, leaf: leaf('own-ca', own, [HOST]) });
  gateway.process.kill('SIGTERM');
  await gateway.exited;
  const again = await Gateway.start({ folder: gateway.folder, connectTo: { [`${HOST}:443`]: upstream.address }, extraCa: [root.cert, own.cert] });
  try {
    await refusesThrough(again, upstream);
  } finally {
    await again.stop();
    await upstream.stop();
  }
});

/** A TCP server that does as told with each connection; shaped like an upstream. */
async function tcp(behave) {
  const sockets = new Set();
  const server = net.createServer((socket) => { sockets.add(socket); socket.on('error', () => {}); behave(socket); });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { bytes: 0, address: `127.0.0.1:${server.address().port}`, stop: () => { sockets.forEach((s) => s.destroy()); return new Promise((done) => server.close(done)); } };
}
test('a server that hangs up in the handshake', async () => refuses(await tcp((socket) => socket.destroy())));
test('a server that speaks plain HTTP', async () => refuses(await tcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'))));
test('nobody listens', async () => {
  const upstream = await tcp(() => {});
  await upstream.stop();
  await refuses({ bytes: 0, address: upstream.address, stop: async () => {} });
});
test('a server that never finishes the handshake', async () => {
  const upstream = await tcp(() => {});
  const gateway = await Gateway.start({ connectTo: { [`${HOST}:443`]: upstream.address }, extraCa: [root.cert], upstreamYaml: '  connect_timeout: 300ms\n  handshake_timeout: 300ms' });
  try {
    await refusesThrough(gateway, upstream);
  } finally {
    await gateway.stop();
    await upstream.stop();
  }
});
