import { TidemarkError } from '../errors.ts';
import type { Appended, PlannedBatch } from '../model/entry.ts';
import type { Offset } from '../model/position.ts';
import type { Unplaced } from './codec.ts';
import { freshOf } from './fresh.ts';
import type { Weight, Write } from './group-commit.ts';
import type { History } from './history.ts';
import { lettersOf } from './problems.ts';
import type { SqliteDeadLetters } from './sqlite-dead-letters.ts';
import type { Row, SqliteStore } from './sqlite-store.ts';

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
  #letters = 0;

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
    const fresh = freshOf(batch, history, (id) => store.offsetOfEvent(batch.source, id));
    const rows: Row[] = [];
    let bytes = 0;
    for (const entry of fresh.entries) {
      const row = encoded(entry, store);
      bytes += row.body.length;
      if (rows.push(row) % 32 === 0) yield;
    }
    for (let index = 0; index < rows.length; yield) index += store.insert(rows, index, tail.offset + 1 + index);
    const letters = lettersOf(fresh.entries, tail.offset + 1);
    deadLetters.insert(letters);
    this.#letters = letters.length;
    tail.offset += rows.length;
    const offset = fresh.knownOffset ?? (tail.offset as Offset);
    if (batch.position !== null && fresh.placement) history.take(batch, batch.position, fresh.placement, offset);
    this.#appended = { offset, duplicates: fresh.duplicates };
    return { entries: rows.length, bytes };
  }

  committed(): void {
    this.#target.deadLetters.counted(this.#letters);
    if (this.#appended) this.#resolve(this.#appended);
  }

  failed(error: Error): void {
    this.#reject(error);
  }
}

function encoded(entry: Unplaced, store: SqliteStore): Row {
  let row: Row;
  try {
    row = store.encode(entry);
  } catch (cause) {
    throw unstorable(entry, cause);
  }
  if (row.body.length > ENTRY_CHARACTERS_MAX) throw unstorable(entry);
  return row;
}

function unstorable({ source, event }: Unplaced, cause?: unknown): TidemarkError {
  return new TidemarkError('EVENT_UNSTORABLE', `source ${source}, event ${event.id.slice(0, 100)}`, { cause });
}
