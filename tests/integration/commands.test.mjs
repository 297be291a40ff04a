// The admin listener and the commands beside a running gateway, as people and scripts use them.
import assert from 'node:assert/strict';
import http from 'node:http';
import { join } from 'node:path';
import { readdirSync, readFileSync } from 'node:fs';
import vm from 'node:vm';
import { after, before, describe, test } from 'node:test';
import { command, makeHome } from '../support/command.mjs';
import { Gateway, PROGRAM, SOURCE } from '../support/gateway.mjs';
import { HttpReader, intercepted, post } from '../support/raw.mjs';
import { Upstream } from '../support/upstream.mjs';
import { ALL, CARD, KEY, MAIL, PROMPT } from '../support/values.mjs';

const HOST = 'api.openai.com';
let upstream, gateway, home;
before(async () => {
  upstream = await Upstream.start();
  gateway = await Gateway.start({ upstream });
  home = makeHome();
  const socket = await intercepted(gateway, HOST);
  const reader = new HttpReader(socket);
  socket.write(post('/v1/chat/completions', HOST, JSON.stringify({ model: 'gpt-test', messages: [{ role: 'user', content: PROMPT }] })));
  assert.equal((await reader.next()).status, 200);
  socket.destroy();
  await gateway.ledgerUntil((all) => all.some((r) => r.kind === 'completion'));
});
after(async () => {
  await gateway?.stop();
  await upstream?.stop();
  home?.remove();
});

const run = (args, options) => command(PROGRAM, args, { env: { HOME: home.path }, limit: 20_000, ...options });
const configured = (name, ...more) => run([...name.split(' '), '--config', gateway.configFile, ...more]);

