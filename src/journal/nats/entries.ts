import { TidemarkError } from '../../errors.ts';
import type { Entry } from '../../model/entry.ts';
import type { Offset } from '../../model/position.ts';
import { EntryDeque } from '../entry-deque.ts';
import type { Link } from './link.ts';
import type { Tail } from './tail.ts';
import type { LogPlace } from './asking.ts';
import { Assembly, decodeRecords, headBefore } from './wire.ts';

/** Newest entries that are kept, and the most text of them: those whom all that follow the head read from memory. */
const RECENT_ENTRIES = 20_000;
const RECENT_CHARACTERS = 64 * 1024 * 1024;
/** Entries read ahead when old ones are read. */
const READ_AHEAD = 2_000;

interface Page {
  readonly entries: readonly Entry[];
  /** Where the stream is to be read on behind them. */
  readonly nextSeq: number;
}

/** The entries of the log: the newest from memory, older ones from the stream. */
export class Entries {
  readonly #link: Link;
  readonly #tail: Tail;
  #recent: EntryDeque;
  #weights: { readonly upTo: number; readonly characters: number }[] = [];
  #characters = 0;
  #page: Page | null = null;

  constructor(link: Link, tail: Tail) {
    this.#link = link;
    this.#tail = tail;
    this.#recent = new EntryDeque();
  }

  add(entries: readonly Entry[], characters: number): void {
    const last = entries.at(-1);
    if (!last) return;
    for (const entry of entries) this.#recent.push(entry);
    this.#weights.push({ upTo: last.offset, characters });
    this.#characters += characters;
    while (this.#weights.length > 1 && this.#isOver()) this.#shrink();
  }

  /** Begins behind the head of a checkpoint. */
  restart(head: Offset): void {
    this.#recent = new EntryDeque(head + 1);
    this.#weights = [];
    this.#characters = 0;
  }

  async read(after: Offset, limit: number): Promise<readonly Entry[]> {
    const { head, first } = this.#tail.state;
    const from = Math.max(after + 1, first);
    if (from > head || limit <= 0) return [];
    if (from >= this.#recent.first) return this.#recent.after(from - 1, limit);
    const held = this.#held(from, limit);
    if (held.length > 0) return held;
    await this.#fetch(from, Math.max(limit, READ_AHEAD));
    const fetched = this.#held(from, limit);
    if (fetched.length > 0) return fetched;
    if (from < this.#tail.state.first) return this.read(after, limit);
    throw new TidemarkError('JOURNAL_CORRUPT', `${this.#link.stream}: entry ${from} is missing`);
  }

  /** Of the message that holds an entry, or of one before it with nothing in between. */
  async locate(offset: number): Promise<number> {
    const bounds = await this.#link.bounds(this.#tail.seq);
    const behind = await this.#firstAt(offset, bounds.first, this.#tail.seq + 1);
    const before = behind > bounds.first ? await this.#at(behind - 1) : 0;
    return this.#firstAt(before, bounds.first, behind);
  }

  /** Resolves when everything that is in the stream now has been read. */
  async caughtUp(): Promise<void> {
    const { last } = await this.#link.bounds(this.#tail.seq);
    await this.#tail.reached(last);
  }

  /** Where somebody who has every entry up to `after` reads on. */
  async place(after: Offset): Promise<LogPlace> {
    const { state, seq, last } = this.#tail;
    const { first } = state;
    return after >= state.head
      ? { seq: seq + 1, last, first, known: seq }
      : { seq: await this.locate(Math.max(after + 1, first)), first, known: seq };
  }

  #isOver(): boolean {
    return this.#recent.size > RECENT_ENTRIES || this.#characters > RECENT_CHARACTERS;
  }

  #shrink(): void {
    const oldest = this.#weights.shift();
    if (!oldest) return;
    this.#characters -= oldest.characters;
    while (this.#recent.first <= oldest.upTo) this.#recent.shift();
  }

  #held(from: number, limit: number): readonly Entry[] {
    const page = this.#page;
    const oldest = page?.entries[0]?.offset;
    if (!page || oldest === undefined || from < oldest) return [];
    return page.entries.slice(from - oldest, from - oldest + limit);
  }

  async #fetch(from: number, atLeast: number): Promise<void> {
    const last = this.#page?.entries.at(-1);
    const seq = last && last.offset + 1 === from ? (this.#page?.nextSeq ?? 1) : await this.locate(from);
    const assembly = new Assembly(undefined);
    const entries: Entry[] = [];
    let nextSeq = seq;
    await this.#link.fetch(seq, this.#tail.seq, (at, header, body) => {
      const writing = assembly.take(header, body);
      if (!writing) return false;
      nextSeq = at + 1;
      for (const record of decodeRecords(writing.text(), writing.at))
        if (record.kind === 'batch')
          for (const entry of record.entries as readonly Entry[]) if (entry.offset >= from) entries.push(entry);
      return entries.length >= atLeast;
    });
    if (entries.length > 0 && entries[0]?.offset !== from && from >= this.#tail.state.first)
      throw new TidemarkError('JOURNAL_CORRUPT', `${this.#link.stream}: entry ${from} is missing`);
    this.#page = { entries, nextSeq };
  }

  /** The first message from `low` on, and before `high`, before which the head was at least `offset`; `high` when there is none. */
  async #firstAt(offset: number, low: number, high: number): Promise<number> {
    let [from, to] = [low, high];
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      if ((await this.#at(middle)) >= offset) to = middle;
      else from = middle + 1;
    }
    return from;
  }

  async #at(seq: number): Promise<number> {
    const header = await this.#link.header(seq);
    const at = header === null ? null : headBefore(header);
    if (at === null)
      throw new TidemarkError('JOURNAL_CORRUPT', `${this.#link.stream}: message ${seq} is none of Tidemark's`);
    return at;
  }
}
