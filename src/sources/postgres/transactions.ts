import { TidemarkError } from '../../errors.ts';
import { UNDECODABLE, type Batch, type ChangeEvent } from '../../model/event.ts';
import type { Epoch, Millis, SourceId } from '../../model/position.ts';
import type { Arrival } from './arrival.ts';
import { MESSAGE_PREFIX, readContent, readInvalidation } from './invalidation.ts';
import { inside, toPosition, type Lsn } from './lsn.ts';
import type {
  DeleteMessage,
  InsertMessage,
  LogicalMessage,
  PgMessage,
  TruncateMessage,
  UpdateMessage,
} from './pgoutput.ts';
import { relationOf, type Relation } from './relation.ts';
import { rowChange } from './row-change.ts';
import type { WholeXids } from './whole-xids.ts';

/** Changes in one batch: few enough to apply in one turn of the event loop. */
export const PART_CHANGES_MAX = 1_000;
/** Bytes of the stream in one batch, for rows so wide that their number bounds nothing. */
export const PART_BYTES_MAX = 1_048_576;

export const ECHO_PREFIX = 'tidemark.echo';

export interface TransactionsOptions {
  readonly source: SourceId;
  readonly epoch: Epoch;
  readonly entities: ReadonlyMap<string, string>;
  readonly messages: ReadonlySet<string>;
  /** Tells our echoes from those of other processes. */
  readonly nonce: string;
  readonly xids: WholeXids;
  readonly now: () => Millis;
  readonly emit: (arrival: Arrival) => void;
}

interface Transaction {
  readonly commitLsn: Lsn;
  readonly xid: number;
  readonly wholeXid: string;
  readonly time: string | null;
  /** Changes of it that have gone out already. */
  sent: number;
  events: Unnamed[];
  bytes: number;
  echo: number | null;
}

/** Puts messages together to batches. Holds at most one part of a transaction: memory does not grow with its size. */
export class Transactions {
  readonly #options: TransactionsOptions;
  readonly #relations = new Map<number, Relation>();
  #current: Transaction | null = null;

  constructor(options: TransactionsOptions) {
    this.#options = options;
  }

  /** Nothing of the stream so far is held back here. */
  get idle(): boolean {
    return this.#current === null;
  }

  take(message: PgMessage, bytes: number): void {
    switch (message.kind) {
      case 'begin': {
        const { commitLsn, xid } = message;
        const time = message.time === null ? null : new Date(message.time).toISOString();
        const wholeXid = String(this.#options.xids.of(xid));
        this.#current = { commitLsn, xid, wholeXid, time, sent: 0, events: [], bytes: 0, echo: null };
        return;
      }
      case 'commit':
        this.#commit(message.endLsn);
        return;
      case 'relation':
        this.#relations.set(message.id, relationOf(message, this.#options.entities));
        return;
      case 'insert':
      case 'update':
      case 'delete':
        this.#change(message, bytes);
        return;
      case 'truncate':
        this.#truncate(message, bytes);
        return;
      case 'message':
        this.#message(message, bytes);
        return;
      case 'ignored':
        return;
    }
  }

  #change(message: InsertMessage | UpdateMessage | DeleteMessage, bytes: number): void {
    const relation = this.#relation(message.relationId);
    if (relation.entity === null) return;
    const row = rowChange(relation, message);
    this.#add({ type: `${relation.entity}.${row.op}`, data: row.after ?? row.before ?? {}, row }, bytes);
  }

  #truncate({ relationIds, cascade, restartIdentity }: TruncateMessage, bytes: number): void {
    const relations = relationIds.map((id) => this.#relation(id));
    const data = { relations: relations.map(({ name }) => name), cascade, restart_identity: restartIdentity };
    for (const { name, entity } of relations) {
      if (entity === null) continue;
      const row = { relation: name, op: 'truncated', before: null, after: null, beforeHas: 'none' } as const;
      this.#add({ type: `${entity}.truncated`, data, row }, bytes);
    }
  }

