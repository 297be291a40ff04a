// scan --explain and policy list as people and scripts use them.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { command, makeHome } from '../support/command.mjs';
import { PROGRAM, SOURCE } from '../support/gateway.mjs';

const POLICY = join(SOURCE, 'config/policies/default.yaml');
let home;
before(() => { home = makeHome(); });
after(() => home?.remove());
const run = (args, options) => command(PROGRAM, args, { env: { HOME: home.path }, limit: 20_000, ...options });

describe('customhouse scan --explain', () => {
  const text = 'my card is 4111 1111 1111 1111';
  test('tells place, validator, context and score, and never the value', async () => {
    const { code, out } = await run(['scan', '--explain', '--policy', POLICY], { input: text });
    assert.equal(code, 0);
    const [finding] = JSON.parse(out);
    assert.equal(finding.type, 'CREDIT_CARD');
    assert.match(finding.explain.pattern, /detectors\/financial\.yaml:\d+:\d+$/);
    assert.equal(finding.explain.validator, 'credit_card');
    assert.equal(finding.explain.context, 'card');
    assert.ok(finding.explain.score.length >= 2);
    assert.doesNotMatch(out, /4111/);
  });
  test('works line by line; without it a finding has its five members', async () => {
    const input = `${JSON.stringify({ id: 7, text })}\n`;
    const told = await run(['scan', '--jsonl', '--explain', '--policy', POLICY], { input });
    assert.equal(JSON.parse(told.out).findings[0].explain.context, 'card');
    const plain = await run(['scan', '--jsonl', '--policy', POLICY], { input });
    assert.deepEqual(Object.keys(JSON.parse(plain.out).findings[0]), ['type', 'start', 'end', 'confidence', 'rule']);
  });
});

describe('customhouse policy', () => {
  test('list --json: one object a detector', async () => {
    const { code, out } = await run(['policy', 'list', '--json', '--policy', POLICY]);
    assert.equal(code, 0);
    const all = out.trimEnd().split('\n').map((line) => JSON.parse(line));
    const card = all.find((d) => d.id === 'CREDIT_CARD');
    assert.deepEqual([card.family, card.validator], ['financial', 'credit_card']);
    assert.ok(card.labels.includes('pci') && card.examples > 5);
    const table = await run(['policy', 'list', '--policy', POLICY]);
    assert.equal(table.out.trimEnd().split('\n').length, all.length + 1);
  });
  test('check names the place of a word list that is too short', async () => {
    const file = join(home.path, 'own.yaml');
    writeFileSync(file, 'version: 1\nname: own\ndetectors: [words.yaml]\nrules: []\n');
    writeFileSync(join(home.path, 'words.yaml'), 'detectors:\n  - id: OWN\n    labels: own\n    words: [ab]\n    examples: {match: [ab]}\n');
    const { code, output } = await run(['policy', 'check', file]);
    assert.equal(code, 1);
    assert.match(output, /words\.yaml:4:12: 'words' are/);
  });
});
