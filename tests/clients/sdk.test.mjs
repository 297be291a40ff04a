// The vendors' own SDKs through HTTPS_PROXY and the interception CA: the provider sees none of the
// planted values, the program sees them all again.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { ProxyAgent, fetch as undiciFetch } from 'undici';
import { Gateway } from '../support/gateway.mjs';
import { Upstream } from '../support/upstream.mjs';
import { ALL, KEY, MAIL, PROMPT } from '../support/values.mjs';

let upstream, gateway, dispatcher;
before(async () => {
  upstream = await Upstream.start();
  gateway = await Gateway.start({ upstream });
  dispatcher = new ProxyAgent({ uri: gateway.proxyUrl, requestTls: { ca: gateway.ca } });
});
after(async () => {
  await dispatcher?.close();
  await gateway?.stop();
  await upstream?.stop();
});
beforeEach(() => { upstream.requests.length = 0; });

const proxied = (url, init) => undiciFetch(url, { ...init, dispatcher });
const openai = () => new OpenAI({ apiKey: 'sk-made-up', fetch: proxied, maxRetries: 0 });
const anthropic = () => new Anthropic({ apiKey: 'made-up', fetch: proxied, maxRetries: 0 });

function nothingLeaked() {
  assert.ok(upstream.requests.length > 0, 'the request arrived');
  for (const value of ALL) assert.ok(!upstream.everything.includes(value), `${value.slice(0, 4)}… left the house`);
}
function allBack(text) {
  for (const value of ALL) assert.ok(text.includes(value), `${value.slice(0, 4)}… came back: ${text}`);
}
const user = { role: 'user', content: PROMPT };
const mailTool = { type: 'function', function: { name: 'send_mail', parameters: { type: 'object', properties: { to: { type: 'string' } } } } };
// A secret comes back in a tool call, too: its arguments name no other host.

describe('openai', () => {
  test('chat completions, plain', async () => {
    const answer = await openai().chat.completions.create({ model: 'gpt-test', messages: [user] });
    allBack(answer.choices[0].message.content);
    nothingLeaked();
  });
  test('chat completions, three choices', async () => {
    const answer = await openai().chat.completions.create({ model: 'gpt-test', n: 3, messages: [user] });
    assert.equal(answer.choices.length, 3);
    for (const choice of answer.choices) allBack(choice.message.content);
    nothingLeaked();
  });
  test('chat completions, streamed, two interleaved choices', async () => {
    const texts = ['', ''];
    const stream = await openai().chat.completions.create({ model: 'gpt-test', n: 2, stream: true, messages: [user] });
    for await (const chunk of stream) for (const choice of chunk.choices) texts[choice.index] += choice.delta.content ?? '';
    texts.forEach(allBack);
    nothingLeaked();
  });
  test('tool calls, plain: the arguments are JSON and hold the values', async () => {
    const answer = await openai().chat.completions.create({ model: 'gpt-test', messages: [user], tools: [mailTool] });
    const args = JSON.parse(answer.choices[0].message.tool_calls[0].function.arguments);
    allBack(args.to);
    assert.equal(args.note, `"${PROMPT}"\n`);
    nothingLeaked();
  });
  test('tool calls, streamed and interleaved', async () => {
    const args = ['', ''];
    const stream = await openai().chat.completions.create({ model: 'gpt-test', stream: true, messages: [user], tools: [mailTool] });
    for await (const chunk of stream) for (const call of chunk.choices[0]?.delta.tool_calls ?? []) args[call.index] += call.function?.arguments ?? '';
    assert.deepEqual(JSON.parse(args[0]), { to: PROMPT, note: `"${PROMPT}"\n` });
    assert.deepEqual(JSON.parse(args[1]), { second: PROMPT });
    nothingLeaked();
  });
  test('history: tool results and tool calls of earlier turns leave without the values', async () => {
    await openai().chat.completions.create({ model: 'gpt-test', messages: [
      { role: 'system', content: `The owner is ${MAIL}` },
      { role: 'assistant', content: null, tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'send_mail', arguments: JSON.stringify({ to: MAIL, key: KEY }) } }] },
      { role: 'tool', tool_call_id: 'call_1', content: JSON.stringify({ sent: MAIL, nested: JSON.stringify({ again: PROMPT }) }) },
      { role: 'user', content: [{ type: 'text', text: PROMPT }] }] });
    nothingLeaked();
  });
  test('responses, plain and streamed', async () => {
    const plain = await openai().responses.create({ model: 'gpt-test', input: PROMPT, instructions: `for ${MAIL}` });
    allBack(plain.output_text);
    let text = '', done = '', final = '';
    const stream = await openai().responses.create({ model: 'gpt-test', stream: true, input: [user] });
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') text += event.delta;
      if (event.type === 'response.output_text.done') done = event.text;
      if (event.type === 'response.completed') final = event.response.output[0].content[0].text;
    }
    [text, done, final].forEach(allBack);
    nothingLeaked();
  });
  test('responses, streamed function call', async () => {
    let args = '', done = '';
    const stream = await openai().responses.create({ model: 'gpt-test', stream: true, input: [user], tools: [{ type: 'function', name: 'send_mail', parameters: {}, strict: false }] });
    for await (const event of stream) {
      if (event.type === 'response.function_call_arguments.delta') args += event.delta;
      if (event.type === 'response.function_call_arguments.done') done = event.arguments;
    }
    assert.deepEqual(JSON.parse(args), { to: PROMPT });
    assert.deepEqual(JSON.parse(done), { to: PROMPT });
    nothingLeaked();
  });
  test('legacy completions and embeddings', async () => {
    const answer = await openai().completions.create({ model: 'gpt-test', prompt: PROMPT });
    allBack(answer.choices[0].text);
    await openai().embeddings.create({ model: 'emb', input: [PROMPT, 'plain'] });
    nothingLeaked();
  });
  test('a value keeps its placeholder from turn to turn', async () => {
    for (let i = 0; i < 2; i++) await openai().chat.completions.create({ model: 'gpt-test', messages: [user] });
    const [first, second] = upstream.requests.map((r) => r.body.toString());
    assert.equal(first, second);
  });
  test('base-URL mode', async () => {
    const client = new OpenAI({ apiKey: 'sk-made-up', baseURL: `${gateway.apiUrl}/openai/v1`, maxRetries: 0 });
    const answer = await client.chat.completions.create({ model: 'gpt-test', messages: [user] });
    allBack(answer.choices[0].message.content);
    nothingLeaked();
    assert.equal(upstream.requests[0].host, 'api.openai.com');
    assert.equal(upstream.requests[0].path, '/v1/chat/completions');
  });
  test('provider errors reach the program as they are', async () => {
    await assert.rejects(openai().chat.completions.create({ model: 'gpt-test', messages: [user] }, { headers: { 'x-test': 'status-429' } }),
      (error) => error.status === 429);
  });
  for (const coding of ['gzip', 'br']) {
    test(`a stream that the provider codes with ${coding} is decoded and restored`, async () => {
      let text = '';
      const stream = await openai().chat.completions.create({ model: 'gpt-test', stream: true, messages: [user] }, { headers: { 'x-test': coding } });
      for await (const chunk of stream) text += chunk.choices[0].delta.content ?? '';
      allBack(text);
    });
  }
});

