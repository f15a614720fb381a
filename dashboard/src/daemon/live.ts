import type { Entry } from '../../../src/model/entry.ts';
import type { Status } from '../../../src/model/status.ts';
import type { Observation } from '../../../src/operations.ts';
import { now, shown, sleep } from '../time.ts';
import { ApiError, getJson } from './api.ts';
import { firstState, reduce, type Message, type State } from './state.ts';
import { follow, type Following } from './stream.ts';
import { keepToken, token } from './token.ts';

const POLL_MS = 1_000;
// A daemon that does not answer its status for this long is as good as gone for the person who watches.
const POLL_TIMEOUT_MS = 4_000;
const HISTORY = 40;
// Beyond this the list could only flicker: go to the head and say how much was left out.
const BEHIND_MAX = 2_000;

/** The page's connection to its daemon: the status once a second and two streams. One for the page's whole life. */
export class Live {
  #state: State = firstState;
  #listeners = new Set<() => void>();
  #drawing = false;
  #closed = new AbortController();
  #streams: AbortController | null = null;
  #journal: Following | null = null;
  #entries: { entry: Entry; fresh: boolean }[] = [];
  #observations: Observation[] = [];
  #headAtStart = 0;
  #startedAt = 0;

  get state(): State {
    return this.#state;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    void this.#poll();
  }

  close(): void {
    this.#closed.abort();
  }

  tell(message: Message): void {
    this.#state = reduce(this.#state, message);
    this.#draw();
  }

  unlock(value: string): void {
    keepToken(value);
    void this.#ask();
  }

  async #poll(): Promise<void> {
    const { signal } = this.#closed;
    while (!signal.aborted) {
      await shown(signal);
      // Asking again with a wrong token would only get this address blocked.
      if (this.#state.connection.kind !== 'locked') await this.#ask();
      await sleep(POLL_MS, signal);
    }
  }

  #lock(refused: boolean): void {
    this.#streams?.abort();
    this.#streams = null;
    this.tell({ kind: 'locked', refused });
  }

  async #ask(): Promise<void> {
    try {
      const signal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(POLL_TIMEOUT_MS)]);
      const status = await getJson<Status>('v1/status', signal);
      this.tell({ kind: 'status', status, now: now() });
      this.#keepUp(status);
    } catch (error) {
      if (this.#closed.signal.aborted) return;
      if (error instanceof ApiError && error.status === 401) this.#lock(token() !== null);
      else this.tell({ kind: 'gone', now: now(), why: error instanceof Error ? error.message : 'no answer' });
    }
  }

  /** Opens the streams, and opens the journal's again where it can no longer be followed entry by entry. */
  #keepUp(status: Status): void {
    const at = Number(this.#journal?.lastId ?? NaN);
    const behind = status.journal.head - at;
    const anew = behind < 0 && status.startedAt !== this.#startedAt;
    this.#startedAt = status.startedAt;
    if (this.#streams !== null && !anew && !(behind > BEHIND_MAX)) return;
    if (anew) this.tell({ kind: 'clear' });
    const from = Math.max(status.journal.first - 1, status.journal.head - HISTORY, 0);
    if (behind > BEHIND_MAX) this.tell({ kind: 'skipped', now: now(), count: from - at });
    this.#open(from, status.journal.head);
  }

  #open(from: number, head: number): void {
    this.#streams?.abort();
    const streams = new AbortController();
    this.#streams = streams;
    this.#headAtStart = head;
    const signal = AbortSignal.any([streams.signal, this.#closed.signal]);
    const journal: Following = {
      path: () => 'v1/journal/stream',
      lastId: String(from),
      onMessage: (data) => {
        const entry = data as Entry;
        // A `gap` says that entries are no longer there; the next entry's offset says the same.
        if (!('event' in entry)) return;
        this.#entries.push({ entry, fresh: entry.offset > this.#headAtStart });
        this.#draw();
      },
      signal,
    };
    this.#journal = journal;
    void follow(journal);
    void follow({
      path: () => 'v1/observations',
      lastId: null,
      onMessage: (data) => {
        const observation = data as Observation;
        // A `dropped` message counts what came too fast; the status has those numbers anyway.
        if (!('type' in observation)) return;
        this.#observations.push(observation);
        this.#draw();
      },
      signal,
    });
  }

  /** Once per frame, however many messages a burst brings. */
  #draw(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#take();
      for (const listener of this.#listeners) listener();
    });
  }

  #take(): void {
    const entries = this.#entries.splice(0);
    for (const fresh of [false, true]) {
      const some = entries.filter((each) => each.fresh === fresh).map((each) => each.entry);
      if (some.length > 0) this.#state = reduce(this.#state, { kind: 'entries', entries: some, fresh });
    }
    const observations = this.#observations.splice(0);
    if (observations.length > 0) this.#state = reduce(this.#state, { kind: 'observations', observations });
  }
}
