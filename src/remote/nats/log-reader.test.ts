import { describe, expect, it } from 'vitest';
import { messagesOf, textOf, textOfRecords, type LogRecord } from '../../journal/nats/wire.ts';
import type { Unplaced } from '../../journal/codec.ts';
import type { Offset } from '../../model/position.ts';
import type { LogPlace } from '../../journal/nats/asking.ts';
import { LogReader } from './log-reader.ts';

const at = (offset: number): Offset => offset as Offset;
const entry = (id: string): Unplaced => ({
  source: 'shop',
  epoch: 'e',
  position: null,
  commit: true,
  receivedAt: 1,
  event: { id, type: 'product.updated', source: 'shop', data: { secret: id } },
  plan: { contractHash: 'h', actions: [{ kind: 'delete_key', target: `product:${id}`, contract: 'c' }], problems: [] },
});
const batch = (...ids: string[]): LogRecord => ({ kind: 'batch', entries: ids.map(entry) });

/** A stream in which each writing is behind the one before. */
class Stream {
  readonly messages: { header: string; body: Uint8Array }[] = [];
  #last: string | null = null;
  #head = 0;

  write(records: readonly LogRecord[], bytesMax = 1e6, id = `w${this.messages.length}`): this {
    const envelope = { id, prev: this.#last, at: at(this.#head) };
    this.messages.push(...messagesOf(envelope, textOfRecords(records.map(textOf)), bytesMax));
    this.#last = id;
    for (const record of records) if (record.kind === 'batch') this.#head += record.entries.length;
    return this;
  }

  read(reader: LogReader, from = 1): number[] {
    return this.messages
      .slice(from - 1)
      .flatMap(({ header, body }, index) => reader.take(from + index, header, body).map(({ offset }) => offset));
  }
}

const reader = (place: Partial<LogPlace> = {}, after = 0): LogReader =>
  new LogReader({ epoch: 'e1', after: at(after), place: { seq: 1, first: at(1), known: 0, ...place } });
const fromStart = (known = 0): LogReader => reader({ last: null, known });
const HUNG_UP = expect.objectContaining({ code: 'DAEMON_HUNG_UP' }) as Error;

describe('a process that reads the log', () => {
  it('gets every entry behind the place, in order', () => {
    const stream = new Stream()
      .write([batch('a', 'b')])
      .write([batch('c')], 20)
      .write([batch('d')]);
    expect(stream.read(fromStart())).toEqual([1, 2, 3, 4]);
    expect(stream.read(reader({}, 1))).toEqual([2, 3, 4]);
  });

  it('keeps nothing of the events', () => {
    const [{ header, body } = { header: '', body: new Uint8Array() }] = new Stream().write([batch('a')]).messages;
    const actions = [{ kind: 'delete_key', target: 'product:a' }];
    expect(fromStart().take(1, header, body)).toEqual([
      { offset: 1, source: 'shop', epoch: 'e', position: null, commit: true, type: 'product.updated', actions },
    ]);
  });

  it('skips what a writer has left unfinished, as every reader does', () => {
    const stream = new Stream().write([batch('a')]);
    stream.messages.push(...messagesOf({ id: 'lost', prev: 'w0', at: at(1) }, '['.repeat(40), 20).slice(0, 1));
    expect(stream.write([batch('b')]).read(fromStart())).toEqual([1, 2]);
  });

  it('ends where a message is missing', () => {
    const following = fromStart();
    new Stream().write([batch('a')]).read(following);
    expect(() => following.take(3, '', new Uint8Array())).toThrow(HUNG_UP);
  });

  it('ends where entries are missing before the place, and where the head does not follow', () => {
    const stream = new Stream().write([batch('a')]).write([batch('b')]);
    expect(() => stream.read(reader({ seq: 2 }), 2)).toThrow(HUNG_UP);
    expect(() => stream.read(reader({ seq: 2, last: 'w0' }), 2)).toThrow(HUNG_UP);
  });

  it('ends where the journal becomes another, but for what was known of it', () => {
    const begun = { kind: 'life', life: 7, epoch: 'e2' } as const;
    for (const record of [begun, { kind: 'renewed', epoch: 'e2' }] as const) {
      const stream = new Stream().write([batch('a')]).write([record, batch('b')]);
      expect(() => stream.read(fromStart(1))).toThrow(HUNG_UP);
      expect(stream.read(fromStart(2))).toEqual([1, 2]);
    }
    expect(new Stream().write([{ ...begun, epoch: 'e1' }, batch('a')]).read(fromStart())).toEqual([1]);
  });

  it('says when the log is of a later version', () => {
    const messages = messagesOf({ id: 'x', prev: null, at: at(0) }, '[2,[]]', 99);
    const [{ header, body } = { header: '', body: new Uint8Array() }] = messages;
    const UNKNOWN = expect.objectContaining({ code: 'FEED_VERSION_UNKNOWN' }) as Error;
    expect(() => fromStart().take(1, header, body)).toThrow(UNKNOWN);
  });
});
