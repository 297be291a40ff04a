// Bodies and clients that mean harm, or are broken: each gets a clear error and a record, none keeps
// the gateway from serving others, and no planted value leaves.
import assert from 'node:assert/strict';
import { createGzip, gzipSync } from 'node:zlib';
import net from 'node:net';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { CODINGS } from '../support/codings.mjs';
import { Gateway } from '../support/gateway.mjs';
import { HttpReader, intercepted, post, until } from '../support/raw.mjs';
import { Upstream } from '../support/upstream.mjs';
import { CARD, KEY, MAIL } from '../support/values.mjs';

const HOST = 'api.openai.com', PATH = '/v1/chat/completions';
const chat = (content) => JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] });

let upstream, gateway;
before(async () => {
  upstream = await Upstream.start();
  gateway = await Gateway.start({ upstream, yaml: 'timeouts: {head: 800ms, body: 800ms, handshake: 800ms, idle: 1s, write: 2s}' });
});
after(async () => {
  await gateway?.stop();
  await upstream?.stop();
});

async function ask(body, headers, host = HOST, path = PATH) {
  upstream.requests.length = 0;
  const socket = await intercepted(gateway, host);
  const reader = new HttpReader(socket);
  socket.write(post(path, host, body, headers));
  const answer = await reader.next(20_000);
  socket.destroy();
  return answer;
}
const records = () => gateway.ledger().filter((r) => r.kind === 'decision' || r.kind === 'refusal');
const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${gateway.process.pid}/status`, 'utf8'))[1]) / 1024;
async function stillServes() {
  const answer = await ask(chat(`hello ${MAIL}`));
  assert.equal(answer.status, 200);
  assert.ok(answer.body.includes(MAIL));
}

describe('bodies', () => {
  const deep = (n, inner) => `${'['.repeat(n)}${inner}${']'.repeat(n)}`;
  const withValues = (text) => text.replaceAll('MAIL', MAIL).replaceAll('CARD', CARD);
  for (const [name, body] of Object.entries({
    'not JSON': 'dear model, write to MAIL',
    'empty': '',
    'a lone string': '"MAIL"',
    'truncated JSON': '{"model":"m","messages":[{"role":"user","content":"MAIL',
    'rubbish behind the end': `${chat('MAIL')} {"content":"CARD"}`,
    'two documents': `${chat('MAIL')}${chat('CARD')}`,
    '10,000 deep': deep(10_000, '"MAIL"'),
    '10,000 deep and open': `${'[{"a":'.repeat(10_000)}"MAIL"`,
    'JSON in JSON, 200 times': Array.from({ length: 12 }).reduce((inner) => JSON.stringify({ a: inner }), 'MAIL'),
    'a lone high surrogate': '{"model":"m","messages":[{"role":"user","content":"\\ud83d MAIL"}]}',
    'a lone low surrogate': '{"model":"m","messages":[{"role":"user","content":"\\ude00 MAIL"}]}',
    'duplicate keys': '{"model":"m","messages":[],"messages":[{"role":"user","content":"MAIL","content":"CARD"}]}',
    'a byte order mark': `\ufeff${chat('MAIL')}`,
    'comments': `/* CARD */ ${chat('MAIL')} // CARD`,
    'single quotes': "{'model':'m','messages':[{'role':'user','content':'MAIL'}]}",
    'control characters in a string': '{"model":"m","messages":[{"role":"user","content":"a\u0001\n MAIL"}]}',
    'an unknown escape': '{"model":"m","messages":[{"role":"user","content":"\\x41 MAIL"}]}',
    'NaN': '{"model":"m","temperature":NaN,"messages":[{"role":"user","content":"MAIL"}]}',
    'a number of 100,000 digits': `{"model":"m","seed":${'9'.repeat(100_000)},"messages":[{"role":"user","content":"MAIL"}]}`,
    'a value as a number': '{"model":"m","metadata":{"card":4111111111111111},"messages":[{"role":"user","content":"MAIL"}]}',
    'a value as a key': '{"model":"m","metadata":{"MAIL":1},"messages":[{"role":"user","content":"CARD"}]}',
    'a value cut by escapes': `{"model":"m","messages":[{"role":"user","content":"${[...MAIL].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"}]}`,
  })) {
    test(name, async () => {
      const count = records().length;
      const answer = await ask(withValues(body));
      assert.ok(answer && (answer.status === 200 || (answer.status >= 400 && answer.status < 500)), `${answer?.status} ${answer?.body}`);
      if (answer.status !== 200) {
        assert.ok(JSON.parse(answer.body).error.message.length > 10);
        assert.equal(upstream.requests.length, 0);
      }
      const left = upstream.everything.replace(/\\u([0-9a-f]{4})/g, (_, h) => String.fromCharCode(parseInt(h, 16)));
      for (const value of [MAIL, CARD, '4111111111111111']) assert.ok(!left.includes(value), `${value.slice(0, 4)}… left: ${left.slice(0, 500)}`);
      assert.equal(records().length - count, 1, 'a record');
    });
  }
  for (const [name, bytes] of Object.entries({
    'invalid UTF-8': Buffer.concat([Buffer.from('{"model":"m","messages":[{"role":"user","content":"'), Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]), Buffer.from(` ${MAIL}"}]}`)]),
    'UTF-16': Buffer.from(chat(MAIL), 'utf16le'),
    'UTF-32': Buffer.from([...chat(MAIL)].flatMap((c) => [c.charCodeAt(0), 0, 0, 0])),
    'zeros': Buffer.alloc(1000),
  })) {
    test(name, async () => {
      const count = records().length;
      const answer = await ask(bytes);
      assert.ok(answer.status === 200 || answer.status === 400, `${answer.status}`);
      const left = Buffer.concat(upstream.requests.map((r) => r.body)).toString('latin1').replaceAll('\0', '');
      assert.ok(!left.includes(MAIL));
      assert.equal(records().length - count, 1, 'a record');
    });
  }
  for (const [name, type, body] of [
    ['plain text', 'text/plain', `write to ${MAIL}`],
    ['a form', 'application/x-www-form-urlencoded', `a=1&mail=${encodeURIComponent(MAIL)}&key=${KEY}`],
    ['multipart', 'multipart/form-data; boundary=x', `--x\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\ncontent-type: text/plain\r\n\r\n${MAIL} ${CARD}\r\n--x--\r\n`],
    ['multipart with a broken boundary', 'multipart/form-data; boundary=y', `--x\r\n\r\n${MAIL}\r\n`],
    ['an unknown type', 'application/x-secret', `\x00\x01 ${MAIL}`],
    ['no type', null, chat(MAIL)],
    ['JSON that says it is an image', 'image/png', chat(MAIL)],
    ['XML', 'application/xml', `<a mail="${MAIL}"/>`],
  ]) {
    test(`content of another kind: ${name}`, async () => {
      const count = records().length;
      const answer = await ask(body, { 'Content-Type': type }, HOST, '/v1/files');
      assert.ok(answer.status < 500, `${answer.status} ${answer.body}`);
      for (const value of [MAIL, encodeURIComponent(MAIL), CARD, KEY]) assert.ok(!upstream.everything.includes(value), `left: ${upstream.everything}`);
      assert.equal(records().length - count, 1, 'a record');
    });
  }
  test('the gateway still serves', stillServes);
});

