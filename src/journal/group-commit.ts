import { TidemarkError } from '../errors.ts';
import type { Clock } from '../runtime/runtime.ts';

/** One thing to be written, all of it or nothing. */
export interface Write {
  /**
   * Writes inside the group's transaction; each yield is a place where other work may run. A `TidemarkError` refuses
   * this write alone and must come before anything was written; any other error fails the whole group.
   */
  steps(): Generator<void, Weight>;
  /** Writes of one sequence must not overtake each other: when one fails, those queued behind it fail with it. */
  readonly sequence?: string;
  committed(): void;
  failed(error: Error): void;
}

export interface Weight {
  readonly entries: number;
  readonly bytes: number;
}

const WEIGHTLESS: Weight = { entries: 0, bytes: 0 };

/** What the group is written into. */
export interface Transactional {
  begin(): void;
  /** Adds what goes with every group, and makes it durable. */
  commit(): void;
  rollback(): void;
  /** The error as the waiting callers shall see it. */
  explain(error: unknown): Error;
}

/** Most entries of a group: about 10 ms of work, so that the first of a group does not wait long for the last. */
const GROUP_ENTRIES = 1_000;
/** Most bytes of a group, so that large events do not make a transaction that takes seconds to reach the disk. */
const GROUP_BYTES = 4 * 1024 * 1024;
/** How long a group keeps the event loop before others get a turn. */
const SLICE_MS = 4;

/**
 * Makes writes that wait together durable in one transaction: one flush to the disk for all of them.
 *
 * A group begins at the end of the event loop's turn, so it holds everything that was asked for in that turn, and
 * everything that came while the group before it was written. No timer is needed for it, and a lone write waits for
 * nothing. A large group stays open over several turns: readers of the same connection see its rows before they are
 * durable, and must not look beyond the durable head.
 */
export class GroupCommit {
  readonly #target: Transactional;
  readonly #clock: Clock;
  #queue: Write[] = [];
  #running: Promise<void> | undefined;

  constructor(target: Transactional, clock: Clock) {
    this.#target = target;
    this.#clock = clock;
  }

  add(write: Write): void {
    this.#queue.push(write);
    this.#running ??= this.#run();
  }

  /** Runs `work` inside a group's transaction; resolves with its result once that is durable. */
  run<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let result: T;
      this.add({
        *steps() {
          result = work();
          return WEIGHTLESS;
        },
        committed: () => {
          resolve(result);
        },
        failed: reject,
      });
    });
  }

  /** Resolves when everything that was added has been written or has failed. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      await this.#clock.turn();
      await this.#group();
    }
    this.#running = undefined;
  }

  async #group(): Promise<void> {
    const group: Write[] = [];
    try {
      this.#target.begin();
      await this.#fill(group);
      this.#target.commit();
    } catch (error) {
      this.#target.rollback();
      // Whoever was queued behind must not become durable either: the order of the calls would have a hole.
      const behind = this.#queue;
      this.#queue = [];
      const explained = this.#target.explain(error);
      for (const write of [...group, ...behind]) write.failed(explained);
      return;
    }
    for (const write of group) write.committed();
  }

  async #fill(group: Write[]): Promise<void> {
    let entries = 0;
    let bytes = 0;
    let sliceFrom = this.#clock.mono();
    for (let write = this.#queue[0]; write; write = this.#queue[0]) {
      if (entries >= GROUP_ENTRIES || bytes >= GROUP_BYTES) return;
      this.#queue.shift();
      const steps = this.#stepsOf(write, group);
      let step = steps.next();
      while (!step.done) {
        if (this.#clock.mono() - sliceFrom > SLICE_MS) {
          await this.#clock.turn();
          sliceFrom = this.#clock.mono();
        }
        step = steps.next();
      }
      entries += step.value.entries;
      bytes += step.value.bytes;
    }
  }

  *#stepsOf(write: Write, group: Write[]): Generator<void, Weight> {
    group.push(write);
    try {
      return yield* write.steps();
    } catch (error) {
      if (!(error instanceof TidemarkError)) throw error;
      group.pop();
      write.failed(error);
      this.#refuseBehind(write, error);
      return WEIGHTLESS;
    }
  }

  #refuseBehind(write: Write, cause: TidemarkError): void {
    if (write.sequence === undefined) return;
    const behind = this.#queue.filter((other) => other.sequence === write.sequence);
    this.#queue = this.#queue.filter((other) => other.sequence !== write.sequence);
    for (const other of behind) {
      other.failed(new TidemarkError('JOURNAL_PART_MISSING', 'an earlier batch of the source was refused', { cause }));
    }
  }
}
