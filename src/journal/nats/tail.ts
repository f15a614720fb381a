import { TidemarkError } from '../../errors.ts';
import type { Entry } from '../../model/entry.ts';
import { Waiting } from '../waiting.ts';
import type { LogState } from './log-state.ts';
import { Assembly, decodeRecords, WIRE_VERSION, type LogRecord, type Writing } from './wire.ts';

/** What a checkpoint is found by: the writing, and the place of its first message. */
export interface CheckpointPlace {
  readonly seq: number;
  readonly id: string;
  readonly prev: string | null;
}

export interface TailEvents {
  added(entries: readonly Entry[], characters: number): void;
  /** The state was taken from a checkpoint. */
  restored(): void;
  /** Everything up to a place of the stream has been applied. */
  moved(): void;
}

/** The end of the log as this opening has read it: every message goes through here once, whoever wrote it. */
export class Tail {
  readonly state: LogState;
  /** Of the newest message that was taken. */
  seq: number;
  failed: TidemarkError | null = null;
  /** Of the newest checkpoint, whoever wrote it. */
  checkpointSeq = 0;
  /** Of the writings whose author waits for them. */
  readonly awaited = new Set<string>();
  readonly seen = new Set<string>();
  readonly #assembly: Assembly;
  readonly #events: TailEvents;
  readonly #waiting = new Waiting();
  readonly #failing = new AbortController();
  #restoring: string | null;

  constructor(state: LogState, from: CheckpointPlace | null, events: TailEvents) {
    this.state = state;
    this.seq = from ? from.seq - 1 : 0;
    this.#assembly = new Assembly(from?.prev ?? null);
    this.#restoring = from?.id ?? null;
    this.#events = events;
  }

  /** Of the newest writing that counts. */
  get last(): string | null {
    return this.#assembly.last ?? null;
  }

  take(seq: number, header: string, body: Uint8Array): void {
    if (seq <= this.seq || this.failed) return;
    if (seq > this.seq + 1) {
      this.fail(new TidemarkError('NATS_STREAM_GONE', `messages ${this.seq + 1} to ${seq - 1} are missing`));
      return;
    }
    const writing = this.#assembly.take(header, body);
    try {
      if (writing) this.#writing(writing);
    } catch (cause) {
      this.fail(unreadable(seq, cause));
      return;
    }
    this.#reach(seq);
  }

  /** The writing's own records, once the server has confirmed that its last message is at `seq`: they need no decoding. */
  takeOwn(id: string, records: readonly LogRecord[], characters: number, place: { base: number; seq: number }): void {
    if (this.seq !== place.base || this.failed) return;
    this.#assembly.last = id;
    this.#apply(id, records, characters);
    this.#reach(place.seq);
  }

  /** Resolves when everything up to there has been taken. */
  async reached(seq: number): Promise<void> {
    await this.#waiting.beyond(seq - 1, this.seq, this.#failing.signal);
    if (this.failed) throw this.failed;
  }

  /** What lies behind can not be understood, or is not there: nothing can be said of the log any more. */
  fail(error: TidemarkError): void {
    this.failed ??= error;
    this.#failing.abort();
    this.#events.moved();
  }

  #writing({ id, at, text }: Writing): void {
    const characters = text();
    const records = decodeRecords(characters, at);
    if (this.#restoring === id) {
      const [record] = records;
      if (record?.kind !== 'checkpoint') throw new Error('there is no checkpoint');
      this.state.restore(record.state);
      this.#restoring = null;
      this.checkpointSeq = this.seq;
      this.#events.restored();
      return;
    }
    if (this.#restoring !== null) throw new Error('the checkpoint is not whole');
    if (at !== this.state.head) throw new Error(`it begins at ${at}, not at ${this.state.head}`);
    this.#apply(id, records, characters.length);
  }

  #apply(id: string, records: readonly LogRecord[], characters: number): void {
    const entries = this.state.apply(records);
    if (records[0]?.kind === 'checkpoint') this.checkpointSeq = this.seq;
    if (this.awaited.delete(id)) this.seen.add(id);
    this.#events.added(entries, characters);
  }

  #reach(seq: number): void {
    this.seq = seq;
    this.#events.moved();
    this.#waiting.moved(seq);
  }
}

function unreadable(seq: number, cause: unknown): TidemarkError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const isNewer = message.startsWith('layout') || message.startsWith('entry layout');
  return new TidemarkError(
    isNewer ? 'JOURNAL_NEWER' : 'JOURNAL_CORRUPT',
    `message ${seq}: ${message} (this version writes layout ${WIRE_VERSION})`,
    { cause },
  );
}
