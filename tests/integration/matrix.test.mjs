// A planted value in every string position of every recorded request, plain and disguised, reaches
// the provider in none; and what holds nothing sensitive arrives bit by bit as it was sent.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { join } from 'node:path';
import { Gateway } from '../support/gateway.mjs';
import { Upstream } from '../support/upstream.mjs';
import { HttpReader, intercepted, post } from '../support/raw.mjs';
import { CARD, KEY, MAIL } from '../support/values.mjs';

const DATA = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../data/wire/requests');
const TARGETS = {
  completions: ['api.openai.com', '/v1/chat/completions'], embeddings: ['api.openai.com', '/v1/embeddings'],
  responses: ['api.openai.com', '/v1/responses'], rerank: ['api.openai.com', '/v1/rerank'], policies: ['api.openai.com', '/v1/chat/completions'],
  messages: ['api.anthropic.com', '/v1/messages'], 'count-tokens': ['api.anthropic.com', '/v1/messages/count_tokens'],
  gemini: ['generativelanguage.googleapis.com', '/v1beta/models/gemini-test:generateContent'],
};
// policies/ holds requests of several APIs; their names say which.
const targetOf = (folder, file) => folder !== 'policies' ? TARGETS[folder]
  : file.startsWith('gemini') ? TARGETS.gemini : file.startsWith('anthropic') ? TARGETS.messages : TARGETS.completions;
const files = Object.keys(TARGETS).flatMap((folder) => readdirSync(join(DATA, folder)).filter((f) => f.endsWith('.json')).map((f) => ({ target: targetOf(folder, f), name: `${folder}/${f}`, bytes: readFileSync(join(DATA, folder, f)) })));

let upstream, gateway;
const connections = new Map();
before(async () => {
  upstream = await Upstream.start({ handler: (_, response) => { response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 }).end('{}'); return true; } });
  gateway = await Gateway.start({ upstream });
});
after(async () => {
  for (const { socket } of connections.values()) socket.destroy();
  await gateway?.stop();
  await upstream?.stop();
});

async function send(target, body) {
  const [host, path] = target;
  if (!connections.has(host)) {
    const socket = await intercepted(gateway, host);
    connections.set(host, { socket, reader: new HttpReader(socket) });
  }
  const { socket, reader } = connections.get(host);
  upstream.requests.length = 0;
  socket.write(post(path, host, body));
  const answer = await reader.next();
  if (!answer || answer.headers.connection === 'close') connections.delete(host);
  return answer;
}

/** Every place where a string stands: [description, function that returns the document with `value` there]. */
function* positions(document, path = []) {
  const put = (value, at = path) => {
    const copy = structuredClone(document);
    let node = copy;
    for (const step of at.slice(0, -1)) node = node[step];
    node[at.at(-1)] = value;
    return copy;
  };
  let node = document;
  for (const step of path) node = node[step];
  if (typeof node === 'string' && path.length) yield [path.join('/'), put];
  else if (node && typeof node === 'object') {
    for (const key of Object.keys(node)) yield* positionsAt(document, [...path, key]);
    if (!Array.isArray(node)) yield [`${path.join('/')}/(key)`, (value) => { const copy = structuredClone(document); let n = copy; for (const s of path) n = n[s]; n[value] = 'x'; return copy; }];
  }
}
function* positionsAt(document, path) { yield* positions(document, path); }

const FULL = (text) => [...text].map((c) => c > ' ' && c <= '~' ? String.fromCodePoint(c.codePointAt(0) + 0xfee0) : c).join('');
const DISGUISES = {
  plain: (v) => v,
  'in prose': (v) => `before ${v} after`,
  'nested JSON': (v) => JSON.stringify({ a: JSON.stringify({ b: v }) }),
  'full-width': (v) => FULL(v),
  'zero-width': (v) => [...v].join('\u200b'),
  percent: (v) => [...v].map((c) => /[a-z0-9]/i.test(c) ? c : `%${c.codePointAt(0).toString(16).padStart(2, '0')}`).join(''),
  html: (v) => [...v].map((c) => /[a-z0-9]/i.test(c) ? c : `&#${c.codePointAt(0)};`).join(''),
  base64: (v) => Buffer.from(`value: ${v} end`).toString('base64'),
  'data URL': (v) => `data:text/plain;base64,${Buffer.from(`value: ${v} end`).toString('base64')}`,
};

/** The text as whoever reads it may understand it: escapes and encodings undone. */
function unveil(bytes) {
  const text = bytes.toString('utf8');
  let plain = text.replace(/\\u([0-9a-f]{4})/gi, (_, h) => String.fromCharCode(parseInt(h, 16)));
  plain = plain.normalize('NFKC').replace(/[\u200b-\u200f\u2060\ufeff\u00ad]/g, '');
  plain += plain.replace(/%([0-9a-f]{2})/gi, (_, h) => String.fromCharCode(parseInt(h, 16)));
  plain += plain.replace(/&#(\d+);/g, (_, d) => String.fromCodePoint(Number(d)));
  for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{16,}={0,2}/g)) plain += `\n${Buffer.from(run, 'base64').toString('latin1')}`;
  return plain;
}

test('untouched bodies arrive byte-identical', async () => {
  for (const { target, name, bytes } of files) {
    const answer = await send(target, bytes);
    assert.equal(answer.status, 200, `${name}: ${answer.body}`);
    assert.equal(createHash('sha256').update(upstream.requests[0].body).digest('hex'), createHash('sha256').update(bytes).digest('hex'), name);
  }
});

for (const [disguise, veil] of Object.entries(DISGUISES)) {
  test(`a value in every string position, ${disguise}, never leaves`, async () => {
    const values = [MAIL, KEY, CARD];
    let sent = 0;
    for (const { target, name, bytes } of files) {
      let n = 0;
      for (const [where, put] of positions(JSON.parse(bytes))) {
        const value = values[(n++ + name.length) % values.length];
        const answer = await send(target, JSON.stringify(put(veil(value))));
        // A block is as good as a redaction; what must not happen is that it arrives.
        for (const request of upstream.requests) {
          assert.ok(!unveil(request.body).includes(value), `${name} ${where} (${disguise}): ${request.body.toString().slice(0, 2000)}`);
        }
        assert.ok(answer.status === 200 || answer.status === 400, `${name} ${where}: ${answer.status} ${answer.body}`);
        sent++;
      }
    }
    assert.ok(sent > 400, `${sent} positions`);
  });
}
