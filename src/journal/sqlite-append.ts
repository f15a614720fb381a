import { TidemarkError } from '../errors.ts';
import type { Appended, PlannedBatch } from '../model/entry.ts';
import type { Offset } from '../model/position.ts';
import type { Unplaced } from './codec.ts';
import { freshOf } from './fresh.ts';
import type { Weight, Write } from './group-commit.ts';
import type { History } from './history.ts';
import { lettersOf } from './problems.ts';
import type { SqliteDeadLetters } from './sqlite-dead-letters.ts';
import type { SqliteStore } from './sqlite-store.ts';

/** Longest text of an entry. SQLite takes 1 GB, but a row that large would hold everything else up for seconds. */
const ENTRY_CHARACTERS_MAX = 64 * 1024 * 1024;

/** Offset of the newest row, durable or not: where the open transaction goes on. */
export interface Tail {
  offset: number;
}

export interface AppendTarget {
  readonly store: SqliteStore;
  readonly history: History;
  readonly tail: Tail;
  readonly deadLetters: Pick<SqliteDeadLetters, 'insert' | 'counted'>;
}

export class SqliteAppend implements Write {
  readonly sequence?: string;
  readonly #batch: PlannedBatch;
  readonly #target: AppendTarget;
  readonly #resolve: (appended: Appended) => void;
  readonly #reject: (error: Error) => void;
  #appended: Appended | undefined;
  #letters = { letters: 0, characters: 0 };

  constructor(
    batch: PlannedBatch,
    target: AppendTarget,
    resolve: (appended: Appended) => void,
    reject: (error: Error) => void,
  ) {
    if (batch.position !== null) this.sequence = batch.source;
    this.#batch = batch;
    this.#target = target;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Encodes everything before it writes anything, so that a batch that cannot be written leaves no part of itself. */
  *steps(): Generator<void, Weight> {
    const { store, history, tail, deadLetters } = this.#target;
    const batch = this.#batch;
    const fresh = freshOf(batch, history, (ids) => this.#known(ids));
    const before = tail.offset as Offset;
    const bodies: string[] = [];
    let bytes = 0;
    for (const entry of fresh.entries) {
      const body = encoded(entry, before + 1 + bodies.length, store);
      bytes += body.length;
      if (bodies.push(body) % 32 === 0) yield;
    }
    const keys =
      batch.position === null ? fresh.entries.map(({ event }) => store.eventKey(batch.source, event.id)) : null;
    for (let index = 0; index < bodies.length; yield) index += store.insert(bodies, keys, index, before + 1);
    this.#letters = deadLetters.insert(lettersOf(fresh.entries, before + 1));
    tail.offset += bodies.length;
    const offset = fresh.knownOffset ?? (tail.offset as Offset);
    if (batch.position !== null && fresh.placement) {
      history.take(batch, batch.position, fresh.placement, { before, offset });
    }
    this.#appended = { offset, duplicates: fresh.duplicates };
    return { entries: bodies.length, bytes };
  }

  committed(): void {
    this.#target.deadLetters.counted(this.#letters);
    if (this.#appended) this.#resolve(this.#appended);
  }

  failed(error: Error): void {
    this.#reject(error);
  }

  #known(ids: readonly string[]): ReadonlyMap<string, Offset> {
    const { store } = this.#target;
    const keys = ids.map((id) => store.eventKey(this.#batch.source, id));
    const offsets = store.offsetsOf(keys);
    const known = new Map<string, Offset>();
    ids.forEach((id, index) => {
      const offset = offsets.get(keys[index] ?? '');
      if (offset !== undefined) known.set(id, offset);
    });
    return known;
  }
}

function encoded(entry: Unplaced, offset: number, store: SqliteStore): string {
  let body: string;
  try {
    body = store.encode(entry, offset);
  } catch (cause) {
    throw unstorable(entry, cause);
  }
  if (body.length > ENTRY_CHARACTERS_MAX) throw unstorable(entry);
  return body;
}

function unstorable({ source, event }: Unplaced, cause?: unknown): TidemarkError {
  return new TidemarkError('EVENT_UNSTORABLE', `source ${source}, event ${event.id.slice(0, 100)}`, { cause });
}
