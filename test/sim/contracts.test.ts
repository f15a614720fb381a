// `tidemark simulate`: a configuration that leaves something out is found by its effect, one that does not is not.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/program.ts';
import { loadConfig } from '../../src/config/load.ts';
import { kinds } from '../../src/service/kinds.ts';
import { simulateConfig } from '../../src/sim/simulate.ts';
import { fakeShell } from '../support/shell.ts';

type Contract = Readonly<Record<string, unknown>>;
const PRODUCT = { trigger: 'product.*', actions: [{ delete_key: 'product:{id}' }, { purge_tag: 'shelf-{shelf_id}' }] };

async function simulated(contracts: readonly Contract[], namespaces: object = {}): ReturnType<typeof simulateConfig> {
  const object = {
    version: 1,
    sources: {
      db: { type: 'postgres', url: 'postgres://127.0.0.1/shop', tables: { 'public.products': 'product' } },
      app: { type: 'http' },
    },
    namespaces: { product: { ttl: '10m', max_staleness: '2s', sources: ['db'] }, ...namespaces },
    contracts,
  };
  const { config, findings } = loadConfig({ object, kinds });
  if (!config) throw new Error(findings.map(({ what }) => what).join());
  return simulateConfig(config, { from: 1, seeds: 3, width: 120 }, () => undefined);
}

describe('simulated contracts', { timeout: 200_000 }, () => {
  it('that are complete hold under faults', async () => {
    const loop = {
      trigger: 'order.placed',
      for_each: 'lines',
      actions: [{ delete_key: 'stock:{item.sku}', namespace: 'app' }],
    };
    const filter = {
      trigger: 'price.set',
      when: { amount: { gt: 10 } },
      actions: [{ delete_key: 'price:{price_id}', namespace: 'app' }],
    };
    const { report } = await simulated([PRODUCT, loop, filter], { app: { ttl: '10m', sources: ['app'] } });
    expect(report.violations).toEqual([]);
    expect(report.keys).toContain('product product:1');
    expect(report.keys).toContain('product (tagged shelf-2)');
    expect(report.keys.some((key) => key.startsWith('app stock:'))).toBe(true);
    expect(report.keys).toContain('app price:1');
    expect(report.reads.hits).toBeGreaterThan(1_000);
  });

  it('without a trigger for an operation are found', async () => {
    const { report } = await simulated([{ ...PRODUCT, trigger: ['product.created', 'product.updated'] }]);
    expect(report.violations).toMatchObject([{ invariant: 'I1' }]);
    expect(report.story).toContain('product.deleted');
    expect(report.story).toContain('It takes no fault');
  });

  it('that read one side of a change are found', async () => {
    const { report } = await simulated([
      { trigger: 'product.*', actions: [{ delete_key: 'product:{id}' }, { purge_tag: 'shelf-{after.shelf_id}' }] },
    ]);
    expect(report.violations).toMatchObject([{ invariant: 'I1' }]);
    expect(report.violations[0]?.key).toContain('shelf-');
  });

  it('that never reach a namespace are found', async () => {
    const actions = [{ delete_key: 'product:{id}', namespace: 'product' }];
    const { report } = await simulated([{ trigger: 'product.*', actions }], { category: { ttl: '10m' } });
    expect(report.violations).toMatchObject([{ invariant: 'I1' }]);
    expect(report.violations[0]?.words).toContain('in category');
  });
});

describe('tidemark simulate', { timeout: 100_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-simulate-'));
  const write = (trigger: string): void => {
    const config = {
      version: 1,
      sources: { db: { type: 'postgres', url: 'postgres://127.0.0.1/shop', tables: { products: 'product' } } },
      namespaces: { product: { ttl: '10m' } },
      contracts: [{ trigger, actions: [{ delete_key: 'product:{id}' }] }],
    };
    writeFileSync(join(folder, 'tidemark.yaml'), JSON.stringify(config));
  };

  it('exits with 0 when every promise holds, and its last line counts', async () => {
    write('product.*');
    const shell = fakeShell({ cwd: folder });
    expect(await runCli(['simulate', '--seeds', '1'], shell)).toBe(0);
    expect(shell.stdout).toMatch(/1 seeds, \d+ reads checked, \d+ faults injected, 0 violations\n$/);
  });

  it('exits with 1 and tells the story when one does not, as data with --json', async () => {
    write('product.created');
    const shell = fakeShell({ cwd: folder });
    expect(await runCli(['simulate', '--seed', '2', '--json'], shell)).toBe(1);
    const report = JSON.parse(shell.stdout) as { violations: unknown[]; story: string };
    expect(report.violations).toMatchObject([{ invariant: 'I1' }]);
    expect(report.story).toContain('Again: tidemark simulate --seed');
  });
});
