import type { Journal } from '../journal/journal.ts';
import type { Entry } from '../model/entry.ts';
import type { Mono, Offset } from '../model/position.ts';
import { backoffMs } from '../runtime/backoff.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { AuditScale } from '../trust/audit.ts';
import { DueKeys } from './due.ts';
import type { Members } from './members.ts';

/**
 * When a key is looked at after an event named it. One second: what the next reader loaded. Ten: a layer that applied
 * late. A minute and five: what slow loads and retries put back. As Meta's Polaris does it.
 */
const DELAYS_MS: Readonly<Record<Exclude<AuditScale, 'sampled'>, number>> = {
  '1s': 1_000,
  '10s': 10_000,
  '1m': 60_000,
  '5m': 300_000,
};

/** Entries read at a time: a few milliseconds of work. */
const PAGE = 1_000;

/** Resolves when the layer that is audited has applied something beyond an offset, or the signal aborts. */
export interface Applied {
  watermark(): Offset;
  moved(after: Offset, signal: AbortSignal): Promise<void>;
}

/** The keys that events name, due for a look at each delay after. */
export class NamedKeys {
  readonly #runtime: Runtime;
  readonly #members: Members;
  readonly #scales: readonly { readonly scale: AuditScale; readonly due: DueKeys }[];

  constructor(runtime: Runtime, members: Members) {
    this.#runtime = runtime;
    this.#members = members;
    const chance = (): number => runtime.random.next();
    this.#scales = Object.entries(DELAYS_MS).map(([scale, ms]) => ({
      scale: scale as AuditScale,
      due: new DueKeys(ms, chance),
    }));
  }

  get dropped(): number {
    return this.#scales.reduce((sum, { due }) => sum + due.dropped, 0);
  }

  /** The next that is due, the shortest delay first: it is the first to be late. */
  take(now: Mono): { readonly scale: AuditScale; readonly key: string } | null {
    for (const { scale, due } of this.#scales) {
      const key = due.take(now);
      if (key !== null) return { scale, key };
    }
    return null;
  }

  /** Follows what has been applied, from an offset on. */
  async follow(journal: Journal, applied: Applied, from: Offset, signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#runtime;
    let read = from;
    for (let attempt = 0; !signal.aborted;) {
      try {
        await applied.moved(read, signal);
        if (signal.aborted) return;
        const page = (await journal.read(read, PAGE)).filter(({ offset }) => offset <= applied.watermark());
        for (const entry of page) this.#note(entry);
        read = page.at(-1)?.offset ?? applied.watermark();
        attempt = 0;
        if (page.length === PAGE) await clock.turn();
      } catch (error) {
        log.error({ err: error }, 'the journal could not be read for the auditor; trying again');
        await clock.sleep(backoffMs(attempt++, random), signal);
      }
    }
  }

  #note({ plan }: Entry): void {
    const now = this.#runtime.clock.mono();
    const named = new Set<string>();
    for (const { kind, target } of plan.actions) {
      if (kind === 'delete_key' || kind === 'expire_key' || kind === 'refresh_key') named.add(target);
      if (kind === 'purge_tag' || kind === 'expire_tag') for (const key of this.#members.of(target)) named.add(key);
    }
    for (const key of named) for (const { due } of this.#scales) due.add(key, now);
  }
}
