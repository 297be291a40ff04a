// What is passed on unread: only to hosts that are not governed, whatever the bytes inside say.
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { makeLeaf, makeRoot } from '../support/certificates.mjs';
import { Gateway } from '../support/gateway.mjs';
import { until } from '../support/raw.mjs';
import { RawUpstream } from '../support/raw_upstream.mjs';
import { MAIL } from '../support/values.mjs';

const UNLISTED = 'files.example.org', GOVERNED = 'api.openai.com';
let server, gateway, echo;
before(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'customhouse-tunnels-'));
  const root = makeRoot(folder);
  server = await RawUpstream.start({ root, leaf: makeLeaf(folder, root, [UNLISTED, GOVERNED]) });
  echo = net.createServer({ allowHalfOpen: true }, (socket) => { socket.on('error', () => {}); socket.pipe(socket); });
  await new Promise((done) => echo.listen(0, '127.0.0.1', done));
  gateway = await Gateway.start({ connectTo: { [`${UNLISTED}:443`]: server.address, [`${GOVERNED}:443`]: server.address }, extraCa: [root.cert],
    yaml: `tunnel: {allow_private_networks: true, ports: [443, ${echo.address().port}]}` });
});
after(async () => {
  await gateway?.stop();
  await server?.stop();
  await new Promise((done) => echo.close(done));
});

async function connect(target) {
  const socket = net.connect({ port: gateway.ports.proxy, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  return { socket, head: await until(socket, /\r\n\r\n/) };
}
function handshake(socket, servername) {
  return new Promise((done) => {
    const secure = tls.connect({ socket, servername, rejectUnauthorized: false });
    secure.once('secureConnect', () => done(secure));
    secure.once('error', () => done(null));
    socket.once('close', () => done(null));
  });
}
const refusals = () => gateway.ledger().filter((r) => r.kind === 'refusal');

describe('a tunnel to a host that is not governed', () => {
  test('carries TLS end to end: the server\'s own certificate, its own bytes', async () => {
    const { socket, head } = await connect(`${UNLISTED}:443`);
    assert.match(head, /^HTTP\/1\.1 200 /);
    const secure = await handshake(socket, UNLISTED);
    assert.ok(secure);
    assert.equal(secure.getPeerCertificate().issuer.CN, 'Test root');
    secure.write(`POST / HTTP/1.1\r\nHost: ${UNLISTED}\r\nContent-Length: ${MAIL.length}\r\n\r\n${MAIL}`);
    assert.match(await until(secure, /\{\}/), /^HTTP\/1\.1 200 /);
    secure.destroy();
  });
  for (const name of [GOVERNED, GOVERNED.toUpperCase(), 'chatgpt.com', 'api.anthropic.com']) {
    test(`is closed when TLS inside names ${name}`, async () => {
      const bytes = server.bytes, shaken = server.handshakes, recorded = refusals().length;
      const { socket, head } = await connect(`${UNLISTED}:443`);
      assert.match(head, /^HTTP\/1\.1 200 /);
      assert.equal(await handshake(socket, name), null, 'no TLS with the server');
      assert.equal(server.bytes - bytes, 0);
      assert.equal(server.handshakes - shaken, 0);
      const records = refusals();
      assert.equal(records.length - recorded, 1);
      assert.equal(records.at(-1).reason, 'governed_host_in_tunnel');
      assert.equal(records.at(-1).destination.host, name.toLowerCase());
    });
  }
  test('is closed when the governed name comes byte by byte', async () => {
    const shaken = server.handshakes;
    const { socket } = await connect(`${UNLISTED}:443`);
    // A ClientHello as Node makes it, taken from a socket that goes nowhere.
    const listener = net.createServer();
    await new Promise((done) => listener.listen(0, '127.0.0.1', done));
    const hello = await new Promise((done) => {
      listener.once('connection', (peer) => peer.once('data', (data) => { done(data); peer.destroy(); }));
      tls.connect({ port: listener.address().port, host: '127.0.0.1', servername: GOVERNED }).on('error', () => {});
    });
    listener.close();
    socket.setNoDelay(true);
    for (const byte of hello) {
      if (socket.destroyed) break;
      socket.write(Buffer.of(byte));
      await new Promise((done) => setImmediate(done));
    }
    const back = await until(socket, null, 3000);
    assert.equal(back, '');
    assert.equal(server.handshakes - shaken, 0);
    socket.destroy();
  });
  test('carries what is not TLS, and half-closes', async () => {
    const { socket, head } = await connect(`127.0.0.1:${echo.address().port}`);
    assert.match(head, /^HTTP\/1\.1 200 /);
    socket.end('hello over there\r\n');
    assert.equal(await until(socket, null), 'hello over there\r\n');
  });
  test('to a port that is not allowed is refused', async () => {
    const { head } = await connect(`${UNLISTED}:22`);
    assert.match(head, /^HTTP\/1\.1 403 /);
  });
});

test('with unlisted_hosts: deny it is refused and recorded', async () => {
  const strict = await Gateway.start({ connectTo: { [`${UNLISTED}:443`]: server.address }, yaml: 'unlisted_hosts: deny' });
  try {
    const socket = net.connect(strict.ports.proxy, '127.0.0.1');
    const connections = server.connections;
    socket.write(`CONNECT ${UNLISTED}:443 HTTP/1.1\r\nHost: ${UNLISTED}:443\r\n\r\n`);
    assert.match(await until(socket, null, 5000), /^HTTP\/1\.1 403 .*x-customhouse-error: tunnel_refused/s);
    assert.equal(server.connections, connections);
    assert.deepEqual(strict.ledger().filter((r) => r.kind === 'refusal').map((r) => [r.destination.host, r.reason]), [[UNLISTED, 'unlisted_host']]);
  } finally {
    await strict.stop();
  }
});
