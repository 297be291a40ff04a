// Claude Code and Codex as their users start them: the settings of `customhouse env` and a made-up
// key. What they write on disk after a tool call is the real value; what the provider saw is not.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { command, makeHome } from '../support/command.mjs';
import { Gateway, SOURCE } from '../support/gateway.mjs';
import { Upstream } from '../support/upstream.mjs';
import { ALL, MAIL, PROMPT } from '../support/values.mjs';

// What they would tell besides (updates, plugins, metrics) goes to hosts that are not on loopback.
const YAML = 'unlisted_hosts: deny\n';
const BLOCKING = `version: 1
name: house-rules
detectors: [${SOURCE}/config/policies/detectors/contact.yaml]
rules: [{id: no-mail-addresses, types: EMAIL_ADDRESS, action: block}]
`;

let upstream, gateway, home;
before(async () => {
  upstream = await Upstream.start();
  gateway = await Gateway.start({ upstream, yaml: YAML });
  home = makeHome();
});
after(async () => {
  await gateway?.stop();
  await upstream?.stop();
  home?.remove();
});
beforeEach(() => { upstream.requests.length = 0; upstream.call = null; });

const prompts = () => upstream.requests.filter((r) => /\/(messages|responses)(\?|$)/.test(r.path));

const claude = (text, { through = gateway, args = [] } = {}) => command('claude', ['-p', text, ...args], {
  cwd: home.path,
  env: { HOME: home.path, ANTHROPIC_API_KEY: 'sk-made-up', HTTPS_PROXY: through.proxyUrl, NODE_EXTRA_CA_CERTS: through.caFile,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_AUTOUPDATER: '1', DISABLE_TELEMETRY: '1' },
});
const codex = (text, { through = gateway, args = [] } = {}) => command('codex', ['exec', '-m', 'gpt-test', '--skip-git-repo-check', ...args, text], {
  cwd: home.path,
  env: { HOME: home.path, CODEX_HOME: home.path, CODEX_API_KEY: 'sk-made-up', HTTPS_PROXY: through.proxyUrl, CODEX_CA_CERTIFICATE: through.caFile },
});

for (const [name, run, tool] of [
  ['claude code', claude, {
    args: ['--allowedTools', 'Write'],
    call: (file, text) => ({ name: 'Write', input: { file_path: file, content: text } }),
    answered: (body) => body.messages.some((m) => Array.isArray(m.content) && m.content.some((p) => p.type === 'tool_result')),
  }],
  ['codex', codex, {
    args: ['--dangerously-bypass-approvals-and-sandbox'],
    call: (file, text) => ({ name: 'exec_command', input: { cmd: `cat > ${file} <<'END'\n${text}\nEND`, login: false } }),
    answered: (body) => body.input.some((item) => item.type === 'function_call_output'),
  }],
]) {
  describe(name, () => {
    test('says hi: the provider sees no value, the terminal shows them all', async () => {
      const { code, out, output, ms } = await run(`say hi: ${PROMPT}`);
      assert.equal(code, 0, output);
      for (const value of ALL) {
        assert.ok(out.includes(value), `${value.slice(0, 4)}… on the terminal: ${output}`);
        assert.ok(!upstream.everything.includes(value), `${value.slice(0, 4)}… left the house`);
      }
      assert.ok(prompts().length >= 1);
      assert.equal(upstream.upgrades, 0);  // the gateway itself answers 426
      assert.ok(ms < 45_000, `${ms} ms`);
    });

    test('a tool writes the real values to disk', async () => {
      const file = join(home.path, `${name.split(' ')[0]}-note.txt`);
      upstream.call = (body, text) => !text.includes('the note') || tool.answered(body) ? null
        : tool.call(file, text.slice(text.indexOf('the note')));
      const { code, output } = await run(`the note: ${PROMPT}`, { args: tool.args });
      assert.equal(code, 0, output);
      const note = readFileSync(file, 'utf8');
      for (const value of ALL) {
        assert.ok(note.includes(value), note);
        assert.ok(!upstream.everything.includes(value), `${value.slice(0, 4)}… left the house`);
      }
      // The second turn carries the tool's input and its result back: both without the values.
      assert.ok(prompts().length >= 2);
    });

    test('a blocked prompt is told once, with the rule, and not asked again', async () => {
      const policy = join(home.path, 'house-rules.yaml');
      writeFileSync(policy, BLOCKING);
      const strict = await Gateway.start({ upstream, yaml: YAML, policies: [policy] });
      try {
        const { output, ms } = await run(`please write to ${MAIL}`, { through: strict });
        assert.match(output, /no-mail-addresses/);
        assert.ok(!upstream.everything.includes(MAIL));
        assert.equal(prompts().length, 0);
        const blocked = strict.ledger().filter((r) => r.kind === 'decision' && r.decision.action === 'block');
        assert.ok(blocked.length >= 1 && blocked.length <= 2, `${blocked.length} requests were blocked`);
        assert.ok(ms < 30_000, `${ms} ms`);
      } finally {
        await strict.stop();
      }
    });
  });
}
