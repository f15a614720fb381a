import type { Mono } from '../../model/position.ts';
import type { Ownership } from '../relays.ts';
import type { Term } from './log-state.ts';
import type { RelayParts } from './relays.ts';

/** Long enough for a pause of garbage collection, short enough for a take-over within seconds. */
const LEASE_MS = 2_000;
const RENEW_MS = 500;
/** How often those who wait look. */
const LOOK_MS = 100;
/** How long `release` waits for the log to hold it; without it the lease runs out by itself. */
const RELEASE_MS = 1_000;

/**
 * Ownership: the terms are in the log, and a key of the bucket that the owner writes again and again says that it is alive.
 * Whoever waits counts by its own clock from when it last saw that key change, so no two clocks are ever compared:
 *
 *     owner     asks to write ── written      lost at: asked + LEASE_MS
 *     waiting                       └─ sees it, later than that      takes over at: seen + LEASE_MS, which is later still
 */
export class Leases {
  readonly #self: string;
  readonly #parts: RelayParts;
  readonly #closed: AbortSignal;
  readonly #terms = new Map<string, number>();

  constructor(self: string, parts: RelayParts, closed: AbortSignal) {
    this.#self = self;
    this.#parts = parts;
    this.#closed = closed;
  }

  termOf(work: string): number | undefined {
    return this.#terms.get(work);
  }

  async own(work: string, signal: AbortSignal): Promise<Ownership | null> {
    const stop = AbortSignal.any([signal, this.#closed]);
    while (!stop.aborted) {
      const before = this.#parts.state.terms.get(work);
      if (before?.relay != null && !(await this.#isOver(work, before, stop))) continue;
      if (stop.aborted) return null;
      const asked = this.#parts.runtime.clock.mono();
      const term = await this.#take(work, before);
      if (term === null) continue;
      const ownership = this.#keep(work, term, asked);
      if (!stop.aborted) return ownership;
      await ownership.release();
    }
    return null;
  }

  /** Waits until the owner's term has ended (true), or another has begun (false). */
  async #isOver(work: string, term: Term, stop: AbortSignal): Promise<boolean> {
    const { clock } = this.#parts.runtime;
    let revision: number | null = null;
    let since = clock.mono();
    while (!stop.aborted) {
      if (this.#parts.state.terms.get(work) !== term) return false;
      const seen = await this.#revision(work);
      // While nothing can be read nothing is known of the owner, who may be as cut off.
      if (seen === null || seen !== revision) since = clock.mono();
      revision = seen;
      if (clock.mono() - since >= LEASE_MS) return true;
      await clock.sleep(LOOK_MS, stop);
    }
    return false;
  }

  /** Of the key that the owner writes; 0 when there is none, `null` when it cannot be read. */
  async #revision(work: string): Promise<number | null> {
    try {
      return (await this.#parts.link.kv.get(keyOf(work)))?.revision ?? 0;
    } catch {
      return null;
    }
  }

  /** Puts the next term into the log; `null` when another has been quicker. */
  #take(work: string, before: Term | undefined): Promise<number | null> {
    const since = this.#parts.runtime.clock.now();
    return this.#parts.writer.write((draft) => {
      const now = draft.term(work);
      if (now?.term !== before?.term) return null;
      const term = draft.highest + 1;
      draft.add({ kind: 'term', work, term, relay: this.#self, since });
      return term;
    });
  }

  #keep(work: string, term: number, asked: Mono): Ownership {
    const lost = new AbortController();
    this.#terms.set(work, term);
    void this.#renew(work, term, asked, lost);
    const release = async (): Promise<void> => {
      lost.abort();
      await this.#release(work, term);
    };
    return { work, term, lost: lost.signal, release };
  }

  async #renew(work: string, term: number, asked: Mono, lost: AbortController): Promise<void> {
    const { runtime, link, state } = this.#parts;
    const { clock } = runtime;
    const over = AbortSignal.any([lost.signal, this.#closed]);
    let renewed = asked;
    let isAsking = false;
    while (!over.aborted) {
      if (!isAsking) {
        isAsking = true;
        const now = clock.mono();
        link.kv
          .put(keyOf(work), String(term))
          .then(
            () => (renewed = now),
            () => undefined,
          )
          .finally(() => (isAsking = false));
      }
      await clock.sleep(isAsking ? LOOK_MS : RENEW_MS, over);
      if (clock.mono() - renewed >= LEASE_MS || state.terms.get(work)?.term !== term) lost.abort();
    }
    lost.abort();
  }

  async #release(work: string, term: number): Promise<void> {
    const { runtime, writer, link } = this.#parts;
    if (this.#closed.aborted && !link.isUp) return;
    const since = runtime.clock.now();
    const released = writer.write((draft) => {
      const now = draft.term(work);
      if (now?.term === term && now.relay === this.#self) draft.add({ kind: 'term', work, term, relay: null, since });
    });
    const waited = new AbortController();
    await Promise.race([released.catch(() => undefined), runtime.clock.sleep(RELEASE_MS, waited.signal)]);
    waited.abort();
  }
}

function keyOf(work: string): string {
  return `lease.w${Buffer.from(work).toString('base64url')}`;
}
