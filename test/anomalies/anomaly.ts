// The catalogue as tests: rows times the configurations in which a row can arise. A new layer or a new kind of source
// is one entry of a table below.
import { afterEach, expect, test, vi } from 'vitest';
import { Emitted } from './emitted.ts';
import type { Origin } from './origin.ts';
import { Outbox, TwoOutboxes } from './outbox.ts';
import type { Rule } from './switches.ts';
import { Webhook } from './webhook.ts';
import { World, type Layers, type WorldOptions } from './world.ts';

/** What caches there are, innermost first. */
export const LAYERS: Readonly<Record<string, Layers>> = {
  L1: (limits) => ({ local: { type: 'memory', ...limits } }),
};

const ORIGINS = {
  emitted: () => new Emitted(),
  outbox: () => new Outbox(),
  'kept outbox': () => new Outbox({ keep: true }),
  webhook: () => new Webhook(),
  'two outboxes': () => new TwoOutboxes(),
} satisfies Readonly<Record<string, () => Origin>>;

type Origins = typeof ORIGINS;
export type OriginName = keyof Origins;

export interface Row<N extends OriginName> extends Omit<WorldOptions, 'layers'> {
  /** What feeds the cache. Default: events that the application sends, and an outbox. */
  readonly from?: readonly N[];
  /** What keeps it away; broken, the row must be seen to fail. */
  readonly by?: Rule;
}

/** One row of docs/anomalies.md. `claim` says what holds all the same. */
export function anomaly<N extends OriginName = OriginName>(
  id: string,
  claim: string,
  { from = ['emitted', 'outbox'] as N[], by, ...options }: Row<N>,
  body: (world: World<ReturnType<Origins[N]>>) => Promise<void>,
): void {
  for (const [layersName, layers] of Object.entries(LAYERS)) {
    for (const name of from) {
      const where = `${layersName}, ${name}`;
      const run = async (): Promise<void> => {
        const world = await World.open(ORIGINS[name]() as ReturnType<Origins[N]>, { layers, ...options });
        try {
          await body(world);
        } finally {
          await world.close();
        }
      };
      test(`${id} ${claim} (${where})`, run);
      if (by) test(`${id} shows without ${by.name} (${where})`, () => fails(by, run));
    }
  }
}

/** Runs a row with a rule broken: it has to end in a claim that does not hold, and in nothing else. */
export async function fails(rule: Rule, run: () => Promise<void>): Promise<void> {
  rule.break();
  const error = await run().then(
    () => null,
    (thrown: unknown) => thrown as Error,
  );
  expect(error?.name).toMatch(/^(Violation|AssertionError)$/);
}

afterEach(() => {
  vi.restoreAllMocks();
});
