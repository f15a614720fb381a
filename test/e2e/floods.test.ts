import { afterEach, beforeEach, expect, it } from 'vitest';
import { Tidemark } from '../../src/index.ts';
import type { JsonValue } from '../../src/model/json.ts';

let tide: Tidemark;

beforeEach(async () => {
  tide = await Tidemark.start({
    config: {
      version: 1,
      journal: { type: 'memory' },
      widen_after: 5,
      sources: { app: { type: 'http' } },
      namespaces: { product: { ttl: '10m' }, order: { ttl: '10m' } },
      contracts: [
        { name: 'product', trigger: 'product.*', actions: [{ delete_key: 'product:{id}', namespace: 'product' }] },
      ],
    },
  });
});
afterEach(() => tide.close());

/** One delivery of so many events: they become durable together, as a transaction does. */
async function deliver(count: number): Promise<void> {
  const events: JsonValue[] = Array.from({ length: count }, (_, id) => ({
    specversion: '1.0',
    id: `${count}-${id}`,
    source: 'shop',
    type: 'product.updated',
    data: { id },
  }));
  const result = await tide.receive('app', {
    method: 'POST',
    path: '/v1/events',
    headers: { 'content-type': 'application/cloudevents-batch+json' },
    body: Buffer.from(JSON.stringify(events)),
    now: 0,
  });
  if (!result.ok) throw new Error(result.message);
  for (const { applied } of result.receipts) await applied;
}

it('a transaction that names more than `widen_after` ends the namespaces of its actions, and no other (anomaly B12)', async () => {
  const [products, orders] = [tide.cache<number>('product'), tide.cache<number>('order')];
  const fill = async (): Promise<void> => {
    await products.set({ key: 'product:99', value: 1 });
    await orders.set({ key: 'order:1', value: 1 });
  };
  await fill();
  await deliver(5);
  expect([products.peek('product:99'), orders.peek('order:1')]).toEqual([1, 1]);
  await deliver(6);
  expect([products.peek('product:99'), orders.peek('order:1')]).toEqual([undefined, 1]);
  const plans = (await tide.entries(0 as never, 100)).map(({ plan }) =>
    plan.actions.map(({ kind, target }) => `${kind} ${target}`).join(),
  );
  expect(plans.slice(5)).toEqual([
    ...Array.from({ length: 5 }, (_, id) => `delete_key product:${id}`),
    'purge_namespace product',
  ]);
});
