// Requests that two parsers could read in two ways are refused, never repaired: nothing of them, and
// nothing that follows them, reaches the provider. Each leaves a record.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Gateway } from '../support/gateway.mjs';
import { intercepted, until } from '../support/raw.mjs';
import { RawUpstream } from '../support/raw_upstream.mjs';

const HOST = 'api.openai.com';
const BODY = '{"messages":[]}';
const SMUGGLED = `GET /v1/smuggled HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
const fields = (...more) => ['POST /v1/chat/completions HTTP/1.1', `Host: ${HOST}`, 'Content-Type: application/json', ...more];
const request = (...more) => `${fields(...more).join('\r\n')}\r\n\r\n${BODY}`;
const chunked = (body, ...more) => `${fields('Transfer-Encoding: chunked', ...more).join('\r\n')}\r\n\r\n${body}`;
const N = BODY.length;

let upstream, gateway;
before(async () => {
  upstream = await RawUpstream.start();
  gateway = await Gateway.start({ connectTo: { [`${HOST}:443`]: upstream.address }, extraCa: [upstream.caFile],
    yaml: 'limits: {max_body_bytes: 1MiB}' });
});
after(async () => {
  await gateway?.stop();
  await upstream?.stop();
});

const refusals = () => gateway.ledger().filter((r) => r.kind === 'refusal' || (r.kind === 'decision' && r.decision.action === 'block')).length;

/** Sends the bytes and something smuggled behind them. Resolves to all that came back. */
async function send(bytes) {
  const socket = await intercepted(gateway, HOST);
  socket.write(Buffer.from(bytes + SMUGGLED, 'latin1'));
  return until(socket, null, 5000);
}

const VECTORS = {
  'length and chunked': request(`Content-Length: ${N}`, 'Transfer-Encoding: chunked'),
  'chunked and length': request('Transfer-Encoding: chunked', `Content-Length: ${N}`),
  'two lengths that differ': request(`Content-Length: ${N}`, 'Content-Length: 3'),
  'two lengths that agree': request(`Content-Length: ${N}`, `Content-Length: ${N}`),
  'a list of lengths': request(`Content-Length: ${N}, ${N}`),
  'a signed length': request(`Content-Length: +${N}`),
  'a negative length': request('Content-Length: -1'),
  'a hexadecimal length': request('Content-Length: 0xf'),
  'a length with a point': request(`Content-Length: ${N}.0`),
  'a length beyond 64 bits': request('Content-Length: 18446744073709551631'),
  'an empty length': request('Content-Length:'),
  'a length in two words': request('Content-Length: 1 5'),
  'a length over the limit': request('Content-Length: 9999999'),
  'chunked twice': chunked('0\r\n\r\n', 'Transfer-Encoding: chunked'),
  'chunked, then identity': request('Transfer-Encoding: chunked, identity'),
  'identity only': request('Transfer-Encoding: identity'),
  'gzip, chunked': request('Transfer-Encoding: gzip, chunked'),
  'a word like chunked': request('Transfer-Encoding: xchunked'),
  'chunked in quotes': request('Transfer-Encoding: "chunked"'),
  'chunked behind a vertical tab': request('Transfer-Encoding: \x0bchunked'),
  'a space before the colon': request('Transfer-Encoding : chunked'),
  'a tab before the colon': request('Content-Length\t: 3', `Content-Length: ${N}`),
  'chunked in HTTP/1.0': chunked('0\r\n\r\n').replace('HTTP/1.1', 'HTTP/1.0'),
  'a folded field': request(`Content-Length:\r\n ${N}`),
  'a first field that begins with a space': `POST / HTTP/1.1\r\n Host: ${HOST}\r\nContent-Length: ${N}\r\n\r\n${BODY}`,
  'bare line feeds': `${fields(`Content-Length: ${N}`).join('\n')}\n\n${BODY}`,
  'one bare line feed': request(`X-A: b\nContent-Length: ${N}`),
  'a carriage return in a value': request(`X-A: b\rc`, `Content-Length: ${N}`),
  'a NUL in a value': request('X-A: b\0c', `Content-Length: ${N}`),
  'a NUL in a name': request('X-\0A: b', `Content-Length: ${N}`),
  'an empty name': request(': b', `Content-Length: ${N}`),
  'no colon': request('nonsense', `Content-Length: ${N}`),
  'a name with a bracket': request('X(A): b', `Content-Length: ${N}`),
  'a name beyond ASCII': request('X-\xe4: b', `Content-Length: ${N}`),
  'two hosts': request('Host: api.openai.com', `Content-Length: ${N}`),
  'no host': `POST / HTTP/1.1\r\nContent-Length: ${N}\r\n\r\n${BODY}`,
  'a host with a user': request(`Content-Length: ${N}`).replace(`Host: ${HOST}`, `Host: a@${HOST}`),
  'no version': `POST /v1/chat/completions\r\nHost: ${HOST}\r\n\r\n`,
  'an unknown version': request(`Content-Length: ${N}`).replace('HTTP/1.1', 'HTTP/1.9'),
  'a version of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'two spaces in the request line': request(`Content-Length: ${N}`).replace('POST ', 'POST  '),
  'a control character in the target': request(`Content-Length: ${N}`).replace('/v1/', '/\x01/'),
  'a target without a slash': request(`Content-Length: ${N}`).replace('/v1/', 'v1/'),
  'a lower-case method with a separator': request(`Content-Length: ${N}`).replace('POST', 'PO,ST'),
  'a signed chunk size': chunked(`+f\r\n${BODY}\r\n0\r\n\r\n`),
  'a prefixed chunk size': chunked(`0xf\r\n${BODY}\r\n0\r\n\r\n`),
  'a chunk size with a space before': chunked(` f\r\n${BODY}\r\n0\r\n\r\n`),
  'an empty chunk size': chunked(`\r\n${BODY}\r\n0\r\n\r\n`),
  'a chunk size beyond 64 bits': chunked(`1000000000000000f\r\n${BODY}\r\n0\r\n\r\n`),
  'a chunk longer than it says': chunked(`5\r\n${BODY}\r\n0\r\n\r\n`),
  'a chunk that ends with a bare line feed': chunked(`f\r\n${BODY}\n0\r\n\r\n`),
  'a chunk size that ends with a bare line feed': chunked(`f\n${BODY}\r\n0\r\n\r\n`),
  'a line feed in a chunk extension': chunked(`f;a\nb\r\n${BODY}\r\n0\r\n\r\n`),
  'an endless chunk extension': chunked(`f;${'a'.repeat(5000)}\r\n${BODY}\r\n0\r\n\r\n`),
  'a folded trailer': chunked(`f\r\n${BODY}\r\n0\r\nX-A: b\r\n c\r\n\r\n`),
  'endless trailers': chunked(`f\r\n${BODY}\r\n0\r\n${'X-A: b\r\n'.repeat(5000)}\r\n`),
  'a head beyond the limit': request(`X-A: ${'a'.repeat(100_000)}`, `Content-Length: ${N}`),
  'too many fields': request(...Array.from({ length: 2000 }, (_, i) => `X-${i}: a`), `Content-Length: ${N}`),
  'a target beyond the limit': request(`Content-Length: ${N}`).replace('/v1/', `/${'a'.repeat(40_000)}/`),
};

describe('inside TLS', () => {
  for (const [name, bytes] of Object.entries(VECTORS)) {
    test(name, async () => {
      const before = upstream.bytes, recorded = refusals();
      const answer = await send(bytes);
      assert.equal(upstream.bytes - before, 0, 'the provider got something');
      assert.match(answer, /^HTTP\/1\.1 (4\d\d|50[15]) /, `answered: ${answer.slice(0, 200)}`);
      assert.equal(answer.match(/HTTP\/1\.1 /g).length, 1, `one answer, then the end: ${answer}`);
      const deadline = Date.now() + 2000;
      while (refusals() === recorded && Date.now() < deadline) await new Promise((done) => setTimeout(done, 20));
      assert.equal(refusals() - recorded, 1, 'a record');
    });
  }
  test('the rig itself: a proper request arrives, and so does the one behind it', async () => {
    const before = upstream.bytes;
    const answer = await send(request(`Content-Length: ${N}`));
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.ok(upstream.bytes > before);
  });
});

describe('names must agree', () => {
  const proper = (host) => `POST /v1/chat/completions HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-Length: ${N}\r\n\r\n${BODY}`;
  const ask = async (bytes, options) => {
    const socket = await intercepted(gateway, HOST, { anyName: true, ...options });
    socket.write(bytes);
    const answer = await until(socket, /\r\n\r\n[^]*\}/, 3000);
    socket.destroy();
    return answer;
  };
  for (const [name, bytes, options] of [
    ['Host names another governed host', proper('api.anthropic.com')],
    ['Host names a host that is not governed', proper('example.com')],
    ['SNI names another governed host', proper(HOST), { servername: 'api.anthropic.com' }],
    ['SNI names a host that is not governed', proper(HOST), { servername: 'example.com' }],
    ['an absolute target names another host', proper(HOST).replace('/v1/', 'https://api.anthropic.com/v1/')],
  ]) {
    test(name, async () => {
      const before = upstream.bytes, recorded = refusals();
      assert.match(await ask(bytes, options), /^HTTP\/1\.1 (421|400) /);
      assert.equal(upstream.bytes - before, 0);
      assert.equal(refusals() - recorded, 1, 'a record');
    });
  }
  for (const [name, host] of [['without a port', HOST], ['with the port', `${HOST}:443`], ['in capitals', HOST.toUpperCase()], ['with a dot behind it', `${HOST}.`]]) {
    test(`the same host ${name} is the same host`, async () => {
      assert.match(await ask(proper(host)), /^HTTP\/1\.1 200 /);
    });
  }
});

test('CONNECT inside TLS gets 405 and nothing leaves', async () => {
  const before = upstream.bytes;
  const socket = await intercepted(gateway, HOST);
  socket.write(`CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  assert.match(await until(socket, /\r\n\r\n/, 3000), /^HTTP\/1\.1 405 /);
  assert.equal(upstream.bytes - before, 0);
  socket.destroy();
});

