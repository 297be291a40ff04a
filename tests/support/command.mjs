// Runs a command-line client as an employee would: own home, nothing but the given environment,
// killed when it takes too long.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BIN = join(dirname(fileURLToPath(import.meta.url)), '../clients/node_modules/.bin');

/** A home folder of its own; `remove()` when done. */
export function makeHome() {
  const path = mkdtempSync(join(tmpdir(), 'customhouse-home-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** Resolves to { code, bytes, out, output, ms }; code is null when it was killed after `limit` ms. `input` goes to its stdin. */
export function command(program, args, { env = {}, cwd, input, limit = 60_000 } = {}) {
  return new Promise((done, failed) => {
    const begun = Date.now();
    // A process group of its own: these clients start helpers, and all must go.
    const child = spawn(program, args, { cwd, detached: true, stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: `${BIN}:${process.env.PATH}`, TERM: 'dumb', ...env } });
    const out = [], all = [];
    child.stdout.on('data', (d) => { out.push(d); all.push(d); });
    child.stderr.on('data', (d) => all.push(d));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    const end = () => { try { process.kill(-child.pid, 'SIGKILL'); } catch { /* gone */ } };
    const timer = setTimeout(end, limit);
    child.on('error', failed);
    child.on('close', (code) => {
      clearTimeout(timer);
      end();
      const bytes = Buffer.concat(out);
      done({ code, bytes, out: bytes.toString(), output: Buffer.concat(all).toString(), ms: Date.now() - begun });
    });
  });
}
