// check and plan, in this process: they need files and nothing else.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../../src/cli/program.ts';
import type { Finding } from '../../src/contracts/finding.ts';
import type { PlanPreview } from '../../src/operations.ts';
import { fakeShell, type FakeShell } from '../support/shell.ts';

const CONFIG = `version: 1
sources:
  app: { type: http }
layers:
  local: { type: memory }
namespaces:
  product: { ttl: 10m }
projections:
  category-membership: { url: "http://127.0.0.1:3000/refresh" }
contracts: [contracts/*.yaml]
`;

const CONTRACT = `event_invalidation:
  trigger: product.updated
  actions:
    - delete_key: product:{product_id}
    - purge_tag: product-{product_id}
    - refresh_projection: category-membership
`;

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-offline-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
}

async function cli(
  argv: readonly string[],
  options: { stdin?: string; env?: Record<string, string> } = {},
): Promise<FakeShell & { code: number }> {
  const shell = fakeShell({ cwd, ...options });
  const code = await runCli(argv, shell);
  return Object.assign(shell, { code });
}

const good = { 'tidemark.yaml': CONFIG, 'contracts/product.yaml': CONTRACT };
const checked = (ran: FakeShell): { files: string[]; findings: Finding[] } =>
  JSON.parse(ran.stdout) as { files: string[]; findings: Finding[] };

describe('check', () => {
  test('without arguments checks the tidemark.yaml here and the contracts that it names', async () => {
    write({ ...good, 'contracts/product.yaml': CONTRACT.replace('purge_tag:', 'purge_tags:') });
    const ran = await cli(['check']);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('contracts/product.yaml:5:7  KEY_UNKNOWN  unknown key "purge_tags"\n');
    expect(ran.stdout).toContain('    5 |     - purge_tags: product-{product_id}\n      |       ^\n');
    expect(ran.stdout).toContain('fix  did you mean "purge_tag"?');
    expect(ran.stderr).toBe('');
  });

  test('finds nothing wrong with the contract of the brief', async () => {
    write(good);
    const ran = await cli(['check', 'contracts/product.yaml']);
    expect(ran.stdout).toBe('no findings in 1 file\n');
    expect(ran.code).toBe(0);
  });

  test('passes with warnings, and fails on them when it is told to', async () => {
    write(good);
    const { findings } = checked(await cli(['check', '--json']));
    expect(findings.map(({ severity }) => severity)).toContain('warning');
    expect((await cli(['check'])).code).toBe(0);
    expect((await cli(['check', '--strict'])).code).toBe(1);
  });

  test('of a folder finds configurations and contracts by what they are, each once', async () => {
    write({
      ...good,
      'contracts/wrong.yaml': 'event_invalidation: { trigger: a.b }\n',
      'other/prod.yaml': 'version: 1\nnamespaces: { product: {} }\n',
      'loose/orders.yml': 'event_invalidation: { actions: [] }\n',
      'node_modules/x/tidemark.yaml': 'not: ours\n',
      '.hidden/tidemark.yaml': 'not: ours\n',
      'notes.txt': 'not yaml',
    });
    const { files, findings } = checked(await cli(['check', '.', '--json']));
    expect(files).toEqual(
      ['contracts/wrong.yaml', 'loose/orders.yml', 'other/prod.yaml', 'tidemark.yaml', 'contracts/product.yaml'].sort(),
    );
    const errors = findings.filter(({ severity }) => severity === 'error');
    expect([...new Set(errors.map(({ file }) => file))]).toEqual([
      'contracts/wrong.yaml',
      'loose/orders.yml',
      'other/prod.yaml',
    ]);
    const places = findings.map(({ file, line, column, code }) => `${file}:${String(line)}:${String(column)} ${code}`);
    expect(new Set(places).size).toBe(places.length);
  });

  test('names a missing environment variable and where it is asked for', async () => {
    write({ ...good, 'tidemark.yaml': `${CONFIG}server: { admin_token: "\${SHOP_TOKEN}" }\n` });
    const { findings } = checked(await cli(['check', '--json']));
    expect(findings.find(({ code }) => code === 'ENV_MISSING')).toMatchObject({ file: 'tidemark.yaml', line: 11 });
    const set = checked(await cli(['check', '--json'], { env: { SHOP_TOKEN: 'secret-token-secret-token-secret' } }));
    expect(set.findings.map(({ code }) => code)).not.toContain('ENV_MISSING');
  });

  test.each([
    ['nothing to check', [], 2, 'there is no tidemark.yaml in this folder'],
    ['a path that is not there', ['nowhere.yaml'], 1, 'FILE_UNREADABLE  the file cannot be read: nowhere.yaml'],
    ['a folder without YAML', ['.'], 2, '. holds no YAML file'],
  ])('says so when there is %s', async (_, paths, code, text) => {
    const ran = await cli(['check', ...paths]);
    expect(ran.code).toBe(code);
    expect(ran.stderr).toContain(text);
    expect(ran.stdout).toBe('');
  });

  test('reads each file once, however many links lead to it', async () => {
    write(good);
    symlinkSync(cwd, join(cwd, 'contracts', 'loop'));
    symlinkSync(join(cwd, 'contracts', 'product.yaml'), join(cwd, 'contracts', 'same.yaml'));
    expect((await cli(['check', 'contracts', 'contracts/same.yaml'])).stdout).toBe('no findings in 1 file\n');
  });
});

