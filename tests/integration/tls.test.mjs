// What the gateway shows to clients: certificates that strict validators accept, nothing older than
// TLS 1.2, no key that others can read. The judges are OpenSSL's command line, Node and Python.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { command } from '../support/command.mjs';
import { Gateway } from '../support/gateway.mjs';
import { HttpReader, intercepted, post, until } from '../support/raw.mjs';
import { Upstream } from '../support/upstream.mjs';

const HOST = 'api.openai.com';
const DAY = 24 * 60 * 60 * 1000;
const BODY = JSON.stringify({ model: 'm', messages: [{ role: 'user', content: 'all is well' }] });

let upstream, gateway;
before(async () => {
  upstream = await Upstream.start();
  gateway = await Gateway.start({ upstream });
});
after(async () => {
  await gateway?.stop();
  await upstream?.stop();
});

const openssl = (args, options) => command('openssl', args, { limit: 20_000, ...options });
const client = (...more) => openssl(['s_client', '-proxy', `127.0.0.1:${gateway.ports.proxy}`, '-connect', `${HOST}:443`,
  '-CAfile', gateway.caFile, '-verify_return_error', '-x509_strict', '-verify_hostname', HOST, ...more], { input: '' });

/** The TCP connection after CONNECT, TLS not yet begun. */
async function connected(host = HOST) {
  const socket = net.connect(gateway.ports.proxy, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`CONNECT ${host}:443 HTTP/1.1\r\nHost: ${host}:443\r\n\r\n`);
  assert.match(await until(socket, /\r\n\r\n/), /^HTTP\/1\.1 200 /);
  return socket;
}
/** Resolves to the negotiated connection, or the error. */
async function handshake(options = {}) {
  const socket = await connected();
  return new Promise((done) => {
    const secure = tls.connect({ socket, servername: HOST, ca: gateway.ca, ...options });
    secure.once('secureConnect', () => done(secure));
    secure.on('error', done);
  });
}

describe('the certificate', () => {
  for (const [name, args] of Object.entries({ 'TLS 1.3': ['-servername', HOST, '-tls1_3'], 'TLS 1.2': ['-servername', HOST, '-tls1_2'], 'no server name': ['-noservername'] })) {
    test(`verifies under OpenSSL's strict rules: ${name}`, async () => {
      assert.match((await client(...args)).output, /Verify return code: 0 \(ok\)/);
    });
  }
  test('leaf and CA stand `openssl verify` for a TLS server', async () => {
    const answer = await client('-servername', HOST, '-showcerts');
    const leaf = join(gateway.folder, 'leaf.pem');
    writeFileSync(leaf, /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n/.exec(answer.out)[0]);
    const verified = await openssl(['verify', '-x509_strict', '-purpose', 'sslserver', '-check_ss_sig', '-verify_hostname', HOST, '-CAfile', gateway.caFile, leaf]);
    assert.equal(verified.code, 0, verified.output);
    const other = await openssl(['verify', '-x509_strict', '-verify_hostname', 'api.anthropic.com', '-CAfile', gateway.caFile, leaf]);
    assert.notEqual(other.code, 0, 'for no other name');
  });
  test('a leaf lives for 7 days at most, names one host, and has a serial of its own', async () => {
    const seen = new Set();
    for (const host of [HOST, 'api.anthropic.com']) {
      const secure = await intercepted(gateway, host);
      const leaf = new X509Certificate(secure.getPeerCertificate().raw);
      const from = Date.parse(leaf.validFrom), to = Date.parse(leaf.validTo);
      assert.ok(to - from <= 7 * DAY, `${(to - from) / DAY} days`);
      assert.ok(from <= Date.now() && to > Date.now());
      assert.equal(leaf.subjectAltName, `DNS:${host}`);
      assert.equal(leaf.ca, false);
      assert.ok(BigInt(`0x${leaf.serialNumber}`).toString(2).length > 64, 'a long serial');
      seen.add(leaf.serialNumber);
      secure.destroy();
    }
    assert.equal(seen.size, 2);
  });
  test('the CA may only sign for governed hosts, and no further CA', async () => {
    const text = execFileSync('openssl', ['x509', '-in', gateway.caFile, '-noout', '-text'], { encoding: 'utf8' });
    assert.match(text, /X509v3 Name Constraints: critical/);
    assert.match(text, /DNS:openai\.com/);
    assert.match(text, /CA:TRUE, pathlen:0/);
    assert.match(text, /X509v3 Basic Constraints: critical/);
    assert.match(text, /X509v3 Key Usage: critical\s+Certificate Sign/);
    assert.match(text, /X509v3 Subject Key Identifier/);
  });
  test('the keys are the owner\'s alone', () => {
    for (const file of ['ca/ca.key', 'pseudonym.key']) assert.equal(statSync(join(gateway.dataDir, file)).mode & 0o777, 0o600, file);
    assert.equal(statSync(join(gateway.dataDir, 'ca')).mode & 0o077, 0);
    assert.ok(!readFileSync(gateway.caFile, 'utf8').includes('PRIVATE'));
  });
  test('Python with VERIFY_X509_STRICT takes it', async () => {
    const script = `
import socket, ssl, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
s.sendall(b"CONNECT ${HOST}:443 HTTP/1.1\\r\\nHost: ${HOST}:443\\r\\n\\r\\n")
assert s.recv(4096).startswith(b"HTTP/1.1 200")
c = ssl.create_default_context(cafile=sys.argv[2])
c.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
t = c.wrap_socket(s, server_hostname="${HOST}")
print(t.version())
`;
    const answer = await command('python3', ['-c', script, String(gateway.ports.proxy), gateway.caFile], { env: { HOME: process.env.HOME }, limit: 20_000 });
    assert.match(answer.output, /^TLSv1\.[23]$/m);
  });
});

