// A TLS server that keeps every application byte and answers with exactly the bytes it is told to:
// for broken answers, for answers cut anywhere, and to prove that nothing arrived.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { makeLeaf, makeRoot } from './certificates.mjs';
import { HOSTS } from './upstream.mjs';

const LENGTH = /\r\ncontent-length: *(\d+)/i;

export class RawUpstream {
  bytes = 0;        // application bytes that arrived
  connections = 0;  // TLS handshakes begun
  handshakes = 0;   // and finished

  /** options: root, leaf, tls (more TLS options), answer(socket, head, body): called once a request with Content-Length is whole. */
  static async start(options = {}) {
    const upstream = new RawUpstream();
    upstream.folder = mkdtempSync(join(tmpdir(), 'customhouse-upstream-'));
    upstream.root = options.root ?? makeRoot(upstream.folder);
    const leaf = options.leaf ?? makeLeaf(upstream.folder, upstream.root, HOSTS);
    upstream.answer = options.answer ?? ((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'));
    upstream.sockets = new Set();
    upstream.server = tls.createServer({ key: leaf.key, cert: leaf.cert, ALPNProtocols: ['http/1.1'], ...options.tls }, (socket) => upstream.#serve(socket));
    upstream.server.on('connection', (socket) => {
      upstream.connections++;
      upstream.sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {}).on('close', () => upstream.sockets.delete(socket));
    });
    upstream.server.on('tlsClientError', () => {});
    await new Promise((done) => upstream.server.listen(0, '127.0.0.1', done));
    upstream.address = `127.0.0.1:${upstream.server.address().port}`;
    return upstream;
  }

  get caFile() { return this.root.cert; }

  #serve(socket) {
    this.handshakes++;
    let waiting = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      this.bytes += data.length;
      waiting = Buffer.concat([waiting, data]);
      for (;;) {
        const end = waiting.indexOf('\r\n\r\n');
        if (end < 0) return;
        const head = waiting.subarray(0, end).toString('latin1');
        const length = Number(LENGTH.exec(head)?.[1] ?? 0);
        if (waiting.length < end + 4 + length) return;
        const body = waiting.subarray(end + 4, end + 4 + length);
        waiting = waiting.subarray(end + 4 + length);
        this.answer(socket, head, body);
      }
    });
  }

  async stop() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.server.close(done));
  }
}
