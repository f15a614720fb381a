import type { Entry } from '../../model/entry.ts';
import { ORIGIN, type Epoch, type Millis, type Offset } from '../../model/position.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { adoptionOf } from '../adoption.ts';
import { History } from '../history.ts';
import { MemoryDeadLetters } from '../memory-dead-letters.ts';
import { lettersOf } from '../problems.ts';
import { KnownIds } from './known-ids.ts';
import type { Checkpoint, LogRecord, Placed } from './wire.ts';

export interface Term {
  readonly term: number;
  /** `null`: it was released. */
  readonly relay: string | null;
  readonly since: Millis;
}

/** All that the log says up to a place, without the entries: the same in every opening that has read as far. */
export class LogState {
  head = ORIGIN;
  first = 1 as Offset;
  epoch: Epoch = '';
  /** Of lives and terms: each is higher than any before. */
  highest = 0;
  adopted: string | null = null;
  history = new History();
  ids: KnownIds;
  readonly letters: MemoryDeadLetters;
  readonly terms = new Map<string, Term>();
  readonly #idsMax: number;

  constructor(runtime: Pick<Runtime, 'log' | 'metrics'>, idsMax: number) {
    this.#idsMax = idsMax;
    this.ids = new KnownIds(idsMax);
    this.letters = new MemoryDeadLetters(runtime, () => undefined);
  }

  /** Returns the entries that are new, with their places. */
  apply(records: readonly LogRecord[]): readonly Entry[] {
    return records.flatMap((record) => this.#apply(record));
  }

  restore(saved: Checkpoint): void {
    const { head, first, epoch, highest, adopted } = saved;
    Object.assign(this, { head, first, epoch, highest, adopted });
    this.history = new History(saved.pasts);
    this.ids = new KnownIds(this.#idsMax);
    for (const [source, id, offset] of saved.ids) this.ids.add(source, id, offset);
    this.terms.clear();
    for (const [work, term, relay, since] of saved.terms) this.terms.set(work, { term, relay, since });
    this.letters.restore(saved.letters, saved.lastLetter);
  }

  checkpoint(): Checkpoint {
    const { head, first, epoch, highest, adopted } = this;
    return {
      head,
      first,
      epoch,
      highest,
      adopted,
      pasts: [...this.history.kept],
      terms: Array.from(this.terms, ([work, { term, relay, since }]) => [work, term, relay, since]),
      ids: this.ids.all,
      letters: this.letters.kept,
      lastLetter: this.letters.lastId,
    };
  }

  #apply(record: LogRecord): readonly Entry[] {
    switch (record.kind) {
      case 'batch':
        return this.#batch(record);
      case 'life':
        this.highest = record.life;
        this.epoch = record.epoch;
        return [];
      case 'renewed':
        this.epoch = record.epoch;
        return [];
      case 'term': {
        const { work, term, relay, since } = record;
        this.terms.set(work, { term, relay, since });
        this.highest = Math.max(this.highest, term);
        return [];
      }
      case 'trimmed':
        this.first = record.first;
        this.ids.forgetBefore(this.first);
        return [];
      case 'letter':
        this.letters.insert([record.letter]);
        return [];
      case 'letter-removed':
        void this.letters.remove(record.id);
        return [];
      case 'checkpoint':
        return [];
    }
  }

  #batch({ placed, entries }: LogRecord & { kind: 'batch' }): readonly Entry[] {
    const before = this.head;
    const added = entries.map((entry, index): Entry => ({ ...entry, offset: (before + index + 1) as Offset }));
    this.letters.insert(lettersOf(entries, before + 1));
    this.head = (before + added.length) as Offset;
    for (const { source, position, event, offset } of added) {
      if (position === null) this.ids.add(source, event.id, offset);
      this.adopted = adoptionOf(event) ?? this.adopted;
    }
    if (placed) this.#place(placed, before, added.length > 0);
    return added;
  }

  #place(placed: Placed, before: Offset, isLonger: boolean): void {
    const { source, epoch, position, count } = placed;
    const offset = isLonger ? this.head : (this.history.feed(source, epoch)?.offset ?? this.head);
    const batch = { ...placed, events: { length: count } };
    this.history.take(batch, position, { what: 'append', skip: 0 }, { before, offset });
    this.history.keep();
  }
}
