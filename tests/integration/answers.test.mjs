// Every captured answer goes through the gateway as the provider sent it, however TCP cut it; an
// answer that breaks off breaks off visibly.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Gateway, SOURCE } from '../support/gateway.mjs';
import { HttpReader, intercepted, post } from '../support/raw.mjs';
import { RawUpstream } from '../support/raw_upstream.mjs';
import { MAIL } from '../support/values.mjs';

const FOLDER = join(SOURCE, 'tests/data/wire/response');
const HOST = 'api.openai.com';
// Answers up to this size are cut at every byte; the others at so many places, or at all of them if that is more.
const SMALL = 256;
const SAMPLE = Number(process.env.CUSTOMHOUSE_CUTS ?? 40);

// The API whose answers a folder holds: where a prompt goes that gets them.
const APIS = {
  anthropic: ['api.anthropic.com', '/v1/messages'],
  responses: [HOST, '/v1/responses'],
  completions: [HOST, '/v1/chat/completions'],
  openai: [HOST, '/v1/embeddings'],
  'vertex-gemini': ['generativelanguage.googleapis.com', '/v1beta/models/gemini-test:generateContent'],
};
const bodyFor = (path, text) => JSON.stringify(path.includes('/models/') ? { contents: [{ role: 'user', parts: [{ text }] }] }
  : path.endsWith('/responses') || path.endsWith('/embeddings') ? { model: 'm', input: text }
    : { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: text }] });

function typeOf(name, bytes) {
  if (name.endsWith('.bin')) return 'application/vnd.amazon.eventstream';
  const start = bytes.subarray(0, 200).toString('latin1').trimStart();
  if (/^(data|event|id|retry)?:/.test(start)) return 'text/event-stream';
  return name.endsWith('.json') ? 'application/json' : 'text/plain';
}

const FILES = readdirSync(FOLDER).flatMap((folder) => readdirSync(join(FOLDER, folder)).map((name) => {
  const bytes = readFileSync(join(FOLDER, folder, name));
  const [host, path] = APIS[folder] ?? [HOST, '/v1/chat/completions'];
  return { name: `${folder}/${name}`, bytes, host, path, type: typeOf(name, bytes) };
}));

/** Places to cut: all, or an even sample that moves from file to file. */
function cuts({ bytes, name }) {
  const places = bytes.length - 1, count = Math.min(bytes.length <= SMALL ? places : SAMPLE, places);
  const step = places / count, offset = name.length % step;
  return Array.from({ length: count }, (_, i) => 1 + Math.floor(i * step + offset));
}

let upstream, gateway, script;
before(async () => {
  upstream = await RawUpstream.start({ answer: (socket, head, body) => script(socket, head, body) });
  gateway = await Gateway.start({ extraCa: [upstream.caFile],
    connectTo: Object.fromEntries([HOST, 'api.anthropic.com', 'generativelanguage.googleapis.com'].map((h) => [`${h}:443`, upstream.address])) });
});
after(async () => {
  await gateway?.stop();
  await upstream?.stop();
});

class Client {
  static async open(host) {
    const client = new Client();
    client.host = host;
    client.socket = await intercepted(gateway, host);
    client.reader = new HttpReader(client.socket);
    return client;
  }
  ask(path, text) {
    this.socket.write(post(path, this.host, bodyFor(path, text)));
    return this.reader.next();
  }
  close() { this.socket.destroy(); }
}

const PROMPTS = { 'with nothing to restore': 'all is well', 'with something to restore': `write to ${MAIL}` };
/** The answer in two pieces, each in a record of its own; `cut` 0: whole. */
const inPieces = (file, cut) => (socket) => {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: ${file.type}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const chunk = (bytes) => Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
  const last = '0\r\n\r\n';
  if (!cut) {
    socket.write(Buffer.concat([Buffer.from(head), chunk(file.bytes), Buffer.from(last)]));
    return;
  }
  socket.write(Buffer.concat([Buffer.from(head), chunk(file.bytes.subarray(0, cut))]));
  setImmediate(() => socket.write(Buffer.concat([chunk(file.bytes.subarray(cut)), Buffer.from(last)])));
};