describe('WebSocket', () => {
  test('an upgrade gets 426 and nothing leaves', async () => {
    const before = upstream.bytes;
    const socket = await intercepted(gateway, HOST);
    socket.write(`GET /v1/responses HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
    assert.match(await until(socket, /\r\n\r\n/, 3000), /^HTTP\/1\.1 426 /);
    assert.equal(upstream.bytes - before, 0);
    socket.destroy();
  });
});

describe('the proxy listener itself', () => {
  const ask = async (bytes) => {
    const socket = net.connect(gateway.ports.proxy, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(Buffer.from(bytes, 'latin1'));
    const answer = await until(socket, null, 5000);
    socket.destroy();
    return answer;
  };
  for (const target of ['127.0.0.1:22', 'localhost:443', '[::1]:443', '10.0.0.1:443', '192.168.1.1:443', '172.16.0.1:443', '169.254.169.254:443', '[fe80::1]:443',
    '[fd00::1]:443', '[::ffff:127.0.0.1]:443', '[64:ff9b::7f00:1]:443', '0.0.0.0:443', '100.64.0.1:443', '127.1:443', '2130706433:443', '0x7f000001:443']) {
    test(`CONNECT ${target} is refused`, async () => {
      assert.match(await ask(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`), /^HTTP\/1\.1 (400|403|502) /);
    });
  }
  for (const [name, bytes] of Object.entries({
    'CONNECT and Host name different hosts': `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: api.anthropic.com:443\r\n\r\n`,
    'CONNECT without a port': `CONNECT ${HOST} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    'CONNECT to port 0': `CONNECT ${HOST}:0 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    'CONNECT to port 65536': `CONNECT ${HOST}:65536 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    'CONNECT with a body': `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 3\r\n\r\nabc`,
    'CONNECT with a URL': `CONNECT https://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    'CONNECT with a NUL in the host': `CONNECT ${HOST}\0.example:443 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    'an origin-form request': `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    'a prompt in plain HTTP to a governed host': `POST http://${HOST}/v1/chat/completions HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${N}\r\n\r\n${BODY}`,
    'not HTTP at all': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',
  })) {
    test(`${name} is refused`, async () => {
      const before = upstream.bytes;
      assert.match(await ask(bytes), /^HTTP\/1\.1 (4\d\d|505) /);
      assert.equal(upstream.bytes - before, 0);
    });
  }
});
