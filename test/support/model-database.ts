import { z } from 'zod';
import type { ChangeEvent } from '../../src/model/event.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Position } from '../../src/model/position.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { Source, SourceItem, SourceKind } from '../../src/sources/source.ts';

export interface Row extends JsonObject {
  readonly id: number;
}

interface Committed {
  readonly position: Position;
  readonly events: readonly ChangeEvent[];
}

/** Writes of one transaction. Nothing of it is seen before it has committed, and nothing when it has not. */
export interface Transaction {
  insert(table: string, row: Row): void;
  update(table: string, id: number, change: JsonObject): void;
  delete(table: string, id: number): void;
  truncate(table: string): void;
}

const SOURCE = 'db';

/**
 * A database of tables by id, whose commits are announced in their order, as row changes with full images. Commits are
 * visible at once; the feed comes after, as late as the test wants.
 */
export class ModelDatabase {
  readonly #tables = new Map<string, Map<number, Row>>();
  readonly #log: Committed[] = [];
  #head = 0;
  /** Commits that the feed has had in its hands. */
  #forgotten = 0;

  get head(): number {
    return this.#head;
  }

  get(table: string, id: number): Row | null {
    return this.#tables.get(table)?.get(id) ?? null;
  }

  /** In the order of their ids: a rollback puts rows back at another place of the map, and nobody announces that. */
  rows(table: string): readonly Row[] {
    return [...(this.#tables.get(table)?.values() ?? [])].sort((a, b) => a.id - b.id);
  }

  /** Commits what `write` did; rolls it back when it returns false. A transaction without changes leaves no trace. */
  transact(write: (transaction: Transaction) => unknown): void {
    const undo: (() => void)[] = [];
    const events: ChangeEvent[] = [];
    const set = (table: string, id: number, after: Row | null, op: 'created' | 'updated' | 'deleted'): void => {
      const rows = this.#table(table);
      const before = rows.get(id) ?? null;
      undo.push(() => {
        if (before) rows.set(id, before);
        else rows.delete(id);
      });
      if (after) rows.set(id, after);
      else rows.delete(id);
      events.push(rowEvent(table, op, before, after));
    };
    const kept = write({
      insert: (table, row) => {
        if (!this.get(table, row.id)) set(table, row.id, row, 'created');
      },
      update: (table, id, change) => {
        const before = this.get(table, id);
        if (before) set(table, id, { ...before, ...change }, 'updated');
      },
      delete: (table, id) => {
        if (this.get(table, id)) set(table, id, null, 'deleted');
      },
      truncate: (table) => {
        const rows = [...this.#table(table)];
        undo.push(() => {
          for (const [id, row] of rows) this.#table(table).set(id, row);
        });
        this.#table(table).clear();
        events.push(rowEvent(table, 'truncated', null, null));
      },
    });
    if (kept === false) for (const step of undo.reverse()) step();
    else if (events.length > 0) this.#log.push({ position: positionOf(++this.#head), events });
  }

  /** Commits after one, up to another; those before are forgotten. */
  take(after: number, upTo: number): readonly Committed[] {
    this.#log.splice(0, Math.max(0, after - this.#forgotten));
    this.#forgotten = Math.max(this.#forgotten, after);
    return this.#log.slice(0, upTo - this.#forgotten);
  }

  #table(name: string): Map<number, Row> {
    let rows = this.#tables.get(name);
    if (!rows) this.#tables.set(name, (rows = new Map()));
    return rows;
  }
}

const positionOf = (n: number): Position => String(n).padStart(12, '0') as Position;

let made = 0;

function rowEvent(
  relation: string,
  op: 'created' | 'updated' | 'deleted' | 'truncated',
  before: Row | null,
  after: Row | null,
): ChangeEvent {
  const beforeHas = before ? 'full' : 'none';
  return {
    id: `e${made++}`,
    type: `${relation}.${op}`,
    source: SOURCE,
    data: after ?? before,
    row: { relation, op, before, after, beforeHas },
  };
}

export interface FeedOptions {
  /** How long the feed takes to hear of what has been committed. */
  readonly lagMs?: () => number;
  readonly heartbeatMs?: number;
  /** A feed that is not honest leaves these out, and says nothing. */
  readonly omits?: (event: ChangeEvent) => boolean;
  /** A feed that proves too much says that it has read up to so much later than it has. */
  readonly boastsMs?: number;
}

/** The database's change feed as a source, with proofs. */
export function modelSource(database: ModelDatabase, runtime: Runtime, options: FeedOptions = {}): SourceKind {
  return {
    type: 'model',
    summary: 'A model database.',
    options: z.strictObject({}),
    can: { order: true, replay: true, prove: true },
    open: () => Promise.resolve(new ModelFeed(database, runtime, options)),
  };
}

export class ModelFeed implements Source {
  /** Proofs are withheld: everything is announced, and nothing proven. */
  static silenced = new WeakSet<ModelDatabase>();
  readonly #database: ModelDatabase;
  readonly #runtime: Runtime;
  readonly #options: FeedOptions;

  constructor(database: ModelDatabase, runtime: Runtime, options: FeedOptions) {
    this.#database = database;
    this.#runtime = runtime;
    this.#options = options;
  }

  async *open(after: { readonly position: Position } | null, signal: AbortSignal): AsyncIterable<SourceItem> {
    const { lagMs = () => 1, heartbeatMs = 100, boastsMs = 0, omits } = this.#options;
    const { clock } = this.#runtime;
    let read = after ? Number(after.position) : 0;
    while (!signal.aborted) {
      const t0 = clock.mono();
      const upTo = this.#database.head;
      await clock.sleep(lagMs(), signal);
      for (const { position, events } of this.#database.take(read, upTo)) {
        const told = omits ? events.filter((event) => !omits(event)) : events;
        if (told.length === 0) continue;
        const receivedAt = clock.now();
        const batch = { source: SOURCE, epoch: 'e', position, first: 0, commit: true, events: told, receivedAt };
        yield { kind: 'batch', batch };
      }
      read = upTo;
      if (!ModelFeed.silenced.has(this.#database)) yield { kind: 'proof', t0: t0 + boastsMs };
      await clock.sleep(heartbeatMs, signal);
    }
  }

  ack(): Promise<void> {
    return Promise.resolve();
  }

  report(): { readonly state: 'streaming' } {
    return { state: 'streaming' };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
