import { TidemarkError } from '../../errors.ts';
import { backoffMs } from '../../runtime/backoff.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { Draft } from './draft.ts';
import { failureOf } from './failure.ts';
import type { Link } from './link.ts';
import type { CheckpointPlace, Tail } from './tail.ts';
import { messagesOf, textOfRecords } from './wire.ts';

/** Most writes of one message, so that the first of them does not wait long for the last. */
const GROUP_WRITES = 1_000;
/** Most text of one message, as near as whole writes allow. */
const GROUP_CHARACTERS = 4 * 1024 * 1024;

interface Write {
  /** Adds to the draft; a `TidemarkError` refuses this write alone and must come before anything was added. */
  readonly prepare: (draft: Draft) => unknown;
  /** Writes of one sequence must not overtake each other: when one is refused, those queued behind it are, too. */
  readonly sequence: string | null;
  /** No other write is in the same message. */
  readonly isAlone?: boolean;
  readonly resolve: (value: unknown, place: CheckpointPlace) => void;
  readonly reject: (error: Error) => void;
}

interface Drafted {
  readonly draft: Draft;
  readonly place: CheckpointPlace;
  readonly writes: readonly { readonly write: Write; readonly value: unknown }[];
}

/**
 * Puts writes into the log, those that wait together as one message, each message by comparing and setting: it says behind which one
 * it belongs. When somebody else was there first, what they wrote is read and the same writes are drafted anew behind it.
 *
 * A message of which nobody knows whether it was taken (the connection broke) is neither given up nor sent twice: the log is read to its end,
 * and if it is not there it is sent again for the same place, where at most one of the two can be.
 */
export class LogWriter {
  readonly #link: Link;
  readonly #tail: Tail;
  readonly #runtime: Runtime;
  readonly #stopped = new AbortController();
  #queue: Write[] = [];
  #running: Promise<void> | undefined;

  constructor(link: Link, tail: Tail, runtime: Runtime) {
    this.#link = link;
    this.#tail = tail;
    this.#runtime = runtime;
  }

