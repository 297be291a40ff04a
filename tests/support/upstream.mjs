// A scripted provider on loopback: real TLS, HTTP/1.1, the API shapes of OpenAI, Anthropic and
// Gemini. It keeps every byte it was sent and echoes the prompt's text into its answers, cut into
// small deltas, so that a test can say what left and what came back.
//
// A request may ask for trouble with the header x-test: close-mid-body | truncate | slow | gzip | br |
// no-type | status-500 | status-429 | silent | huge-event.
import https from 'node:https';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { makeLeaf, makeRoot } from './certificates.mjs';

export const HOSTS = ['api.openai.com', 'api.anthropic.com', 'generativelanguage.googleapis.com', 'chatgpt.com',
  'api.deepseek.com', 'api.mistral.ai', 'openrouter.ai'];

/** Cuts at prime-ish lengths so that placeholders are split at many places. */
function cut(text, sizes = [1, 3, 7, 2, 5, 11]) {
  const pieces = [];
  const points = Array.from(text);
  for (let i = 0, n = 0; i < points.length; n++) {
    const size = sizes[n % sizes.length];
    pieces.push(points.slice(i, i + size).join(''));
    i += size;
  }
  return pieces.length ? pieces : [''];
}

/** All the text of the last user message, in whatever shape it came. */
function lastText(body) {
  const texts = (content) => typeof content === 'string' ? content
    : Array.isArray(content) ? content.map((p) => p.text ?? (typeof p.content === 'string' ? p.content : '')).join(' ') : '';
  if (Array.isArray(body.messages)) return texts(body.messages.filter((m) => m.role === 'user').at(-1)?.content);
  if (typeof body.input === 'string') return body.input;
  if (Array.isArray(body.input)) return texts(body.input.filter((m) => m.role === 'user').at(-1)?.content);
  if (typeof body.prompt === 'string') return body.prompt;
  if (Array.isArray(body.contents)) return (body.contents.at(-1)?.parts ?? []).map((p) => p.text ?? '').join(' ');
  return '';
}

