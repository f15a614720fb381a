import type { StoredEntry } from '../layers/memory/store.ts';
import type { Offset } from '../model/position.ts';
import type { AuditViolation } from '../model/status.ts';
import type { AuditScale } from '../trust/audit.ts';
import type { AuditorParts } from './auditor.ts';
import { blame, type Blame } from './blame.ts';
import type { NamespaceTally } from './tally.ts';

/** Violations shown by `status`. */
const SHOWN_MAX = 20;

/** Looks into the journal that wait for their turn; each may read a tenth of a second. Beyond, the cause is not looked for. */
const BLAMES_MAX = 100;

const NOT_LOOKED_FOR: Blame = {
  contracts: [],
  lastNamed: null,
  words: 'the cause was not looked for: too many violations at once',
};

/** Tells of violations: to the log, to observers, in the status; and ends the wrong entries where that is wanted. */
export class Reports {
  readonly #parts: AuditorParts;
  readonly #tallies: ReadonlyMap<string, NamespaceTally>;
  /** Told of once, however often they are drawn. */
  readonly #told = new WeakSet<StoredEntry>();
  readonly #newest: AuditViolation[] = [];
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(parts: AuditorParts, tallies: ReadonlyMap<string, NamespaceTally>) {
    this.#parts = parts;
    this.#tallies = tallies;
  }

  get newest(): readonly AuditViolation[] {
    return this.#newest;
  }

  add(entry: StoredEntry, scale: AuditScale, where: readonly string[]): void {
    if (this.#told.has(entry)) return;
    this.#told.add(entry);
    // First ended, then explained: readers should not wait for words.
    if (this.#parts.options.heal) void this.#heal(entry);
    const upTo = this.#parts.store.watermark;
    this.#waiting++;
    this.#last = this.#last.then(() => this.#tell(entry, { scale, where, upTo }));
  }

  /** Resolves when everything has been told. */
  idle(): Promise<void> {
    return this.#last;
  }

  async #tell(
    entry: StoredEntry,
    { scale, where, upTo }: { readonly scale: AuditScale; readonly where: readonly string[]; readonly upTo: Offset },
  ): Promise<void> {
    const { runtime, observers } = this.#parts;
    const { contracts, lastNamed, words: why } = await this.#blame(entry, upTo);
    const namespace = entry.shelf.name;
    const { key, stamp } = entry;
    this.#newest.unshift({ at: runtime.clock.now(), namespace, key, scale, where, contracts, why });
    if (this.#newest.length > SHOWN_MAX) this.#newest.pop();
    runtime.log.error(
      { namespace, key, scale, where, contracts, why, stamp },
      'a cached value is not what its source has: proven, not lag',
    );
    observers.tell('audit:violation', { namespace, key, scale, where, contracts, why, stamp, lastNamed });
  }

  async #blame(entry: StoredEntry, upTo: Offset): Promise<Blame> {
    const { journal, contracts, layer, runtime } = this.#parts;
    const waiting = this.#waiting--;
    if (waiting > BLAMES_MAX) return NOT_LOOKED_FOR;
    try {
      return await blame(entry, { journal, contracts: contracts(), layer, upTo });
    } catch (error) {
      runtime.log.warn({ err: error }, 'the journal could not be read for the cause of a violation');
      return { ...NOT_LOOKED_FOR, words: 'the cause could not be looked for: the journal could not be read' };
    }
  }

  /** Through the journal, so in every layer, and again after a crash (SPEC I6). */
  async #heal({ shelf: { name: namespace }, key }: StoredEntry): Promise<void> {
    const { runtime, invalidate } = this.#parts;
    try {
      await invalidate(namespace, key);
      const tally = this.#tallies.get(namespace);
      if (tally) tally.healed++;
      runtime.metrics.auditsHealed.inc({ namespace });
    } catch (error) {
      runtime.log.error({ err: error, namespace, key }, 'a wrong entry could not be ended');
    }
  }
}