describe('codings', () => {
  for (const [name, code] of Object.entries(CODINGS)) {
    test(`${name}, cut off`, async () => {
      const answer = await ask(code(Buffer.from(chat(MAIL))).subarray(0, -3), { 'Content-Encoding': name });
      assert.equal(answer.status, 400);
      assert.equal(upstream.requests.length, 0);
    });
    test(`${name}, with something behind it`, async () => {
      const answer = await ask(Buffer.concat([code(Buffer.from(chat('hello'))), Buffer.from(chat(MAIL))]), { 'Content-Encoding': name });
      assert.ok(answer.status === 400 || !upstream.everything.includes(MAIL));
    });
    test(`rubbish that says it is ${name}`, async () => {
      const answer = await ask(chat(MAIL), { 'Content-Encoding': name });
      assert.equal(answer.status, 400);
      assert.equal(upstream.requests.length, 0);
    });
  }
  test('a 1 GiB bomb: 413, and little memory', { timeout: 60_000 }, async () => {
    const parts = [];
    const bomb = createGzip({ level: 1 });
    bomb.on('data', (d) => parts.push(d));
    const zeros = Buffer.alloc(1 << 22, '0');
    for (let i = 0; i < 256; i++) if (!bomb.write(zeros)) await new Promise((done) => bomb.once('drain', done));
    await new Promise((done) => { bomb.once('end', done); bomb.end(); });
    const before = resident(), count = records().length;
    const answer = await ask(Buffer.concat(parts), { 'Content-Encoding': 'gzip' });
    assert.equal(answer.status, 413);
    assert.equal(upstream.requests.length, 0);
    assert.equal(records().length - count, 1, 'a record');
    assert.ok(resident() - before < 200, `${resident() - before} MiB more`);
  });
  test('bombs inside bombs', async () => {
    const answer = await ask(gzipSync(gzipSync(Buffer.alloc(50 << 20))), { 'Content-Encoding': 'gzip, gzip' });
    assert.ok([400, 413, 415].includes(answer.status), `${answer.status}`);
    assert.equal(upstream.requests.length, 0);
  });
});

