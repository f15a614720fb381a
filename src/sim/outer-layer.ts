import { z } from 'zod';
import { CACHE_CAN, type Layer, type LayerKind, type StampedAction } from '../layers/layer.ts';
import { MemoryStore } from '../layers/memory/store.ts';
import type { Health, Outcome } from '../model/outcome.ts';
import type { Offset } from '../model/position.ts';
import type { SimulatedClock } from '../runtime/simulated-time.ts';
import type { Conditions } from './conditions.ts';
import type { Draw } from './draw.ts';
import type { Sabotage } from './sabotage.ts';

export interface OuterParts {
  readonly clock: SimulatedClock;
  readonly conditions: Conditions;
  readonly draw: Draw;
  readonly wireMs: number;
  readonly sabotages: ReadonlySet<Sabotage>;
  readonly opened: (store: MemoryStore) => void;
}

/** A layer outside of the process's memory: far away, sometimes gone, and it may do a part of what it was asked. */
export function outerKind(parts: OuterParts): LayerKind {
  return {
    type: 'simulated-layer',
    summary: 'A layer that fails in every way that its seam permits.',
    options: z.looseObject({}),
    can: CACHE_CAN,
    open: ({ name, startAt }) => Promise.resolve(new OuterLayer(name, startAt, parts)),
  };
}

class OuterLayer implements Layer {
  readonly name: string;
  readonly can = CACHE_CAN;
  readonly #parts: OuterParts;
  readonly #store: MemoryStore;

  constructor(name: string, startAt: Offset, parts: OuterParts) {
    this.name = name;
    this.#parts = parts;
    this.#store = new MemoryStore(startAt, { maxEntries: 1_000 });
    parts.opened(this.#store);
  }

  async apply(actions: readonly StampedAction[], watermark: Offset): Promise<readonly Outcome[]> {
    const { clock, conditions, draw, wireMs, sabotages } = this.#parts;
    draw.at(clock.now());
    await clock.sleep(draw.long(0, wireMs) + draw.next() * conditions.during('layer-slow'));
    if (conditions.during('layer-outage') > 0) {
      // Half of the time the request was lost, half of the time only the answer was.
      if (draw.chance(0.5)) this.#do(actions, watermark);
      throw new Error('the outer layer does not answer');
    }
    if (sabotages.has('layer-lies') && draw.chance(0.1)) {
      this.#store.apply([], watermark);
      return actions.map(() => ({ status: 'applied' }));
    }
    const outcomes = this.#do(actions, watermark);
    await clock.sleep(draw.long(0, wireMs));
    return outcomes;
  }

  probe(): Promise<Health> {
    return Promise.resolve({ ok: true });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #do(actions: readonly StampedAction[], watermark: Offset): Outcome[] {
    const { clock, conditions, draw } = this.#parts;
    if (clock.dead) return [];
    draw.at(clock.now());
    const fates = actions.map(({ action }): 'do' | 'later' | 'never' => {
      if (draw.chance(0.5) && conditions.take('layer-partial')) return 'later';
      // Purging all that there is has no larger class; a layer that refuses even that is not a cache.
      if (action.kind === 'purge_namespace' || draw.chance(0.7)) return 'do';
      return conditions.take('layer-refusal') ? 'never' : 'do';
    });
    const done = actions.filter((_, i) => fates[i] === 'do');
    const whole = done.length === actions.length;
    const outcomes = this.#store.apply(done, whole ? watermark : this.#store.watermark);
    let next = 0;
    return fates.map((fate) => {
      if (fate === 'do') return outcomes[next++] ?? { status: 'applied' };
      return { status: 'failed', retry: fate === 'later', code: 'SIMULATED', message: `refused ${fate}` };
    });
  }
}
