// The order in which layers, processes and what lies outside of them come to an entry. Virtual time; processes are what they report.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { Recorder } from '../../test/support/pipeline.ts';
import { loadConfig } from '../config/load.ts';
import { journalKinds } from '../journal/index.ts';
import { layerKinds } from '../layers/index.ts';
import { CACHE_CAN, type LayerKind } from '../layers/layer.ts';
import type { Offset } from '../model/position.ts';
import { settled, virtualRuntime, type VirtualRuntime } from '../runtime/virtual.ts';
import { send } from './emission.ts';
import { Engine } from './engine.ts';
import { memberLeft, timeFor } from './fed-members.ts';
import { statusOf } from './status.ts';

let runtime: VirtualRuntime;
let edge: Recorder;
let engine: Engine;
let refreshed: Offset[];

beforeEach(async () => {
  runtime = virtualRuntime();
  edge = new Recorder('edge');
  refreshed = [];
  const kind: LayerKind = {
    type: 'recorder',
    summary: '',
    options: z.unknown(),
    can: CACHE_CAN,
    open: () => Promise.resolve(edge),
  };
  const kinds = { sources: [], journals: journalKinds, layers: [...layerKinds, kind] };
  const { config, findings } = loadConfig({
    object: {
      version: 1,
      journal: { type: 'memory' },
      layers: { local: { type: 'memory' }, edge: { type: 'recorder' } },
      namespaces: { product: { ttl: '10m' } },
      projections: { list: { url: 'http://127.0.0.1:9/', debounce: 0 } },
      contracts: [
        { name: 'p', trigger: 'product.updated', actions: [{ delete_key: 'p:1' }, { refresh_projection: 'list' }] },
      ],
    },
    kinds,
  });
  if (!config) throw new Error(JSON.stringify(findings));
  const list = ({ offset }: { readonly offset: Offset }): void => {
    refreshed.push(offset);
  };
  engine = await Engine.start({ config, runtime, refreshes: { list }, kinds });
});
afterEach(async () => {
  const closed = engine.close();
  await runtime.clock.advance(10_000);
  await closed;
});

const report = (id: string, watermark: number): void => {
  void timeFor(engine, {
    id,
    name: `shop ${id}`,
    epoch: engine.journal.identity.epoch,
    watermark: watermark as Offset,
  });
};
let events = 0;
const change = async (): Promise<Offset> => {
  const sent = send(engine, 'app', [{ type: 'product.updated', data: {}, id: `e${++events}`, source: 'app' }]);
  await runtime.clock.advance(1);
  return (await sent).offset;
};
/** How far the layers of this daemon, and the projection, have come. */
const come = (): unknown => ({
  local: engine.settlement.watermark('local'),
  edge: engine.settlement.watermark('edge'),
  list: refreshed.at(-1) ?? 0,
});

it('without other processes an outer layer and projections follow the memory at once', async () => {
  await change();
  expect(come()).toEqual({ local: 1, edge: 1, list: 1 });
});

it('an outer layer and projections wait until every live process has applied it', async () => {
  report('a', 0);
  report('b', 0);
  await change();
  await change();
  report('a', 2);
  await runtime.clock.advance(500);
  expect(come()).toEqual({ local: 2, edge: 0, list: 0 });
  report('b', 1);
  await runtime.clock.advance(1);
  expect(come()).toEqual({ local: 2, edge: 1, list: 1 });
  memberLeft(engine, 'b');
  await runtime.clock.advance(1);
  expect(come()).toEqual({ local: 2, edge: 2, list: 2 });
});

it('they wait for a silent one until its lease ends', async () => {
  report('a', 0);
  await change();
  await runtime.clock.advance(2_990);
  expect(come()).toEqual({ local: 1, edge: 0, list: 0 });
  await runtime.clock.advance(10);
  expect(come()).toEqual({ local: 1, edge: 1, list: 1 });
});

it('they leave one behind that is heard and does not come on within a lease', async () => {
  report('a', 0);
  await change();
  for (let ms = 0; ms < 3_100; ms += 100) {
    await runtime.clock.advance(100);
    report('a', 0);
  }
  expect(come()).toEqual({ local: 1, edge: 1, list: 1 });
  await change();
  expect(come()).toEqual({ local: 2, edge: 2, list: 2 });
});

it('status lists who is there, how far, and who fell silent', async () => {
  expect(statusOf(engine)).not.toHaveProperty('processes');
  report('a', 0);
  await change();
  await runtime.clock.advance(3_000);
  report('b', 1);
  await settled();
  expect(statusOf(engine).processes).toEqual([
    { id: 'b', name: 'shop b', role: 'process', state: 'live', watermark: 1, behind: 0, heardMsAgo: 0 },
    { id: 'a', name: 'shop a', role: 'process', state: 'gone', watermark: 0, behind: 1, heardMsAgo: 3_001 },
  ]);
});
