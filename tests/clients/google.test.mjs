// Google's SDK uses the global fetch: NODE_USE_ENV_PROXY is not in Node 20, so undici's global dispatcher stands in.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { GoogleGenAI } from '@google/genai';
import { ProxyAgent, fetch as undiciFetch, setGlobalDispatcher } from 'undici';
import { Gateway } from '../support/gateway.mjs';
import { Upstream } from '../support/upstream.mjs';
import { ALL, PROMPT } from '../support/values.mjs';

let upstream, gateway, dispatcher;
before(async () => {
  upstream = await Upstream.start();
  gateway = await Gateway.start({ upstream });
  dispatcher = new ProxyAgent({ uri: gateway.proxyUrl, requestTls: { ca: gateway.ca } });
  setGlobalDispatcher(dispatcher);
  globalThis.fetch = undiciFetch;
});
after(async () => {
  await dispatcher?.close();
  await gateway?.stop();
  await upstream?.stop();
});
beforeEach(() => { upstream.requests.length = 0; });

const client = () => new GoogleGenAI({ apiKey: 'made-up', vertexai: false });
const tools = [{ functionDeclarations: [{ name: 'send_mail', parametersJsonSchema: { type: 'object' } }] }];
function check(text) {
  for (const value of ALL) {
    assert.ok(text.includes(value), text);
    assert.ok(!upstream.everything.includes(value));
  }
}

test('generateContent', async () => {
  const answer = await client().models.generateContent({ model: 'gemini-test', contents: PROMPT });
  check(answer.text);
});
test('generateContent with a function call', async () => {
  const answer = await client().models.generateContent({ model: 'gemini-test', contents: PROMPT, config: { tools } });
  assert.deepEqual(answer.functionCalls[0].args, { to: PROMPT, deep: { list: [PROMPT] } });
});
test('generateContentStream', async () => {
  let text = '';
  for await (const chunk of await client().models.generateContentStream({ model: 'gemini-test', contents: PROMPT })) text += chunk.text ?? '';
  check(text);
});
test('streamGenerateContent as a JSON array', async () => {
  const response = await undiciFetch('https://generativelanguage.googleapis.com/v1beta/models/gemini-test:streamGenerateContent?key=made-up', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ contents: [{ role: 'user', parts: [{ text: PROMPT }] }] }), dispatcher });
  const chunks = await response.json();
  check(chunks.flatMap((c) => c.candidates[0].content.parts).map((p) => p.text ?? '').join(''));
});
