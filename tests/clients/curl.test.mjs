// curl: the client of scripts and of everybody's first try.
import assert from 'node:assert/strict';
import http from 'node:http';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { CODINGS } from '../support/codings.mjs';
import { command, makeHome } from '../support/command.mjs';
import { Gateway, PROGRAM } from '../support/gateway.mjs';
import { Upstream } from '../support/upstream.mjs';
import { ALL, PROMPT } from '../support/values.mjs';

const CHAT = 'https://api.openai.com/v1/chat/completions';
const chat = (text, more = {}) => Buffer.from(JSON.stringify({ model: 'gpt-test', ...more, messages: [{ role: 'user', content: text }] }));

let upstream, gateway, home;
before(async () => {
  upstream = await Upstream.start();
  gateway = await Gateway.start({ upstream });
  home = makeHome();
});
after(async () => {
  await gateway?.stop();
  await upstream?.stop();
  home?.remove();
});
beforeEach(() => { upstream.requests.length = 0; });

const curl = (url, { through = gateway, body, args = [] } = {}) => command('curl', ['-sS', '--max-time', '30', '--proxy', through.proxyUrl, '--cacert', through.caFile,
  ...(body ? ['-H', 'content-type: application/json', '-H', 'authorization: Bearer made-up', '--data-binary', '@-'] : []), ...args, url], { input: body, env: { HOME: home.path } });

function nothingLeaked() {
  assert.ok(upstream.requests.length > 0, 'the request arrived');
  for (const value of ALL) assert.ok(!upstream.everything.includes(value), `${value.slice(0, 4)}… left the house`);
}
function allBack(text) {
  for (const value of ALL) assert.ok(text.includes(value), `${value.slice(0, 4)}… came back: ${text}`);
}
const content = (answer) => JSON.parse(answer.out).choices[0].message.content;
const streamed = (answer) => answer.out.split('\n').filter((l) => l.startsWith('data: {')).map((l) => JSON.parse(l.slice(6)).choices[0].delta.content ?? '').join('');

describe('intercepted', () => {
  test('a plain request; of h2 and http/1.1 the latter is chosen', async () => {
    const answer = await curl(CHAT, { body: chat(PROMPT), args: ['--http2', '-w', '%{stderr}version %{http_version}'] });
    assert.equal(answer.code, 0, answer.output);
    allBack(content(answer));
    assert.match(answer.output, /version 1\.1/);
    nothingLeaked();
  });
  test('a stream', async () => {
    const answer = await curl(CHAT, { body: chat(PROMPT, { stream: true }), args: ['-N', '--http1.1'] });
    allBack(streamed(answer));
    assert.ok(answer.out.endsWith('data: [DONE]\n\n'));
    nothingLeaked();
  });
  test('two requests on one connection', async () => {
    const answer = await curl(CHAT, { body: chat(PROMPT), args: ['-w', '%{stderr}connects %{num_connects}\n', CHAT] });
    assert.match(answer.output, /connects 0/);
    assert.equal(upstream.requests.length, 2);
    nothingLeaked();
  });
  test('TLS 1.2', async () => {
    const answer = await curl(CHAT, { body: chat(PROMPT), args: ['--tls-max', '1.2'] });
    allBack(content(answer));
  });
  test('a body over 1 MiB waits for 100 Continue, and gets it', async () => {
    const answer = await curl(CHAT, { body: chat(`${PROMPT} ${'all is well. '.repeat(120_000)}`), args: ['-v', '--http1.1'] });
    assert.equal(answer.code, 0, answer.output.slice(0, 2000));
    assert.match(answer.output, /> Expect: 100-continue/);
    assert.match(answer.output, /< HTTP\/1\.1 100 Continue/);
    allBack(content(answer));
    nothingLeaked();
  });
  test('a chunked upload', async () => {
    const file = join(home.path, 'body.json');
    writeFileSync(file, chat(PROMPT));
    const answer = await curl(CHAT, { args: ['-X', 'POST', '-H', 'content-type: application/json', '-H', 'transfer-encoding: chunked', '--data-binary', `@${file}`] });
    allBack(content(answer));
    nothingLeaked();
  });
  for (const [name, code] of Object.entries(CODINGS)) {
    test(`a request body coded with ${name} is read, and sent on plain`, async () => {
      const answer = await curl(CHAT, { body: code(chat(PROMPT)), args: ['-H', `content-encoding: ${name}`] });
      assert.equal(answer.code, 0, answer.output);
      allBack(content(answer));
      assert.equal(upstream.requests[0].headers['content-encoding'], undefined);
      nothingLeaked();
    });
  }
  test('an unknown coding is refused', async () => {
    const answer = await curl(CHAT, { body: chat(PROMPT), args: ['-H', 'content-encoding: snappy', '-w', '%{stderr}status %{http_code}'] });
    assert.match(answer.output, /status 4(00|15)/);
    assert.equal(upstream.requests.length, 0);
  });
  for (const coding of ['gzip', 'br']) {
    test(`an answer coded with ${coding}`, async () => {
      const answer = await curl(CHAT, { body: chat(PROMPT, { stream: true }), args: ['--compressed', '-H', `x-test: ${coding}`] });
      assert.equal(answer.code, 0, answer.output);
      allBack(streamed(answer));
    });
  }
  test('an answer that breaks off breaks off', async () => {
    const answer = await curl(CHAT, { body: chat(PROMPT, { stream: true }), args: ['-N', '-H', 'x-test: truncate'] });
    assert.ok([18, 56].includes(answer.code), `curl ended with ${answer.code}`);
    assert.ok(!answer.out.includes('[DONE]'));
  });
  test('long silence in a stream is filled with comments', async () => {
    const patient = await Gateway.start({ upstream, yaml: 'timeouts: {ping_interval: 300ms}' });
    try {
      const answer = await curl(CHAT, { through: patient, body: chat(PROMPT, { stream: true }), args: ['-N', '-H', 'x-test: silent'] });
      assert.match(answer.out, /^: ping$/m);
      allBack(streamed(answer));
    } finally {
      await patient.stop();
    }
  });
  test('hop-by-hop fields, Alt-Svc and traces of a proxy stay out', async () => {
    const answer = await curl(CHAT, { body: chat(PROMPT), args: ['-i', '-H', 'connection: x-private', '-H', 'x-private: 1', '-H', 'proxy-authorization: Basic bWFkZS11cA=='] });
    assert.ok(!/^alt-svc:/im.test(answer.out));
    const { headers } = upstream.requests[0];
    for (const field of ['via', 'x-forwarded-for', 'forwarded', 'x-private', 'proxy-connection', 'proxy-authorization']) assert.equal(headers[field], undefined, field);
  });
});