describe('slow and half-closed clients', () => {
  /** Writes a byte at a time until the other side ends it; resolves to [what came back, ms]. */
  async function drip(socket, bytes) {
    const begun = Date.now();
    let open = true;
    socket.on('close', () => { open = false; });
    const answer = until(socket, null, 10_000);
    answer.then(() => { open = false; });
    for (let i = 0; open && i < bytes.length; i++) {
      socket.write(bytes.subarray(i, i + 1));
      await new Promise((done) => setTimeout(done, 50));
    }
    const text = await answer;
    socket.destroy();
    return [text, Date.now() - begun];
  }
  test('a head byte by byte', async () => {
    upstream.requests.length = 0;
    const [text, ms] = await drip(await intercepted(gateway, HOST), post(PATH, HOST, chat(MAIL)));
    assert.match(text, /^(HTTP\/1\.1 408 |$)/);
    assert.ok(ms < 5000, `${ms} ms`);
    assert.equal(upstream.requests.length, 0);
  });
  test('a body byte by byte', async () => {
    upstream.requests.length = 0;
    const bytes = post(PATH, HOST, chat(MAIL.repeat(10))), head = bytes.indexOf('\r\n\r\n') + 4;
    const socket = await intercepted(gateway, HOST);
    socket.write(bytes.subarray(0, head));
    const count = records().length;
    const [text, ms] = await drip(socket, bytes.subarray(head));
    assert.match(text, /^HTTP\/1\.1 408 /);
    assert.ok(ms < 5000, `${ms} ms`);
    assert.equal(upstream.requests.length, 0);
    assert.equal(records().length - count, 1, 'a record');
  });
  test('a CONNECT byte by byte', async () => {
    const socket = net.connect(gateway.ports.proxy, '127.0.0.1');
    socket.on('error', () => {});
    const [text, ms] = await drip(socket, Buffer.from(`CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}:443\r\nX: ${'a'.repeat(500)}\r\n\r\n`));
    assert.match(text, /^HTTP\/1\.1 408 /);
    assert.ok(ms < 5000, `${ms} ms`);
    const timedOut = (record) => record.kind === 'refusal' && record.reason === 'timed_out';
    assert.ok((await gateway.ledgerUntil((all) => all.some(timedOut))).some(timedOut), 'a record');
  });
  test('a TLS handshake that never comes', async () => {
    const socket = net.connect(gateway.ports.proxy, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}:443\r\n\r\n`);
    const begun = Date.now();
    await until(socket, null, 8000);
    assert.ok(Date.now() - begun < 5000);
    socket.destroy();
  });
  test('a kept connection that says nothing is closed', async () => {
    const socket = await intercepted(gateway, HOST);
    const begun = Date.now();
    await until(socket, null, 8000);
    assert.ok(Date.now() - begun < 5000);
    socket.destroy();
  });
  test('a client that closes in the middle of a body', async () => {
    upstream.requests.length = 0;
    const bytes = post(PATH, HOST, chat(MAIL)), count = records().length;
    const socket = await intercepted(gateway, HOST);
    socket.write(bytes.subarray(0, -5));
    await new Promise((done) => setTimeout(done, 50));
    socket.destroy();
    const deadline = Date.now() + 3000;
    while (records().length === count && Date.now() < deadline) await new Promise((done) => setTimeout(done, 30));
    assert.equal(records().length - count, 1, 'a record');
    assert.equal(upstream.requests.length, 0);
  });
  test('a client that ends its side in the middle of a body', async () => {
    upstream.requests.length = 0;
    const socket = await intercepted(gateway, HOST);
    const answer = until(socket, null, 5000);
    socket.end(post(PATH, HOST, chat(MAIL)).subarray(0, -5));
    assert.match(await answer, /^(HTTP\/1\.1 4\d\d |$)/);
    assert.equal(upstream.requests.length, 0);
  });
  test('a client that goes away while the answer streams stops the provider', async () => {
    const early = upstream.closedEarly;
    const socket = await intercepted(gateway, HOST);
    socket.write(post(PATH, HOST, JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: 'long '.repeat(400) }] }), { 'x-test': 'slow' }));
    await until(socket, /data: /, 3000);
    const open = (await gateway.ledgerUntil((all) => all.at(-1).kind === 'decision')).filter((r) => r.kind === 'decision').at(-1);
    socket.destroy();
    const all = await gateway.ledgerUntil((list) => list.some((r) => r.kind === 'completion' && r.exchange === open.exchange));
    assert.ok(all.some((r) => r.kind === 'completion' && r.exchange === open.exchange), 'a completion');
    const deadline = Date.now() + 3000;
    while (upstream.closedEarly === early && Date.now() < deadline) await new Promise((done) => setTimeout(done, 20));
    assert.ok(upstream.closedEarly > early, 'the provider was stopped');
  });
  test('a client that does not read slows the provider, and does not fill the memory', async () => {
    const event = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'word '.repeat(800) } }] })}\n\n`;
    let written = 0;
    upstream.handler = (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const pour = () => { do written += event.length; while (!response.destroyed && response.write(event)); };
      response.on('drain', pour).on('error', () => {});
      pour();
      return true;
    };
    const before = resident();
    const sockets = await Promise.all(Array.from({ length: 10 }, () => intercepted(gateway, HOST)));
    for (const socket of sockets) {
      socket.pause();
      socket.write(post(PATH, HOST, JSON.stringify({ model: 'm', stream: true, messages: [{ role: 'user', content: `to ${MAIL}` }] })));
    }
    await new Promise((done) => setTimeout(done, 1000));
    const more = resident() - before;
    sockets.forEach((s) => s.destroy());
    upstream.handler = undefined;
    assert.ok(written > 0);
    assert.ok(more < 64, `${more} MiB more, ${written} bytes were sent`);
  });
  test('the gateway still serves, and its log is clean', async () => {
    await stillServes();
    for (const value of [MAIL, CARD, KEY]) assert.ok(!gateway.output.includes(value));
    const ledger = JSON.stringify(gateway.ledger());
    for (const value of [MAIL, CARD, KEY]) assert.ok(!ledger.includes(value));
  });
});