function admin(path, { method = 'GET', headers = {} } = {}) {
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

describe('the admin listener', () => {
  test('/healthz and /readyz', async () => {
    for (const path of ['/healthz', '/readyz']) assert.equal((await admin(path)).status, 200, path);
  });
  test('/ca.pem is the certificate, and no key', async () => {
    assert.equal((await admin('/ca.pem')).body, gateway.ca);
  });
  test('/proxy.pac sends governed hosts to the gateway and nothing else', async () => {
    const { headers, body } = await admin('/proxy.pac');
    assert.match(headers['content-type'], /proxy-autoconfig/);
    const find = vm.runInNewContext(`${body}; FindProxyForURL`);
    for (const host of [HOST, 'API.OpenAI.com', 'api.anthropic.com', 'generativelanguage.googleapis.com', `${HOST}.`]) {
      assert.equal(find(`https://${host}/`, host), `PROXY 127.0.0.1:${gateway.ports.proxy}`, host);
    }
    for (const host of ['example.org', 'api.openai.com.example.org', 'notopenai.com', 'localhost']) assert.equal(find(`https://${host}/`, host), 'DIRECT', host);
  });
  test('/metrics is Prometheus text, counts the exchange and holds no value', async () => {
    const { status, headers, body } = await admin('/metrics');
    assert.equal(status, 200);
    assert.match(headers['content-type'], /^text\/plain; version=0\.0\.4/);
    for (const line of body.split('\n').filter(Boolean)) assert.match(line, /^(# (HELP|TYPE) \S+ .+|[a-z_:][a-z0-9_:]*(\{[^}]*\})? -?[0-9.e+-]+|.*\+Inf.*)$/i, line);
    assert.match(body, /^customhouse_ledger_healthy 1$/m);
    for (const value of ALL) assert.ok(!body.includes(value));
  });
  test('other paths, methods and Host names are refused', async () => {
    assert.equal((await admin('/nothing')).status, 404);
    assert.equal((await admin('/ca.key')).status, 404);
    assert.equal((await admin('/../ca/ca.key')).status, 404);
    assert.equal((await admin('/healthz', { method: 'POST' })).status, 405);
    assert.equal((await admin('/ca.pem', { headers: { host: 'rebound.example.org' } })).status, 403);
  });
});

describe('customhouse', () => {
  test('env: settings that a shell can evaluate', async () => {
    const answer = await configured('env');
    assert.equal(answer.code, 0, answer.output);
    const shown = await command('sh', ['-c', 'eval "$1"; printf "%s\\n" "$HTTPS_PROXY" "$NODE_EXTRA_CA_CERTS" "$SSL_CERT_FILE" "$CODEX_CA_CERTIFICATE"', 'sh', answer.out]);
    const [proxy, node, , codex] = shown.out.split('\n');
    assert.equal(proxy.replace(/\/$/, ''), gateway.proxyUrl);
    for (const file of [node, codex]) assert.ok(readFileSync(file, 'utf8').includes(gateway.ca.trim().split('\n').at(-2)), file);
  });
  test('exec: the command has them, and its exit code is passed on', async () => {
    const answer = await configured('exec', '--', 'env');
    assert.equal(answer.code, 0, answer.output);
    assert.ok(answer.out.includes(`HTTPS_PROXY=${gateway.proxyUrl}`), answer.out);
    assert.equal((await configured('exec', '--', 'sh', '-c', 'exit 41')).code, 41);
  });
  test('scan: findings with places, as JSON', async () => {
    const answer = await run(['scan', '--config', gateway.configFile], { input: `é ${MAIL}\n` });
    assert.equal(answer.code, 0, answer.output);
    assert.match(answer.out, /EMAIL_ADDRESS/);
    const lines = await run(['scan', '--jsonl', '--config', gateway.configFile], { input: `{"id":1,"text":"to ${MAIL}"}\n{"id":2,"text":"nothing"}\n` });
    const [first, second] = lines.out.trim().split('\n').map((line) => JSON.parse(line));
    assert.equal(first.id, 1);
    assert.equal(first.findings.length, 1);
    assert.deepEqual(second, { id: 2, findings: [] });
  });
  test('redact: text loses its values and nothing else', async () => {
    const answer = await run(['redact', '--config', gateway.configFile], { input: PROMPT });
    assert.equal(answer.code, 0, answer.output);
    for (const value of ALL) assert.ok(!answer.out.includes(value));
    assert.match(answer.out, /^Please write to \S+, charge .+, deploy with \S+ and wire to .+\.$/);
  });
  test('redact: what holds nothing comes out byte for byte', async () => {
    const apis = { completions: 'openai.chat', responses: 'openai.responses', messages: 'anthropic.messages', gemini: 'gemini' };
    for (const [name, api] of Object.entries(apis)) {
      const folder = join(SOURCE, 'tests/data/wire/requests', name);
      for (const file of readdirSync(folder).filter((f) => f.endsWith('.json'))) {
        const bytes = readFileSync(join(folder, file));
        const answer = await run(['redact', '--api', api, '--config', gateway.configFile], { input: bytes });
        assert.equal(answer.code, 0, `${name}/${file}: ${answer.output.slice(0, 500)}`);
        assert.ok(answer.bytes.equals(bytes), `${name}/${file}`);
      }
    }
    for (const text of ['', '\n', 'a\r\nb\0c', 'caf\u00e9 \u{1f600}']) {
      assert.equal((await run(['redact', '--config', gateway.configFile], { input: text })).out, text);
    }
  });
  test('redact --api openai.chat: only the value changes, JSON formatting stays', async () => {
    const body = (value) => `{ "model" : "m",\n\t"messages":[ {"role":"user","content":"to ${value} \\u00e9\\/"} ] , "n":1.0e0 }\n`;
    const answer = await run(['redact', '--api', 'openai.chat', '--config', gateway.configFile], { input: body(MAIL) });
    assert.equal(answer.code, 0, answer.output);
    const placeholder = /"to (\S+) /.exec(answer.out)[1];
    assert.notEqual(placeholder, MAIL);
    assert.equal(answer.out, body(placeholder));
  });
  test('audit list and show beside the running gateway, without a value', async () => {
    const decision = gateway.ledger().find((r) => r.kind === 'decision');
    assert.equal(decision.decision.action, 'redact');
    const shown = await configured('audit show', decision.exchange);
    assert.equal(shown.code, 0, shown.output);
    for (const word of ['decision', 'completion', decision.exchange, 'EMAIL_ADDRESS']) assert.ok(shown.out.includes(word), `${word}: ${shown.out}`);
    const listed = await configured('audit list', '--action', 'redact');
    assert.equal(listed.code, 0, listed.output);
    for (const value of [...ALL, 'made-up']) assert.ok(!shown.out.includes(value) && !listed.out.includes(value));
    const none = await configured('audit show', '01ARZ3NDEKTSV4RRFFQ69G5FAV');
    assert.equal(none.code, 1, none.output);
  });
  test('audit list filters in any combination and order, pages, and facets count the same', async () => {
    const list = async (...options) => {
      const answer = await configured('audit list', '--json', ...options);
      assert.equal(answer.code, 0, answer.output);
      return answer.out.split('\n').filter(Boolean).map((line) => JSON.parse(line));
    };
    const all = await list();
    const redacted = all.filter((r) => r.kind === 'decision' && r.decision.action === 'redact');
    assert.ok(redacted.length > 0);
    const { provider, host } = redacted[0].destination;
    assert.deepEqual(await list('--kind', 'decision', '--action', 'redact', '--provider', provider, '--host', host),
      redacted.filter((r) => r.destination.provider === provider && r.destination.host === host));
    assert.deepEqual(await list('--newest-first'), [...all].reverse());
    assert.deepEqual(await list('--limit', '2'), all.slice(-2));
    assert.deepEqual(await list('--limit', '2', '--after', String(all[0].seq)), all.slice(1, 3));
    assert.deepEqual(await list('--limit', '2', '--newest-first', '--before', String(all.at(-1).seq)), all.slice(-3, -1).reverse());
    assert.deepEqual(await list('--since', all[1].time, '--until', all.at(-1).time), all.slice(1, -1));
    const facets = await configured('audit facets', '--json', '--facet', 'action');
    const counted = facets.out.split('\n').filter(Boolean).map((line) => JSON.parse(line));
    assert.deepEqual(counted.find((f) => f.value === 'redact'), { facet: 'action', records: all.filter((r) => r.decision?.action === 'redact').length, value: 'redact' });
    const busy = await configured('audit reindex');
    assert.equal(busy.code, 1, busy.output);
    assert.match(busy.output, /stopped first/);
  });
  test('ca export is the certificate, ca show tells its fingerprint', async () => {
    assert.equal((await configured('ca export')).out, gateway.ca);
    const shown = await configured('ca show');
    const print = await command('openssl', ['x509', '-in', gateway.caFile, '-noout', '-fingerprint', '-sha256']);
    assert.ok(shown.out.includes(print.out.trim().split('=')[1]), shown.out);
  });
  test('doctor finds nothing wrong with what the tests run', async () => {
    const answer = await configured('doctor');
    assert.equal(answer.code, 0, answer.output);
  });
  test('a file that is not there, an unknown command: exit code 2 and a word why', async () => {
    const missing = await run(['serve', '--config', join(home.path, 'nothing.yaml')]);
    assert.equal(missing.code, 2);
    assert.match(missing.output, /nothing\.yaml/);
    const unknown = await run(['sevre']);
    assert.equal(unknown.code, 2);
    assert.ok(unknown.output.length > 0);
  });
  test('no value has reached the log', () => {
    for (const value of [MAIL, CARD, KEY]) assert.ok(!gateway.output.includes(value));
  });
});