describe('other ways in', () => {
  test('base-URL mode', async () => {
    const answer = await command('curl', ['-sS', '-H', 'content-type: application/json', '--data-binary', '@-', `${gateway.apiUrl}/openai/v1/chat/completions`], { input: chat(PROMPT) });
    allBack(content(answer));
    assert.equal(upstream.requests[0].headers.host, 'api.openai.com');
    nothingLeaked();
  });
  test('customhouse exec sets what curl needs', async () => {
    const answer = await command(PROGRAM, ['exec', '--config', gateway.configFile, '--', 'curl', '-sS', '-H', 'content-type: application/json', '--data-binary', '@-', CHAT],
      { input: chat(PROMPT), env: { HOME: home.path } });
    assert.equal(answer.code, 0, answer.output);
    allBack(content(answer));
    nothingLeaked();
  });
});

describe('hosts that are not governed', () => {
  let server, port, paths;
  before(async () => {
    paths = [];
    server = http.createServer((request, response) => { paths.push(request.url); response.end('plain answer'); });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    port = server.address().port;
  });
  after(() => server.close());
  beforeEach(() => { paths.length = 0; });

  const attempts = {
    'absolute form': (through) => curl(`http://127.0.0.1:${port}/plain`, { through, args: ['-w', '%{stderr}status %{http_code}'] }),
    CONNECT: (through) => curl(`http://127.0.0.1:${port}/tunnel`, { through, args: ['--proxytunnel', '-w', '%{stderr}status %{http_code} %{http_connect}'] }),
    'a name that means loopback': (through) => curl(`http://localhost:${port}/named`, { through, args: ['--proxytunnel', '-w', '%{stderr}status %{http_connect}'] }),
  };
  for (const [name, attempt] of Object.entries(attempts)) {
    test(`loopback is refused: ${name}`, async () => {
      const answer = await attempt(gateway);
      assert.match(answer.output, /status .*(403|502)/);
      assert.equal(paths.length, 0);
    });
  }
  test('loopback is reached where the configuration says so', async () => {
    const open = await Gateway.start({ upstream, yaml: `tunnel: {allow_private_networks: true, ports: [${port}]}` });
    try {
      assert.equal((await attempts['absolute form'](open)).out, 'plain answer');
      assert.equal((await attempts.CONNECT(open)).out, 'plain answer');
      assert.deepEqual(paths, ['/plain', '/tunnel']);
    } finally {
      await open.stop();
    }
  });
  test('with unlisted_hosts: deny nothing else is reached', async () => {
    const closed = await Gateway.start({ upstream, yaml: `unlisted_hosts: deny\ntunnel: {allow_private_networks: true, ports: [${port}]}` });
    try {
      for (const attempt of Object.values(attempts)) assert.match((await attempt(closed)).output, /status .*403/);
      assert.equal(paths.length, 0);
    } finally {
      await closed.stop();
    }
  });
});
