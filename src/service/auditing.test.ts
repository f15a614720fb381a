// Goal: `equals` of `tide.cache` is what the auditor compares with. Method: the public class in virtual time, over an
// outbox, whose proofs decide; every load brings the time at which it was made, which no two loads share.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AuditStatus } from '../model/status.ts';
import { loadSqlite } from '../runtime/sqlite.ts';
import { virtualRuntime, type VirtualRuntime } from '../runtime/virtual.ts';
import { Tidemark } from '../service.ts';
import { outboxSchema } from '../sources/outbox/schema.ts';

const open = await loadSqlite();

interface Price {
  readonly cents: number;
  readonly loadedAt: number;
}

let cwd: string;
let runtime: VirtualRuntime;
let tide: Tidemark;

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-equals-'));
  const shop = open(join(cwd, 'shop.db'));
  shop.exec(`PRAGMA journal_mode = WAL; ${outboxSchema()}`);
  shop.close();
  runtime = virtualRuntime();
  const config = {
    version: 1,
    journal: { type: 'memory' },
    sources: { shop: { type: 'outbox', path: 'shop.db' } },
    namespaces: { price: { ttl: '1h', max_staleness: '2s', sources: ['shop'] } },
    event_invalidation: [{ trigger: 'price.updated', actions: [{ delete_key: 'price:{id}' }] }],
    auditor: { rate: 10, events: false },
  };
  tide = await Tidemark.start({ cwd, config, runtime });
});

afterEach(async () => {
  const closed = tide.close();
  await runtime.clock.advance(10_000);
  await closed;
  rmSync(cwd, { recursive: true });
});

/** What the auditor says after ten seconds with one entry, whose source has `cents` by then. */
async function audited(cents: () => number): Promise<AuditStatus['namespaces'][number]> {
  const factory = (): Price => ({ cents: cents(), loadedAt: runtime.clock.mono() });
  await runtime.clock.advance(1_000);
  await tide.cache<Price>('price').getOrSet({ key: 'price:1', factory });
  await runtime.clock.advance(10_000);
  const [audit] = tide.status().audit?.namespaces ?? [];
  if (!audit) throw new Error('nothing is audited');
  return audit;
}

it('without equals every member counts, also one that each load makes anew', async () => {
  const { checked, violations } = await audited(() => 100);
  expect(checked).toBeGreaterThan(0);
  expect(violations).toBe(checked);
});

it('equals of the program decides instead, with the cached value and the loaded one', async () => {
  const compared: [Price, Price][] = [];
  const equals = (cached: Price, loaded: Price): boolean => {
    compared.push([cached, loaded]);
    return cached.cents === loaded.cents;
  };
  tide.cache<Price>('price', { equals });
  const { checked, violations } = await audited(() => 100);
  expect(checked).toBeGreaterThan(0);
  expect(violations).toBe(0);
  expect(compared.every(([cached, loaded]) => cached.loadedAt < loaded.loadedAt)).toBe(true);
});

it('equals finds what differs, and the last one given counts', async () => {
  tide.cache<Price>('price', { equals: () => true });
  tide.cache<Price>('price', { equals: (cached, loaded) => cached.cents === loaded.cents });
  let cents = 100;
  const { checked, violations } = await audited(() => cents++);
  expect(checked).toBeGreaterThan(0);
  expect(violations).toBe(checked);
});

it('asking for the cache again without equals keeps the one that was given', async () => {
  tide.cache<Price>('price', { equals: () => true });
  tide.cache<Price>('price');
  expect((await audited(() => 100)).violations).toBe(0);
});
