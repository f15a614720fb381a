import type { Journal } from '../journal/journal.ts';
import type { Entry } from '../model/entry.ts';
import { ORIGIN, type Offset } from '../model/position.ts';
import { backoffMs } from '../runtime/backoff.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Inner } from './deliver.ts';
import type { Projection } from './projection.ts';

/** The journal's name for how far the projections have come. */
export const PROJECTIONS = 'projections';

const PAGE = 1_000;

export interface RefreshesParts {
  readonly journal: Journal;
  readonly runtime: Runtime;
  /** Every layer: a refresh reads through the caches, so they must be rid of the old value first. */
  readonly inner: Inner;
}

/**
 * Reads the journal behind the layers and asks projections to refresh. Its place is kept in the journal and stays
 * before the oldest request that is not done, so that a crash repeats refreshes and never loses one.
 */
export class Refreshes {
  readonly #parts: RefreshesParts;
  readonly #projections: ReadonlyMap<string, Projection>;
  /** Per projection the oldest and newest request that is not done. */
  readonly #open = new Map<string, { oldest: Offset; newest: Offset }>();
  #read = ORIGIN;
  #settled = ORIGIN;

  constructor(parts: RefreshesParts, projections: ReadonlyMap<string, Projection>) {
    this.#parts = parts;
    this.#projections = projections;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { journal, inner, runtime } = this.#parts;
    let isPlaced = false;
    for (let attempt = 0; !signal.aborted;) {
      try {
        if (!isPlaced) await this.#begin();
        isPlaced = true;
        await inner.moved(this.#read, signal);
        if (signal.aborted) return;
        const limit = inner.watermark();
        const page = (await journal.read(this.#read, PAGE)).filter((entry) => entry.offset <= limit);
        for (const entry of page) this.#ask(entry);
        this.#read = page.at(-1)?.offset ?? this.#read;
        await this.#settle();
        attempt = 0;
        if (page.length === PAGE) await runtime.clock.turn();
      } catch (error) {
        runtime.log.error({ err: error }, 'the journal could not be read for projections; trying again');
        await runtime.clock.sleep(backoffMs(attempt++, runtime.random), signal);
      }
    }
  }

  /** A projection has refreshed everything that it was asked for at or below the offset. */
  done(projection: string, upTo: Offset): void {
    const open = this.#open.get(projection);
    if (!open) return;
    if (open.newest <= upTo) this.#open.delete(projection);
    else open.oldest = (upTo + 1) as Offset;
    this.#settle().catch((error: unknown) => {
      this.#parts.runtime.log.error({ err: error }, 'the place of the projections could not be kept');
    });
  }

  /** Where the journal says: somebody else may have gone on meanwhile. */
  async #begin(): Promise<void> {
    const { journal } = this.#parts;
    // Without a place yet, from the beginning: a refresh too many is harmless, one too few is not.
    this.#read = (await journal.cursor(PROJECTIONS)) ?? ((journal.first - 1) as Offset);
    this.#settled = this.#read;
    this.#open.clear();
  }

  #ask(entry: Entry): void {
    for (const action of entry.plan.actions) {
      if (action.kind !== 'refresh_projection') continue;
      const projection = this.#projections.get(action.target);
      if (!projection) {
        this.#parts.runtime.log.warn(
          { projection: action.target, offset: entry.offset },
          'no such projection any more',
        );
        continue;
      }
      const open = this.#open.get(action.target);
      if (open) open.newest = entry.offset;
      else this.#open.set(action.target, { oldest: entry.offset, newest: entry.offset });
      projection.ask(entry.offset);
    }
  }

  async #settle(): Promise<void> {
    let upTo: number = this.#read;
    for (const open of this.#open.values()) upTo = Math.min(upTo, open.oldest - 1);
    if (upTo <= this.#settled) return;
    this.#settled = upTo as Offset;
    await this.#parts.journal.settle(PROJECTIONS, this.#settled);
  }
}
