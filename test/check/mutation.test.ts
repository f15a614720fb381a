// Valid files, broken in small ways: whatever comes of it is an answer, soon, with places that exist.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { reviewConfig } from '../../src/config/review.ts';
import { compileContracts } from '../../src/contracts/compile.ts';
import type { Finding } from '../../src/contracts/finding.ts';
import { parseContracts } from '../../src/contracts/parse.ts';
import { plan } from '../../src/contracts/plan.ts';
import { kinds } from './kinds.ts';

const examples = join(import.meta.dirname, '..', '..', 'examples', 'contracts');
const contracts = readdirSync(examples).map((name) => readFileSync(join(examples, name), 'utf8'));

const CONFIG = `version: 1
journal:   { type: sqlite, path: .tidemark/journal.db, retention: 7d }
server:    { listen: 127.0.0.1:4100, admin_token: \${TOKEN} }
sources:
  shop-db:  { type: postgres, url: \${DATABASE_URL:-postgres://127.0.0.1/shop}, tables: { public.products: product } }
  github:   { type: webhook, secret: \${SECRET} }
layers:
  local:    { type: memory, max_entries: 100000 }
namespaces:
  product:  { ttl: 10m, max_staleness: 2s, when_uncertain: bypass, sources: [shop-db] }
projections:
  category-membership: { url: http://127.0.0.1:3000/internal/refresh, debounce: 200ms }
event_invalidation:
  - trigger: product.updated
    when: { price: { changed: true } }
    actions:
      - delete_key: product:{product_id}
      - purge_tag: product-{product_id}
      - refresh_projection: category-membership
`;

/** One small accident of an editor: bytes or lines lost, doubled, swapped or put in. */
const accident = fc.tuple(
  fc.constantFrom('drop', 'double', 'swap', 'insert', 'drop line', 'double line', 'swap lines', 'indent line'),
  fc.nat(10_000),
  fc.nat(10_000),
  fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    ' ',
    '\n',
    '\t',
    '-',
    '"',
    "'",
    '#',
    '&a',
    '*a',
    '!x',
    '|',
    '>',
    '%',
    '@',
    '`',
    '\0',
    '\uFEFF',
    '\ud800',
    '$',
    '${',
    '<<:',
  ),
);
type Accident = typeof accident extends fc.Arbitrary<infer A> ? A : never;

function suffer(text: string, [kind, a, b, piece]: Accident): string {
  const at = a % (text.length + 1);
  const lines = text.split('\n');
  const i = a % lines.length;
  const j = b % lines.length;
  switch (kind) {
    case 'drop':
      return text.slice(0, at) + text.slice(at + 1 + (b % 5));
    case 'double':
      return text.slice(0, at) + text.slice(at, at + 5) + text.slice(at);
    case 'swap':
      return text.slice(0, at) + (text[at + 1] ?? '') + (text[at] ?? '') + text.slice(at + 2);
    case 'insert':
      return text.slice(0, at) + piece + text.slice(at);
    case 'drop line':
      return lines.toSpliced(i, 1).join('\n');
    case 'double line':
      return lines.toSpliced(j, 0, lines[i] ?? '').join('\n');
    case 'swap lines':
      return lines
        .with(i, lines[j] ?? '')
        .with(j, lines[i] ?? '')
        .join('\n');
    case 'indent line':
      return lines.with(i, `${' '.repeat(b % 7)}${(lines[i] ?? '').trimStart()}`).join('\n');
  }
}

const accidents = fc.array(accident, { minLength: 1, maxLength: 4 });

function holds(findings: readonly Finding[], text: string): void {
  const lines = text.split('\n').length;
  for (const { line, column, what, why, fix } of findings) {
    expect(line).toBeGreaterThan(0);
    expect(line).toBeLessThanOrEqual(lines + 1);
    expect(column).toBeGreaterThan(0);
    expect(`${what}${why}${fix}`).not.toMatch(/undefined|\[object|\p{Cc}/u);
  }
}

it('a mutated contract file gives contracts or findings', { timeout: 120_000 }, () => {
  let slowestMs = 0;
  fc.assert(
    fc.property(fc.constantFrom(...contracts), accidents, (original, happened) => {
      const text = happened.reduce(suffer, original);
      const before = performance.now();
      const parsed = parseContracts(text, 'mutated.yaml');
      slowestMs = Math.max(slowestMs, performance.now() - before);
      holds(parsed.findings, text);
      // What was read can be compiled and planned with: nothing that is wrong gets that far.
      const set = compileContracts(parsed.contracts);
      for (const { event } of parsed.tests) plan(set, event);
      for (const { triggers } of parsed.contracts)
        plan(set, { id: '1', type: (triggers[0] ?? '').replaceAll('*', 'x'), source: 'app', data: null });
    }),
    { numRuns: 1_500 },
  );
  expect(slowestMs).toBeLessThan(5_000);
});

it('a mutated configuration gives a configuration or findings', { timeout: 120_000 }, () => {
  let whole = 0;
  const env = { TOKEN: 'a-token-that-nobody-may-see', SECRET: 'a-secret-that-nobody-may-see' };
  fc.assert(
    fc.property(accidents, (happened) => {
      const text = happened.reduce(suffer, CONFIG);
      const { config, findings } = loadConfig({ text, kinds, env });
      const errors = findings.filter(({ severity }) => severity === 'error');
      expect(config === null).toBe(errors.length > 0);
      const all = config ? [...findings, ...reviewConfig(config, kinds)] : findings;
      holds(all, text);
      expect(JSON.stringify(all)).not.toContain('that-nobody-may-see');
      if (config) {
        whole++;
        for (const { ttlMs } of config.namespaces.values()) expect(ttlMs).toBeGreaterThan(0);
      }
    }),
    { numRuns: 1_500 },
  );
  // Else the test would only have looked at syntax errors.
  expect(whole).toBeGreaterThan(50);
});