describe('anthropic', () => {
  const params = { model: 'claude-test', max_tokens: 64, system: `for ${MAIL}`, messages: [user] };
  const tools = [{ name: 'send_mail', input_schema: { type: 'object' } }];
  test('messages, plain, with tool use', async () => {
    const answer = await anthropic().messages.create({ ...params, tools });
    allBack(answer.content.find((b) => b.type === 'text').text);
    allBack(answer.content.find((b) => b.type === 'thinking').thinking);
    assert.deepEqual(answer.content.find((b) => b.type === 'tool_use').input, { to: PROMPT, note: `"${PROMPT}"` });
    nothingLeaked();
  });
  test('messages, streamed, with thinking and tool use', async () => {
    const answer = await anthropic().messages.stream({ ...params, tools }).finalMessage();
    allBack(answer.content.find((b) => b.type === 'text').text);
    allBack(answer.content.find((b) => b.type === 'thinking').thinking);
    assert.deepEqual(answer.content.find((b) => b.type === 'tool_use').input, { to: PROMPT, note: `"${PROMPT}"` });
    nothingLeaked();
  });
  test('count_tokens', async () => {
    assert.equal((await anthropic().messages.countTokens({ model: 'claude-test', messages: [user] })).input_tokens, 7);
    nothingLeaked();
  });
  test('base-URL mode', async () => {
    const client = new Anthropic({ apiKey: 'made-up', baseURL: `${gateway.apiUrl}/anthropic`, maxRetries: 0 });
    const answer = await client.messages.create(params);
    allBack(answer.content.find((b) => b.type === 'text').text);
    nothingLeaked();
  });
});

describe('the ledger', () => {
  test('has a decision and a completion for every exchange, without gaps and without values', async () => {
    const records = await gateway.ledgerUntil((all) =>
      all.filter((r) => r.kind === 'decision').length === all.filter((r) => r.kind === 'completion').length);
    const decisions = records.filter((r) => r.kind === 'decision'), completions = records.filter((r) => r.kind === 'completion');
    assert.ok(decisions.length > 10);
    assert.deepEqual(new Set(decisions.map((r) => r.exchange)), new Set(completions.map((r) => r.exchange)));
    records.forEach((r, i) => assert.equal(r.seq, i));
    const text = JSON.stringify(records);
    for (const value of [...ALL, 'made-up']) assert.ok(!text.includes(value));
    assert.ok(decisions.some((r) => r.decision.action === 'redact' && r.findings.some((f) => f.type === 'EMAIL_ADDRESS')));
    assert.ok(!gateway.output.includes(MAIL) && !gateway.output.includes(KEY));
  });
});
