// Goal: docs/cli.md shows what the program prints. Method: each block under a comment with a command line is made again,
// in a folder with a small configuration and against a daemon whose answers are fixed; `-u` writes the page.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildProgram, runCli } from '../../src/cli/program.ts';
import type { Entry } from '../../src/model/entry.ts';
import type { JsonValue } from '../../src/model/json.ts';
import type { ActionKind, PlannedAction } from '../../src/model/plan.ts';
import type { Offset } from '../../src/model/position.ts';
import type { TrustReason } from '../../src/model/reason.ts';
import type { Explanation, ReplayReport } from '../../src/operations.ts';
import { inWords } from '../../src/trust/words.ts';
import { FakeOperations } from '../support/fake-operations.ts';
import { closeAll, serve } from '../support/http-server.ts';
import { fakeShell } from '../support/shell.ts';
import { STATUS } from '../support/status.ts';

const PAGE = join(import.meta.dirname, '..', '..', 'docs', 'cli.md');
const BLOCK = /<!-- (tidemark .*?) -->\n+```text\n[^]*?```/g;

const CONTRACT = `event_invalidation:
  trigger: product.updated
  actions:
    - delete_key: product:{product_id}
    - purge_tag: product-{product_id}
    - refresh_projection: category-membership
`;
const CONFIG = `version: 1
sources:
  app: { type: http }
namespaces:
  product: { ttl: 10m }
projections:
  category-membership: { url: "http://127.0.0.1:3000/refresh" }
contracts: [contracts/*.yaml]
`;

const FRESH: TrustReason = {
  kind: 'fresh',
  boundMs: 2_000,
  known: {
    asOf: Date.UTC(2026, 0, 1) - 180,
    ageMs: 180,
    by: 'echo',
    echo: { source: 'shop-db', offset: 121 as Offset, of: 1 },
  },
};

/** A daemon that has always the same to say. The shell's clock stands at the beginning of 2026. */
class SteadyOperations extends FakeOperations {
  readonly #now = Date.UTC(2026, 0, 1);

  override status(): ReturnType<FakeOperations['status']> {
    return STATUS;
  }