describe('what is negotiated', () => {
  // s_client names the alert, so that it is the gateway that refuses and not the local library.
  for (const version of ['-tls1', '-tls1_1']) {
    test(`openssl s_client ${version} is refused`, async () => {
      assert.match((await client(version, '-cipher', 'ALL:@SECLEVEL=0')).output, /alert protocol version/);
    });
  }
  for (const cipher of ['ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384', 'ECDHE-RSA-AES128-SHA256', 'ECDHE-ECDSA-AES128-CCM', 'AES128-SHA', 'AES256-GCM-SHA384', 'DHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-NULL-SHA']) {
    test(`the cipher ${cipher} is refused`, async () => {
      assert.match((await client('-tls1_2', '-cipher', `${cipher}:@SECLEVEL=0`)).output, /alert handshake failure/);
    });
  }
  test('a client that only speaks h2 is told so by an alert', async () => {
    const error = await handshake({ ALPNProtocols: ['h2'] });
    assert.ok(error instanceof Error);
    assert.match(`${error.code} ${error.message}`, /NO_APPLICATION_PROTOCOL/i);
  });
  for (const [offered, chosen] of [[['http/1.1'], 'http/1.1'], [['h2', 'http/1.1'], 'http/1.1'], [undefined, false]]) {
    test(`ALPN ${offered ?? 'none'} works`, async () => {
      const secure = await handshake({ ALPNProtocols: offered });
      assert.equal(secure.alpnProtocol, chosen);
      const reader = new HttpReader(secure);
      secure.write(post('/v1/chat/completions', HOST, BODY));
      assert.equal((await reader.next()).status, 200);
      secure.destroy();
    });
  }
  test('a client that does not trust the CA ends the handshake, and nothing was sent', async () => {
    const arrived = upstream.requests.length;
    const error = await handshake({ ca: [] });
    assert.ok(error instanceof Error, 'refused by the client');
    assert.equal(upstream.requests.length, arrived);
    // The log says what to do about it.
    const deadline = Date.now() + 3000;
    while (!gateway.output.includes('client_tls_failed') && Date.now() < deadline) await new Promise((done) => setTimeout(done, 20));
    assert.match(gateway.output, /client_tls_failed.*customhouse env/);
    // And the ledger that somebody tried.
    const tried = (record) => record.kind === 'refusal' && record.reason === 'client_tls_failed' && record.destination?.host === HOST;
    assert.ok((await gateway.ledgerUntil((all) => all.some(tried))).some(tried), 'a record');
  });
  test('renegotiation is refused', async () => {
    const answer = await openssl(['s_client', '-proxy', `127.0.0.1:${gateway.ports.proxy}`, '-connect', `${HOST}:443`, '-servername', HOST, '-tls1_2', '-CAfile', gateway.caFile], { input: 'R\n' });
    assert.match(answer.output, /no renegotiation/i);
  });
});

test('fifty first connections at once, to hosts that were never asked for, all work', async () => {
  const fresh = await Gateway.start({ upstream });
  try {
    const answers = await Promise.all(Array.from({ length: 50 }, async (_, i) => {
      const host = [HOST, 'api.anthropic.com', 'api.deepseek.com', 'api.mistral.ai', 'openrouter.ai'][i % 5];
      const secure = await intercepted(fresh, host);
      const reader = new HttpReader(secure);
      secure.write(post(host === 'api.anthropic.com' ? '/v1/messages' : '/v1/chat/completions', host, BODY));
      const { status } = await reader.next(20_000);
      secure.destroy();
      return status;
    }));
    assert.deepEqual(new Set(answers), new Set([200]));
  } finally {
    await fresh.stop();
  }
});