describe('every captured answer, whole and in two pieces, comes out as it went in', () => {
  for (const file of FILES) {
    for (const [what, prompt] of Object.entries(PROMPTS)) {
      test(`${file.name}, ${what}`, async () => {
        const client = await Client.open(file.host);
        for (const cut of [0, ...cuts(file)]) {
          script = inPieces(file, cut);
          const answer = await client.ask(file.path, prompt);
          assert.equal(answer?.status, 200, `cut at ${cut}`);
          assert.ok(answer.complete, `cut at ${cut}`);
          assert.equal(answer.headers['content-type'], file.type);
          assert.ok(answer.body.equals(file.bytes), `cut at ${cut}: ${answer.body.length} of ${file.bytes.length} bytes`);
        }
        client.close();
      });
    }
  }
});

// How an answer can end too soon, and whether its framing alone shows it.
const STREAM = 'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"half a wo"},"finish_reason":null}]}\n\n';
const chunkOf = (text) => `${text.length.toString(16)}\r\n${text}\r\n`;
const BREAKS = {
  'Content-Length': `Content-Length: 5000\r\n\r\n${STREAM}`,
  'chunked, between chunks': `Transfer-Encoding: chunked\r\n\r\n${chunkOf(STREAM)}`,
  'chunked, inside a chunk': `Transfer-Encoding: chunked\r\n\r\n1000\r\n${STREAM}`,
  'chunked, inside an event': `Transfer-Encoding: chunked\r\n\r\n${chunkOf(STREAM.slice(0, 60))}`,
  'until close': `\r\n${STREAM}`,
};

/** The completions, once every decision has one (and there are `least`). */
async function settled(least = 0) {
  const of = (records, kind) => records.filter((r) => r.kind === kind);
  const records = await gateway.ledgerUntil((all) => of(all, 'completion').length >= Math.max(least, of(all, 'decision').length));
  return of(records, 'completion');
}

describe('an answer that the provider does not finish', () => {
  for (const [how, rest] of Object.entries(BREAKS)) {
    for (const [what, prompt] of Object.entries(PROMPTS)) {
      for (const [end, finish] of [['resets', (socket) => socket.resetAndDestroy()], ['closes without close_notify', (socket) => socket.destroy()]]) {
        test(`${how}: the provider ${end}, ${what}`, async () => {
          const known = (await settled()).length;
          // The TCP sockets below TLS: nothing says that the answer is over.
          const breakOff = () => upstream.sockets.forEach(finish);
          script = (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n${rest}`, () => setTimeout(breakOff, 30));
          const client = await Client.open(HOST);
          let closeNotify = false;
          client.socket.on('end', () => { closeNotify = true; });
          const answer = await client.ask('/v1/chat/completions', prompt);
          assert.equal(answer.status, 200);
          const framed = answer.headers['content-length'] !== undefined || answer.headers['transfer-encoding'] === 'chunked';
          assert.ok(framed ? !answer.complete : !closeNotify, 'the client sees that something is missing');
          assert.deepEqual((await settled(known + 1)).slice(known).map((r) => r.outcome), ['truncated']);
          client.close();
        });
      }
    }
  }
  test('a close-delimited answer that ends with close_notify is whole', async () => {
    for (const prompt of Object.values(PROMPTS)) {
      script = (socket) => socket.end(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n${STREAM}`);
      const client = await Client.open(HOST);
      const answer = await client.ask('/v1/chat/completions', prompt);
      assert.ok(answer.complete);
      assert.equal(answer.body.toString(), STREAM);
      client.close();
    }
  });
});

describe('an answer that is no answer', () => {
  for (const [name, bytes] of Object.entries({
    'nothing at all': '',
    'not HTTP': 'SSH-2.0-OpenSSH_9.2\r\n',
    'a status line of nonsense': 'HTTP/1.1 OK\r\n\r\n',
    'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}',
    'length and chunked': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
    'a protocol switch': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
    'a coding that nobody knows, where values must be put back': 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: snappy\r\nContent-Length: 2\r\n\r\n{}',
  })) {
    test(`${name}: 502 in the API's shape`, async () => {
      script = (socket) => socket.end(bytes);
      const client = await Client.open(HOST);
      const answer = await client.ask('/v1/chat/completions', PROMPTS['with something to restore']);
      assert.equal(answer.status, 502);
      assert.equal(answer.headers['x-should-retry'], 'false');
      assert.match(JSON.parse(answer.body).error.code, /^upstream_/);
      client.close();
    });
  }
});