  override append(type: string, data: JsonValue = {}, id?: string): Entry {
    const entry = super.append(type, data, id);
    const action = (kind: ActionKind, target: string): PlannedAction => ({ kind, target, contract: 'product.updated' });
    const actions = [
      action('delete_key', 'product:42'),
      action('purge_tag', 'product-42'),
      action('refresh_projection', 'category-membership'),
    ];
    const planned = { ...entry, plan: { ...entry.plan, actions }, receivedAt: this.#now + 50_587_120 };
    this.journal[this.journal.length - 1] = planned;
    return planned;
  }

  override async replay(request: Parameters<FakeOperations['replay']>[0]): Promise<ReplayReport> {
    const report = await super.replay(request);
    return { ...report, actions: { delete_key: 1, purge_tag: 1, refresh_projection: 1 } };
  }

  override explain(key: string): Promise<Explanation> {
    const via = 'delete_key: product:42 (product.updated)';
    return Promise.resolve({
      key,
      endedBy: [
        { contract: 'product.updated', triggers: ['product.updated'], action: 'delete_key: product:{product_id}' },
      ],
      last: [
        { offset: 118 as Offset, type: 'product.updated', source: 'shop-db', receivedAt: this.#now - 42_000, via },
      ],
      searched: 200,
      held: [
        {
          layer: 'local',
          namespace: 'product',
          tags: ['product-42', 'shop'],
          stamp: 118 as Offset,
          ageMs: 41_200,
          verdict: 'serve',
          reason: inWords(FRESH),
          why: FRESH,
        },
      ],
      absent: [],
    });
  }
}

let cwd = '';
let url = '';
const operations = new SteadyOperations();

beforeAll(async () => {
  // Times of day are local ones.
  process.env['TZ'] = 'UTC';
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-docs-'));
  mkdirSync(join(cwd, 'contracts'));
  writeFileSync(join(cwd, 'tidemark.yaml'), CONFIG);
  writeFileSync(join(cwd, 'contracts/product.yaml'), CONTRACT);
  mkdirSync(join(cwd, 'wrong'));
  writeFileSync(join(cwd, 'wrong/product.yaml'), CONTRACT.replace('purge_tag:', 'purge_tags:'));
  ({ url } = await serve({}, operations));
  for (const id of [3, 4]) {
    const message = '{product_id}: the event has no such field';
    const event = { id: `e${String(id)}`, type: 'product.updated', source: 'app', data: {} };
    const letter = { offset: id as Offset, source: 'app', stage: 'plan', code: 'FIELD_MISSING', message, event };
    operations.letters.set(id, { id, ...letter, action: null, attempts: 1, at: Date.UTC(2026, 0, 1) - id * 60_000 });
  }
});

afterAll(async () => {
  await closeAll();
  rmSync(cwd, { recursive: true });
});

/** What a person would see. Notes in brackets behind a command line stand for what cannot be written on the page. */
async function output(line: string): Promise<string> {
  const [, command = '', note] = /^tidemark (.*?)(?: \((.*)\))?$/.exec(line) ?? [];
  const address = note === 'nobody there' ? 'http://127.0.0.1:4100' : url;
  const argv = note?.startsWith('a contract') ? ['check', 'wrong/'] : words(command);
  const shell = fakeShell({ cwd, env: { TIDEMARK_URL: address } });
  if (note === 'nobody there') argv.push('--url', 'http://127.0.0.1:2');
  await runCli(argv, shell);
  return (shell.stdout + shell.stderr).replaceAll('http://127.0.0.1:2', 'http://127.0.0.1:4100');
}

const words = (line: string): string[] =>
  Array.from(line.matchAll(/'([^']*)'|(\S+)/g), ([, quoted, bare]) => quoted ?? bare ?? '');

describe('docs/cli.md', () => {
  test('shows what the program prints', async () => {
    const page = readFileSync(PAGE, 'utf8');
    let made = '';
    let at = 0;
    for (const match of page.matchAll(BLOCK)) {
      const line = match[1] ?? '';
      made += `${page.slice(at, match.index)}<!-- ${line} -->\n\n\`\`\`text\n${await output(line)}\`\`\``;
      at = match.index + match[0].length;
    }
    await expect(made + page.slice(at)).toMatchFileSnapshot(PAGE);
  });

  test('has the help of every command', () => {
    const page = readFileSync(PAGE, 'utf8');
    const lines = (command: Command, above: string): string[] => {
      const name = `${above} ${command.name()}`.trim();
      return [`<!-- ${name} --help -->`, ...command.commands.flatMap((below) => lines(below, name))];
    };
    for (const line of lines(buildProgram(fakeShell()), '')) expect(page).toContain(line);
  });
});

describe('every command', () => {
  const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
  const named = all(buildProgram(fakeShell())).map((command): [string, Command] => [command.name(), command]);

  test.each(named.filter(([, command]) => command.commands.length === 0))('%s takes --json', (_, command) => {
    expect(command.options.map(({ long }) => long)).toContain('--json');
  });

  test.each(named)('%s says what it does in whole sentences', (_, command) => {
    expect(command.description()).toMatch(/\.$/);
  });

  test.each([
    ['tidemark stat', 'Did you mean status?'],
    ['tidemark replay --form 1', 'Did you mean --from?'],
    ['tidemark dead-letters lits', 'Did you mean list?'],
    ['tidemark run --log-level loud', 'Allowed choices are debug, info, warn, error, silent.'],
  ])('`%s` is a mistake, and %s', async (line, hint) => {
    const shell = fakeShell({ cwd });
    expect(await runCli(words(line).slice(1), shell)).toBe(2);
    expect(shell.stderr).toContain(hint);
    expect(shell.stdout).toBe('');
  });

  test('asked for its version prints just that', async () => {
    const shell = fakeShell();
    expect(await runCli(['--version'], shell)).toBe(0);
    expect(shell.stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  });
});
