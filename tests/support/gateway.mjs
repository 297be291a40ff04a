// Starts the gateway program on a configuration of its own, ports chosen by the system.
import { spawn, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HOSTS } from './upstream.mjs';

export const SOURCE = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const PROGRAM = process.env.CUSTOMHOUSE_BIN ?? join(SOURCE, 'build/release/customhouse');

export class Gateway {
  /** options: upstream (an Upstream), connectTo, extraCa, policies, yaml and upstreamYaml (text added), folder (one to start again in). */
  static async start(options = {}) {
    const gateway = new Gateway();
    gateway.folder = options.folder ?? mkdtempSync(join(tmpdir(), 'customhouse-gateway-'));
    gateway.dataDir = join(gateway.folder, 'var');
    gateway.configFile = join(gateway.folder, 'customhouse.yaml');
    const connectTo = options.connectTo ?? Object.fromEntries(HOSTS.map((h) => [`${h}:443`, options.upstream.address]));
    const extraCa = options.extraCa ?? (options.upstream ? [options.upstream.caFile] : []);
    writeFileSync(gateway.configFile, [
      'listen: {proxy: "127.0.0.1:0", api: "127.0.0.1:0", admin: "127.0.0.1:0"}',
      'data_dir: var',
      'upstream:',
      `  extra_ca: ${JSON.stringify(extraCa)}`,
      `  connect_to: ${JSON.stringify(connectTo)}`,
      ...(options.upstreamYaml ? [options.upstreamYaml] : []),
      `providers: ${options.providers ?? join(SOURCE, 'config/providers.yaml')}`,
      `policies: ${JSON.stringify(options.policies ?? [join(SOURCE, 'config/policies/default.yaml')])}`,
      options.yaml ?? '',
    ].join('\n'));
    await gateway.launch();
    return gateway;
  }

  async launch() {
    const state = join(this.dataDir, 'run/listeners.json');
    rmSync(state, { force: true });
    this.output = '';
    this.process = spawn(PROGRAM, ['serve', '--config', this.configFile], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.process.stdout.on('data', (d) => { this.output += d; });
    this.process.stderr.on('data', (d) => { this.output += d; });
    this.exited = new Promise((done) => this.process.on('exit', (code, signal) => done(code ?? signal)));
    let gone;
    this.exited.then((how) => { gone = how; });
    const deadline = Date.now() + 30_000;
    for (;;) {
      if (existsSync(state)) {
        // "address:port" of each listener; written whole (renamed into place).
        const listeners = JSON.parse(readFileSync(state, 'utf8'));
        this.ports = Object.fromEntries(['proxy', 'api', 'admin'].map((name) => [name, Number(String(listeners[name]).split(':').at(-1))]));
        break;
      }
      if (gone !== undefined) throw new Error(`the gateway ended (${gone}):\n${this.output}`);
      if (Date.now() > deadline) throw new Error(`the gateway did not start:\n${this.output}`);
      await new Promise((done) => setTimeout(done, 10));
    }
    this.caFile = join(this.dataDir, 'ca/ca.pem');
  }

  get proxyUrl() { return `http://127.0.0.1:${this.ports.proxy}`; }
  get apiUrl() { return `http://127.0.0.1:${this.ports.api}`; }
  get adminUrl() { return `http://127.0.0.1:${this.ports.admin}`; }
  get ca() { return readFileSync(this.caFile, 'utf8'); }

  /** Records so far, oldest first. */
  ledger() {
    const text = execFileSync(PROGRAM, ['audit', 'list', '--json', '--limit', '1000000', '--config', this.configFile], { encoding: 'utf8', maxBuffer: 1 << 30 });
    return text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }
  /** Waits until `test(records)` is true: completions are written a moment after the answer. */
  async ledgerUntil(test, ms = 5000) {
    const deadline = Date.now() + ms;
    for (;;) {
      const records = this.ledger();
      if (test(records) || Date.now() > deadline) return records;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
  hup() { this.process.kill('SIGHUP'); }
  async kill9() { this.process.kill('SIGKILL'); await this.exited; }
  async stop() {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGTERM');
    const how = await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
    return how;
  }
}
