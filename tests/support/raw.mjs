// Raw bytes over an intercepted connection: what no well-behaved client would send.
import net from 'node:net';
import tls from 'node:tls';

/** CONNECT, then TLS. options: host, port, servername, ca, connectHost. Returns the TLS socket. */
export async function intercepted(gateway, host, options = {}) {
  const socket = net.connect(gateway.ports.proxy, '127.0.0.1');
  socket.on('error', () => {});
  const target = `${options.connectHost ?? host}:${options.port ?? 443}`;
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`);
  const head = await until(socket, /\r\n\r\n/);
  if (!head.startsWith('HTTP/1.1 200')) throw Object.assign(new Error(`CONNECT: ${head.split('\r\n')[0]}`), { head });
  const secure = tls.connect({ socket, servername: options.servername ?? host, ca: options.ca ?? gateway.ca, ALPNProtocols: options.alpn,
    ...(options.anyName ? { checkServerIdentity: () => undefined } : {}) });
  secure.on('error', () => {});
  await new Promise((done, failed) => { secure.once('secureConnect', done); secure.once('error', failed); });
  return secure;
}

/** Reads until `pattern` matches what came so far (latin1), or the end, or `ms`. */
export function until(socket, pattern, ms = 10_000) {
  return new Promise((done) => {
    let text = '';
    const finish = () => { socket.off('data', take); socket.off('close', finish); socket.off('end', finish); clearTimeout(timer); done(text); };
    const take = (bytes) => { text += bytes.toString('latin1'); if (pattern?.test(text)) finish(); };
    const timer = setTimeout(finish, ms);
    socket.on('data', take);
    socket.on('close', finish);
    socket.on('end', finish);
    if (socket.destroyed) finish();
  });
}

/** One whole HTTP/1.1 response (Content-Length or chunked) from a kept connection. */
export class HttpReader {
  constructor(socket) {
    this.buffer = Buffer.alloc(0);
    this.closed = false;
    this.waiting = null;
    socket.on('data', (d) => { this.buffer = Buffer.concat([this.buffer, d]); this.waiting?.(); });
    for (const event of ['end', 'close', 'error']) socket.on(event, () => { this.closed = true; this.waiting?.(); });
  }
  async more(ms) {
    if (this.closed) return false;
    const before = this.buffer.length;
    await new Promise((done) => { const t = setTimeout(done, ms); this.waiting = () => { clearTimeout(t); this.waiting = null; done(); }; });
    return this.buffer.length > before;
  }
  /** {status, headers, body, complete} or null at the end. */
  async next(ms = 10_000) {
    let end;
    while ((end = this.buffer.indexOf('\r\n\r\n')) < 0) if (!await this.more(ms)) return null;
    const [line, ...lines] = this.buffer.subarray(0, end).toString('latin1').split('\r\n');
    const headers = Object.fromEntries(lines.map((l) => [l.slice(0, l.indexOf(':')).toLowerCase(), l.slice(l.indexOf(':') + 1).trim()]));
    const status = Number(line.split(' ')[1]);
    this.buffer = this.buffer.subarray(end + 4);
    if (status === 100) return this.next(ms);
    const take = async (n) => { while (this.buffer.length < n) if (!await this.more(ms)) return null; const b = this.buffer.subarray(0, n); this.buffer = this.buffer.subarray(n); return b; };
    if (headers['transfer-encoding'] === 'chunked') {
      const parts = [];
      for (;;) {
        let eol;
        while ((eol = this.buffer.indexOf('\r\n')) < 0) if (!await this.more(ms)) return { status, headers, body: Buffer.concat(parts), complete: false };
        const size = parseInt(this.buffer.subarray(0, eol).toString('latin1'), 16);
        this.buffer = this.buffer.subarray(eol + 2);
        const bytes = await take(size + 2);
        if (!bytes) return { status, headers, body: Buffer.concat([...parts, this.buffer]), complete: false };
        if (size === 0) return { status, headers, body: Buffer.concat(parts), complete: true };
        parts.push(bytes.subarray(0, size));
      }
    }
    if (headers['content-length'] !== undefined) {
      const body = await take(Number(headers['content-length']));
      return { status, headers, body: body ?? this.buffer, complete: body !== null };
    }
    while (!this.closed) if (!await this.more(ms)) break;
    return { status, headers, body: this.buffer, complete: this.closed };
  }
}

export function post(path, host, body, headers = {}) {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
  const fields = { Host: host, 'Content-Type': 'application/json', Authorization: 'Bearer made-up', 'Content-Length': bytes.length, ...headers };
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${Object.entries(fields).filter(([, v]) => v !== null).map(([k, v]) => `${k}: ${v}`).join('\r\n')}\r\n\r\n`), bytes]);
}