const sse = (data, name) => (name ? `event: ${name}\n` : '') + `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;

function openaiChat(body) {
  const text = lastText(body), n = body.n ?? 1, tool = body.tools?.length && body.tool_choice !== 'none';
  const args = JSON.stringify({ to: text, note: `"${text}"\n` });
  const base = { id: 'chatcmpl-1', created: 1700000000, model: body.model };
  if (!body.stream) {
    return { json: { ...base, object: 'chat.completion', choices: Array.from({ length: n }, (_, index) => ({
      index, finish_reason: tool ? 'tool_calls' : 'stop',
      message: tool
        ? { role: 'assistant', content: null, tool_calls: [{ id: 'call_1', type: 'function', function: { name: body.tools[0].function.name, arguments: args } }] }
        : { role: 'assistant', content: `echo ${index}: ${text}`, refusal: null },
    })), usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } } };
  }
  const chunk = (choices) => sse({ ...base, object: 'chat.completion.chunk', choices });
  const events = [chunk([{ index: 0, delta: { role: 'assistant', content: tool ? null : '' }, finish_reason: null }])];
  if (tool) {
    const two = [args, JSON.stringify({ second: text })];
    two.forEach((_, index) => events.push(chunk([{ index: 0, delta: { tool_calls: [{ index, id: `call_${index}`, type: 'function', function: { name: body.tools[0].function.name, arguments: '' } }] }, finish_reason: null }])));
    const pieces = two.map((a) => cut(a));
    for (let i = 0; i < Math.max(...pieces.map((p) => p.length)); i++) {  // interleaved
      pieces.forEach((p, index) => { if (i < p.length) events.push(chunk([{ index: 0, delta: { tool_calls: [{ index, function: { arguments: p[i] } }] }, finish_reason: null }])); });
    }
    events.push(chunk([{ index: 0, delta: {}, finish_reason: 'tool_calls' }]));
  } else {
    const pieces = cut(`echo: ${text}`);
    for (const content of pieces) for (let index = 0; index < n; index++) events.push(chunk([{ index, delta: { content }, finish_reason: null }]));
    for (let index = 0; index < n; index++) events.push(chunk([{ index, delta: {}, finish_reason: 'stop' }]));
  }
  events.push(sse('[DONE]'));
  return { events };
}

function openaiResponses(body, call) {
  const text = lastText(body), tool = call ?? body.tools?.find?.((t) => t.type === 'function' && t.name.startsWith('send'));
  const args = JSON.stringify(call?.input ?? { to: text });
  const item = tool
    ? { id: 'fc_1', type: 'function_call', call_id: 'call_1', name: tool.name, arguments: args, status: 'completed' }
    : { id: 'msg_1', type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: `echo: ${text}`, annotations: [] }] };
  const response = { id: 'resp_1', object: 'response', created_at: 1700000000, status: 'completed', model: body.model, output: [item],
    error: null, incomplete_details: null, instructions: null, metadata: {}, parallel_tool_calls: true, temperature: 1, tool_choice: 'auto', tools: [], top_p: 1,
    usage: { input_tokens: 1, input_tokens_details: { cached_tokens: 0 }, output_tokens: 1, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 2 } };
  if (!body.stream) return { json: response };
  let n = 0;
  const event = (type, rest) => sse({ type, sequence_number: n++, ...rest }, type);
  const events = [event('response.created', { response: { ...response, status: 'in_progress', output: [] } })];
  if (tool) {
    events.push(event('response.output_item.added', { output_index: 0, item: { ...item, arguments: '', status: 'in_progress' } }));
    for (const delta of cut(args)) events.push(event('response.function_call_arguments.delta', { item_id: 'fc_1', output_index: 0, delta }));
    events.push(event('response.function_call_arguments.done', { item_id: 'fc_1', output_index: 0, name: tool.name, arguments: args }));
  } else {
    const where = { item_id: 'msg_1', output_index: 0, content_index: 0 };
    events.push(event('response.output_item.added', { output_index: 0, item: { ...item, content: [], status: 'in_progress' } }));
    events.push(event('response.content_part.added', { ...where, part: { type: 'output_text', text: '', annotations: [] } }));
    for (const delta of cut(`echo: ${text}`)) events.push(event('response.output_text.delta', { ...where, delta, logprobs: [] }));
    events.push(event('response.output_text.done', { ...where, text: `echo: ${text}`, logprobs: [] }));
    events.push(event('response.content_part.done', { ...where, part: item.content[0] }));
  }
  events.push(event('response.output_item.done', { output_index: 0, item }));
  events.push(event('response.completed', { response }));
  return { events };
}

function anthropicMessages(body, call) {
  const text = lastText(body);
  const tool = call ?? body.tools?.find?.((t) => t.name.startsWith('send'));
  const input = call?.input ?? { to: text, note: `"${text}"` };
  const base = { id: 'msg_1', type: 'message', role: 'assistant', model: body.model, stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } };
  const blocks = [{ type: 'thinking', thinking: `thinking of ${text}`, signature: 'c2lnbmF0dXJl' }, { type: 'text', text: `echo: ${text}` },
    ...(tool ? [{ type: 'tool_use', id: 'toolu_1', name: tool.name, input }] : [])];
  if (!body.stream) return { json: { ...base, content: blocks, stop_reason: tool ? 'tool_use' : 'end_turn' } };
  const event = (data) => sse(data, data.type);
  const events = [event({ type: 'message_start', message: { ...base, content: [], stop_reason: null } }), event({ type: 'ping' })];
  blocks.forEach((block, index) => {
    const empty = { text: { type: 'text', text: '' }, thinking: { type: 'thinking', thinking: '', signature: '' }, tool_use: { ...block, input: {} } }[block.type];
    events.push(event({ type: 'content_block_start', index, content_block: empty }));
    const pieces = block.type === 'tool_use' ? cut(JSON.stringify(input)).map((partial_json) => ({ type: 'input_json_delta', partial_json }))
      : block.type === 'text' ? cut(block.text).map((t) => ({ type: 'text_delta', text: t }))
        : [...cut(block.thinking).map((thinking) => ({ type: 'thinking_delta', thinking })), { type: 'signature_delta', signature: block.signature }];
    for (const delta of pieces) events.push(event({ type: 'content_block_delta', index, delta }));
    events.push(event({ type: 'content_block_stop', index }));
  });
  events.push(event({ type: 'message_delta', delta: { stop_reason: tool ? 'tool_use' : 'end_turn', stop_sequence: null }, usage: { output_tokens: 9 } }));
  events.push(event({ type: 'message_stop' }));
  return { events };
}

function gemini(body, path) {
  const text = lastText(body);
  const answer = (parts, finish) => ({ candidates: [{ index: 0, content: { role: 'model', parts }, ...(finish ? { finishReason: 'STOP' } : {}) }], modelVersion: 'gemini-test', usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 } });
  const call = body.tools?.some?.((t) => t.functionDeclarations) ? [{ functionCall: { name: 'send_mail', args: { to: text, deep: { list: [text] } } } }] : [];
  if (!path.includes(':streamGenerateContent')) return { json: answer([{ text: `echo: ${text}` }, ...call], true) };
  const chunks = cut(`echo: ${text}`).map((piece) => answer([{ text: piece }], false));
  chunks.push(answer(call, true));
  if (path.includes('alt=sse')) return { events: chunks.map((c) => sse(c)) };
  return { raw: '[' + chunks.map((c) => JSON.stringify(c)).join(',\r\n') + ']', type: 'application/json' };
}

function answerTo(path, body, call) {
  if (path.includes('/chat/completions')) return openaiChat(body);
  if (path.includes('/responses')) return openaiResponses(body, call);
  if (path.includes('/embeddings')) return { json: { object: 'list', model: body.model, data: [{ object: 'embedding', index: 0, embedding: [0.1, 0.2] }], usage: { prompt_tokens: 1, total_tokens: 1 } } };
  if (path.includes('/completions')) return { json: { id: 'cmpl-1', object: 'text_completion', created: 1, model: body.model, choices: [{ index: 0, text: `echo: ${lastText(body)}`, finish_reason: 'stop', logprobs: null }] } };
  if (path.includes('/messages/count_tokens')) return { json: { input_tokens: 7 } };
  if (path.includes('/messages')) return anthropicMessages(body, call);
  if (path.includes('GenerateContent') || path.includes(':generateContent')) return gemini(body, path);
  if (path.split('?')[0].endsWith('/models')) return { json: { models: [], object: 'list', data: [{ id: 'gpt-test', object: 'model', created: 1, owned_by: 'test' }] } };
  return { json: { echo: body } };
}

export class Upstream {
  requests = [];   // { host, method, path, headers, body: Buffer }
  connections = 0;
  closedEarly = 0; // answers whose client went away
  upgrades = 0;    // WebSocket attempts; each is answered 426
  call = null;     // (body, text) => { name, input }: the tool that the model calls, or null

  /** options.leaf: another certificate; options.handler(request, response): answers instead of the script. */
  static async start(options = {}) {
    const upstream = new Upstream();
    upstream.folder = mkdtempSync(join(tmpdir(), 'customhouse-upstream-'));
    upstream.root = options.root ?? makeRoot(upstream.folder);
    upstream.handler = options.handler;
    const leaf = options.leaf ?? makeLeaf(upstream.folder, upstream.root, HOSTS);
    upstream.server = https.createServer({ key: leaf.key, cert: leaf.cert, ALPNProtocols: ['http/1.1'], maxHeaderSize: 65536 }, (q, s) => upstream.#serve(q, s));
    upstream.server.keepAliveTimeout = 60_000;
    upstream.server.on('upgrade', (_, socket) => {
      upstream.upgrades++;
      socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    });
    upstream.server.on('secureConnection', () => { upstream.connections++; });
    await new Promise((done) => upstream.server.listen(0, '127.0.0.1', done));
    upstream.port = upstream.server.address().port;
    return upstream;
  }

  get address() { return `127.0.0.1:${this.port}`; }
  get caFile() { return this.root.cert; }
  /** Everything that arrived, as one string of bytes. */
  get everything() {
    return this.requests.map((r) => `${r.method} ${r.path}\n${JSON.stringify(r.headers)}\n${r.body.toString('latin1')}`).join('\n');
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  #serve(request, response) {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('error', () => {});
    response.on('close', () => { if (!response.writableEnded) this.closedEarly++; });
    request.on('end', async () => {
      const record = { host: request.headers.host, method: request.method, path: request.url, headers: request.headers, body: Buffer.concat(parts) };
      this.requests.push(record);
      if (this.handler && await this.handler(record, response)) return;
      if (request.method === 'GET' && !request.url.split('?')[0].endsWith('/models')) {
        response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"type":"not_found_error","message":"no such thing"}}');
        return;
      }
      let body = {};
      try { body = JSON.parse(record.body.toString('utf8')); } catch { /* GET, or not JSON */ }
      this.#answer(answerTo(request.url, body, this.call?.(body, lastText(body))), request.headers['x-test'] ?? '', response);
    });
  }

  async #answer(answer, trouble, response) {
    if (trouble === 'status-500') { response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"broken"}}'); return; }
    if (trouble === 'status-429') { response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '1' }).end('{"error":{"message":"slow down"}}'); return; }
    const streamed = Boolean(answer.events);
    const type = streamed ? 'text/event-stream; charset=utf-8' : answer.type ?? 'application/json';
    const pieces = answer.events ?? [answer.raw ?? JSON.stringify(answer.json)];
    const headers = { ...(trouble === 'no-type' ? {} : { 'content-type': type }), 'alt-svc': 'h3=":443"; ma=86400', 'x-request-id': 'req_1' };
    if (trouble === 'gzip' || trouble === 'br') {
      headers['content-encoding'] = trouble;
      const coder = trouble === 'gzip' ? zlib.createGzip() : zlib.createBrotliCompress();
      response.writeHead(200, headers);
      coder.pipe(response);
      for (const piece of pieces) { coder.write(piece); await new Promise((done) => coder.flush(done)); }
      coder.end();
      return;
    }
    if (!streamed && !trouble) headers['content-length'] = Buffer.byteLength(pieces[0]);
    response.writeHead(200, headers);
    for (const [i, piece] of pieces.entries()) {
      if ((trouble === 'close-mid-body' || trouble === 'truncate') && i >= pieces.length / 2) {
        response.write(piece.slice(0, Math.ceil(piece.length / 2)), () => response.destroy());
        return;
      }
      if (trouble === 'slow') await new Promise((done) => setTimeout(done, 20));
      if (trouble === 'silent' && i === 1) await new Promise((done) => setTimeout(done, 1500));
      response.write(piece);
    }
    response.end();
  }
}
