import { TidemarkError } from '../../tidemark-error.ts';
import type { LogPlace } from '../../journal/nats/asking.ts';
import { Assembly, decodeRecords, type LogRecord } from '../../journal/nats/wire.ts';
import type { Entry } from '../../model/entry.ts';
import { fedEntry, type FedEntry } from '../../model/feed.ts';
import type { Epoch, Offset } from '../../model/position.ts';

export interface ReadFrom {
  readonly epoch: Epoch;
  /** Known already. */
  readonly after: Offset;
  readonly place: LogPlace;
}

/**
 * The journal's log as a process reads it that only wants to know what ends: message by message, in the order of the stream, from the
 * place that a relay has named. Whatever does not follow makes it throw; then where to go on is to be asked anew.
 */
export class LogReader {
  readonly #epoch: Epoch;
  readonly #known: number;
  readonly #after: Offset;
  readonly #assembly: Assembly;
  #seq: number;
  /** The journal's head behind what was read; `null` before the first writing, which may begin earlier than what is wanted. */
  #head: number | null;

  constructor({ epoch, after, place }: ReadFrom) {
    this.#epoch = epoch;
    this.#known = place.known;
    this.#after = after;
    this.#assembly = new Assembly(place.last);
    this.#seq = place.seq;
    this.#head = place.last === undefined ? null : after;
  }

  /** @throws DAEMON_HUNG_UP, FEED_VERSION_UNKNOWN */
  take(seq: number, header: string, body: Uint8Array): readonly FedEntry[] {
    if (seq !== this.#seq) throw brokenOff(`message ${this.#seq} of the log is gone, ${seq} came`);
    this.#seq++;
    const writing = this.#assembly.take(header, body);
    if (!writing) return [];
    const { at } = writing;
    if (this.#head === null ? at > this.#after : at !== this.#head)
      throw brokenOff(`a writing of the log begins at ${at}, not at ${this.#head ?? this.#after}`);
    const entries = recordsOf(writing.text(), at).flatMap((record) => this.#entriesOf(record));
    this.#head = at + entries.length;
    return entries.filter(({ offset }) => offset > this.#after).map(fedEntry);
  }

  #entriesOf(record: LogRecord): readonly Entry[] {
    if (record.kind === 'batch') return record.entries as readonly Entry[];
    const isRenewal = record.kind === 'life' || record.kind === 'renewed';
    if (isRenewal && record.epoch !== this.#epoch && this.#seq > this.#known + 1)
      throw brokenOff('the journal has become another one');
    return [];
  }
}

function recordsOf(text: string, at: Offset): readonly LogRecord[] {
  try {
    return decodeRecords(text, at);
  } catch (cause) {
    const { message } = cause as Error;
    if (message.includes('layout')) throw new TidemarkError('FEED_VERSION_UNKNOWN', message, { cause });
    throw new TidemarkError('FEED_BROKEN', message, { cause });
  }
}

function brokenOff(why: string): TidemarkError {
  return new TidemarkError('DAEMON_HUNG_UP', why);
}