  #message({ transactional, lsn, prefix, content }: LogicalMessage, bytes: number): void {
    if (prefix === ECHO_PREFIX) {
      const id = this.#echo(content);
      if (id === null) return;
      if (transactional) this.#transaction().echo = id;
      else this.#options.emit({ kind: 'echo', id, upTo: lsn });
      return;
    }
    const event = this.#event(prefix, content);
    if (!event) return;
    if (transactional) this.#add(event, bytes);
    else this.#alone(event, inside(lsn), bytes);
  }

  #echo(content: string): number | null {
    const [nonce, id] = content.split(':');
    return nonce === this.#options.nonce ? Number(id) : null;
  }

  #event(prefix: string, content: string): Unnamed | null {
    if (prefix === MESSAGE_PREFIX || prefix.startsWith(`${MESSAGE_PREFIX}.`)) {
      const read = readInvalidation(content);
      if (read.ok) return { type: 'tidemark.invalidation', data: read.data, explicit: read.explicit };
      return { type: UNDECODABLE, data: { prefix, text: content, reason: read.reason } };
    }
    return this.#options.messages.has(prefix) ? { type: `message.${prefix}`, data: readContent(content) } : null;
  }

  #add(event: Unnamed, bytes: number): void {
    const transaction = this.#transaction();
    if (transaction.events.length >= PART_CHANGES_MAX || transaction.bytes >= PART_BYTES_MAX) {
      const part = this.#part(transaction, inside(transaction.commitLsn), false);
      this.#options.emit({ kind: 'batch', upTo: null, bytes: transaction.bytes, batch: part });
      transaction.bytes = 0;
    }
    transaction.events.push(event);
    transaction.bytes += bytes;
  }

  #alone(event: Unnamed, lsn: Lsn, bytes: number): void {
    const now = this.#options.now();
    const time = new Date(now).toISOString();
    const batch = this.#batch(lsn, { first: 0, commit: true, events: [event], time, xid: null });
    this.#options.emit({ kind: 'batch', upTo: lsn, bytes, batch });
  }

  /**
   * The position is the end of the commit's record. That is known only now; so a transaction that began to go out
   * earlier has the place just inside that record in all of its parts, and an empty batch then says where it ends.
   */
  #commit(endLsn: Lsn): void {
    const transaction = this.#transaction();
    this.#current = null;
    const { events, bytes, xid, echo, sent, commitLsn } = transaction;
    const { emit } = this.#options;
    if (events.length > 0) {
      const lsn = sent > 0 ? inside(commitLsn) : endLsn;
      emit({ kind: 'commit', upTo: lsn, bytes, xid, batch: this.#part(transaction, lsn, true) });
    }
    if (sent > 0) {
      emit({
        kind: 'batch',
        upTo: endLsn,
        bytes: 0,
        batch: this.#batch(endLsn, { first: 0, commit: true, events: [], time: null, xid: null }),
      });
    }
    if (echo !== null) emit({ kind: 'echo', id: echo, upTo: endLsn });
  }

  #part(transaction: Transaction, lsn: Lsn, commit: boolean): Batch {
    const { sent: first, events, time, wholeXid: xid } = transaction;
    transaction.sent += events.length;
    transaction.events = [];
    return this.#batch(lsn, { first, commit, events, time, xid });
  }

  #batch(lsn: Lsn, part: Part): Batch {
    const { source, epoch, now } = this.#options;
    const { first, commit, time, xid } = part;
    const position = toPosition(lsn);
    const attributes = time === null ? { source } : { source, time };
    const events = part.events.map((event, i) => ({ ...event, ...attributes, id: `${position}-${first + i}` }));
    const batch = { source, epoch, position, first, commit, events, receivedAt: now() };
    return xid === null ? batch : { ...batch, xid };
  }

  #relation(id: number): Relation {
    const relation = this.#relations.get(id);
    if (!relation)
      throw new TidemarkError('POSTGRES_PROTOCOL', `a change of relation ${id}, which was never announced`);
    return relation;
  }

  #transaction(): Transaction {
    if (!this.#current) throw new TidemarkError('POSTGRES_PROTOCOL', 'a change outside of any transaction');
    return this.#current;
  }
}

type Unnamed = Omit<ChangeEvent, 'id' | 'source' | 'time'>;

interface Part {
  readonly first: number;
  readonly commit: boolean;
  readonly events: readonly Unnamed[];
  readonly time: string | null;
  readonly xid: string | null;
}