describe('plan', () => {
  const event = ['--type', 'product.updated', '--data', '{"product_id": 42}'];

  test('shows the contracts, the actions and each layer', async () => {
    write(good);
    const ran = await cli(['plan', ...event]);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toBe(
      [
        'product.updated from app',
        '',
        '1 contract',
        '  product.updated  3 actions  contracts/product.yaml:2',
        '',
        '3 actions',
        '  delete_key          product:42           by product.updated',
        '  purge_tag           product-42           by product.updated',
        '  refresh_projection  category-membership  by product.updated',
        '',
        'layer by layer',
        '  local  delete_key: product:42, purge_tag: product-42',
        '',
        'then projections',
        '  category-membership',
        '',
      ].join('\n'),
    );
  });

  test.each([
    ['an event', { type: 'product.updated', data: { product_id: 42 } }],
    [
      'a CloudEvent',
      { specversion: '1.0', id: '1', source: '/shop', type: 'product.updated', data: { product_id: 42 } },
    ],
    [
      'a line of tail',
      { entry: { offset: 1, event: { id: '1', source: 'app', type: 'product.updated', data: { product_id: 42 } } } },
    ],
  ])('takes %s from a file or from standard input', async (_, document) => {
    write({ ...good, 'event.json': JSON.stringify(document) });
    for (const ran of [
      await cli(['plan', 'event.json', '--json']),
      await cli(['plan', '-', '--json'], { stdin: JSON.stringify(document) }),
    ]) {
      const { plan } = JSON.parse(ran.stdout) as PlanPreview;
      expect(plan.actions.map(({ kind, target }) => `${kind} ${target}`)).toEqual([
        'delete_key product:42',
        'purge_tag product-42',
        'refresh_projection category-membership',
      ]);
    }
  });

  test('of a row change names what was and what is', async () => {
    write(good);
    const ran = await cli([
      'plan',
      '-t',
      'product.updated',
      '--before',
      '{"product_id": 1}',
      '-d',
      '{"product_id": 2}',
      '--json',
    ]);
    const targets = (JSON.parse(ran.stdout) as PlanPreview).plan.actions.map(({ target }) => target);
    expect(targets).toEqual(expect.arrayContaining(['product:1', 'product:2', 'product-1', 'product-2']));
  });

  test('says what widens, why, and fails', async () => {
    write(good);
    const ran = await cli(['plan', '--type', 'product.updated', '--data', '{"product": 42}']);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('2 problems: the event would become a dead letter, its invalidation widens\n');
    expect(ran.stdout).toContain('FIELD_MISSING');
    expect(ran.stdout).toContain('purge_namespace');
  });

  test('of an event that no contract knows says which one may be meant', async () => {
    write(good);
    const ran = await cli(['plan', '--type', 'produkt.updated']);
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain('nothing would happen. Did you mean product.updated?');
  });

  test('with a wrong configuration shows every mistake and exits with 78', async () => {
    write({ ...good, 'contracts/product.yaml': CONTRACT.replace('purge_tag:', 'purge_tags:') });
    const ran = await cli(['plan', ...event]);
    expect(ran.code).toBe(78);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toContain('contracts/product.yaml:5:7  KEY_UNKNOWN');
    expect(ran.stderr).toContain('error: CONFIG_INVALID  the configuration has 1 error\n');
    const json = await cli(['plan', ...event, '--json']);
    expect(JSON.parse(json.stderr)).toMatchObject({
      error: { code: 'CONFIG_INVALID', findings: [{ line: 5, column: 7 }] },
    });
  });

  test('without a configuration says what to do', async () => {
    const ran = await cli(['plan', ...event]);
    expect(ran.code).toBe(78);
    expect(ran.stderr).toContain('CONFIG_MISSING');
    expect(ran.stderr).toContain('tidemark dev');
  });

  test.each([
    ['no event', []],
    ['a source that is not configured', [...event, '--source', 'nobody']],
    ['a file that is no event', ['wrong.json']],
    ['a file that is not JSON', ['tidemark.yaml']],
  ])('refuses %s', async (_, args) => {
    write({ ...good, 'wrong.json': '[1]' });
    const ran = await cli(['plan', ...args]);
    expect(ran.code).toBe(2);
    expect(ran.stdout).toBe('');
  });

  test('shows hostile event content instead of obeying it', async () => {
    write(good);
    const ran = await cli(['plan', '--type', 'product.updated\u001b[2J', '--data', '{}']);
    expect(ran.stdout).not.toContain('\u001b');
  });
});
