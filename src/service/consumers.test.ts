import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { JsonObject } from '../model/json.ts';
import type { Offset } from '../model/position.ts';
import { PROJECTIONS } from '../pipeline/refresh.ts';
import { realRuntime } from '../runtime/real.ts';
import { Engine } from './engine.ts';
import { send } from './emission.ts';
import { readConfig } from './read-config.ts';

const CONTRACT = { trigger: 'product.updated', actions: [{ refresh_projection: 'membership' }] };

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-consumers-'));
});

afterEach(() => {
  rmSync(cwd, { recursive: true });
});

async function start(refreshes: Record<string, () => void>, contracts: JsonObject[]): Promise<Engine> {
  const config = { namespaces: { product: { ttl: '10m' } }, event_invalidation: contracts };
  const runtime = realRuntime();
  return Engine.start({ config: readConfig({ cwd, config, projections: refreshes }), runtime, refreshes });
}

it('projections that were taken out of the configuration do not hold back the journal', async () => {
  let refreshed: (() => void) | undefined;
  const once = new Promise<void>((resolve) => {
    refreshed = resolve;
  });
  const first = await start({ membership: () => refreshed?.() }, [CONTRACT]);
  await send(first, 'app', [{ type: 'product.updated', data: {}, id: 'e', source: 'app' }]);
  await once;
  await first.close();

  const same = await start({ membership: () => undefined }, [CONTRACT]);
  expect(await same.journal.cursor(PROJECTIONS)).not.toBeNull();
  await same.close();

  const without = await start({}, [{ trigger: 'product.updated', actions: [{ purge_tag: 'products' }] }]);
  expect(await without.journal.cursor(PROJECTIONS)).toBeNull();
  const { head } = without.journal;
  expect(await without.journal.trim(Infinity)).toBe(head);
  expect(without.journal.first).toBe((head + 1) as Offset);
  await without.close();
});