  /** Resolves with what `prepare` gave, once the log holds it. `prepare` may run several times. */
  write<T>(prepare: (draft: Draft) => T, sequence: string | null = null): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#add({ prepare, sequence, resolve: resolve as (value: unknown) => void, reject });
    });
  }

  /** Writes what the log says so far, as a message of its own. */
  checkpoint(): Promise<CheckpointPlace> {
    return new Promise((resolve, reject) => {
      this.#add({
        prepare: (draft) => {
          draft.add({ kind: 'checkpoint', state: draft.state.checkpoint() });
        },
        sequence: null,
        isAlone: true,
        resolve: (_, place) => {
          resolve(place);
        },
        reject,
      });
    });
  }

  /** Resolves when everything that was asked for is in the log or has failed. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** What is not in the log yet fails. */
  stop(): void {
    this.#stopped.abort();
  }

  #add(write: Write): void {
    this.#queue.push(write);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#runtime.clock.turn();
      const group = this.#take();
      try {
        await this.#put(group);
      } catch (error) {
        const failure = failureOf(error, this.#link.stream);
        // Whoever was queued behind must not come into the log either: the order of the calls would have a hole.
        const late = this.#queue;
        this.#queue = [];
        for (const write of [...group, ...late]) write.reject(failure);
      }
    }
    this.#running = undefined;
  }

  #take(): Write[] {
    const alone = this.#queue.findIndex(({ isAlone }) => isAlone);
    return this.#queue.splice(0, alone < 0 ? GROUP_WRITES : Math.min(Math.max(1, alone), GROUP_WRITES));
  }

  async #put(all: readonly Write[]): Promise<void> {
    let group = all;
    const attempts = new Map<string, Drafted>();
    for (let failures = 0; ;) {
      if (this.#tail.failed) throw this.#tail.failed;
      if (this.#stopped.signal.aborted) throw new TidemarkError('CLOSED', 'it could not be written in time');
      const drafted = this.#draft(group);
      group = drafted.writes.map(({ write }) => write);
      if (drafted.draft.records.length === 0) {
        settle(drafted);
        return;
      }
      const published = await this.#publish(drafted, attempts);
      if (published.what === 'unknown') await this.#await(published.error, failures++);
      if (published.what !== 'written') await this.#catchUp();
      const written = [...attempts].find(([id]) => this.#tail.seen.delete(id));
      for (const id of attempts.keys()) if (written || published.what === 'refused') this.#tail.awaited.delete(id);
      if (written) {
        settle(written[1]);
        return;
      }
      if (published.what === 'refused') throw published.error;
    }
  }

  /** As much of the group as one message may hold; the rest goes back to the front of the queue. */
  #draft(group: readonly Write[]): Drafted {
    const draft = new Draft(this.#tail.state);
    const writes: { write: Write; value: unknown }[] = [];
    const refused = new Map<string, TidemarkError>();
    try {
      for (const [index, write] of group.entries()) {
        if (draft.characters > GROUP_CHARACTERS) {
          this.#queue.unshift(...group.slice(index));
          break;
        }
        const cause = refused.get(write.sequence ?? '');
        const value = cause ? new Refused(behind(cause)) : prepared(write, draft);
        if (!(value instanceof Refused)) writes.push({ write, value });
        else {
          write.reject(value.error);
          if (write.sequence !== null) refused.set(write.sequence, value.error);
        }
      }
    } finally {
      this.#tail.state.history.drop();
    }
    for (const [sequence, cause] of refused) this.#refuseBehind(sequence, cause);
    const place = { id: this.#runtime.random.id(), prev: this.#tail.last, seq: this.#tail.seq + 1 };
    return { draft, writes, place };
  }

  async #publish(drafted: Drafted, attempts: Map<string, Drafted>): ReturnType<Link['publish']> {
    const { draft, place } = drafted;
    const { id, prev } = place;
    const base = place.seq - 1;
    attempts.set(id, drafted);
    this.#tail.awaited.add(id);
    const envelope = { id, prev, at: this.#tail.state.head };
    const messages = messagesOf(envelope, textOfRecords(draft.texts), this.#link.bytesMax);
    const published = await this.#link.publish(messages, base);
    if (published.what === 'written') {
      this.#tail.takeOwn(id, draft.records, draft.characters, { base, seq: published.seq });
      await this.#tail.reached(published.seq);
    }
    return published;
  }

  async #await(error: unknown, failures: number): Promise<void> {
    const { clock, log, random } = this.#runtime;
    if (failures === 0)
      log.warn({ error, stream: this.#link.stream }, 'nats did not confirm a write; it is tried again');
    await clock.sleep(backoffMs(failures, random, { maxMs: 2_000 }), this.#stopped.signal);
  }

  /** Reads the log to its end, as soon as it can be read. */
  async #catchUp(): Promise<void> {
    const { clock, random } = this.#runtime;
    for (let failures = 0; !this.#stopped.signal.aborted; failures++) {
      try {
        const { last } = await this.#link.bounds(this.#tail.seq);
        await this.#tail.reached(last);
        return;
      } catch (error) {
        const failure = failureOf(error, this.#link.stream);
        if (failure.code === 'NATS_STREAM_GONE') this.#tail.fail(failure);
        if (this.#tail.failed) throw this.#tail.failed;
        await clock.sleep(backoffMs(failures, random, { maxMs: 2_000 }), this.#stopped.signal);
      }
    }
  }

  #refuseBehind(refused: string, cause: TidemarkError): void {
    const late = this.#queue.filter(({ sequence }) => sequence === refused);
    this.#queue = this.#queue.filter(({ sequence }) => sequence !== refused);
    for (const write of late) write.reject(behind(cause));
  }
}

class Refused {
  readonly error: TidemarkError;

  constructor(error: TidemarkError) {
    this.error = error;
  }
}

function prepared(write: Write, draft: Draft): unknown {
  try {
    return write.prepare(draft);
  } catch (error) {
    if (error instanceof TidemarkError) return new Refused(error);
    throw error;
  }
}

function behind(cause: TidemarkError): TidemarkError {
  return new TidemarkError('JOURNAL_PART_MISSING', 'an earlier batch of the source was refused', { cause });
}

function settle({ writes, place }: Drafted): void {
  for (const { write, value } of writes) write.resolve(value, place);
}
