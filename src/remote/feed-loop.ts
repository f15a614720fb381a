import type { ClientRuntime } from '../client/parts.ts';
import { TidemarkError } from '../tidemark-error.ts';
import type { StoreOptions } from '../layers/memory/store.ts';
import type { FeedFrame } from '../model/feed.ts';
import type { MemberReport } from '../model/member.ts';
import { ORIGIN, type Mono, type Offset } from '../model/position.ts';
import { backoffMs } from '../runtime/backoff.ts';
import { Follower } from './follower.ts';
import { DaemonRefusal } from './refusal.ts';
import type { FeedTransport } from './transport.ts';

/** How often the daemon is asked the time: a proof is as old here as it is there, and as the last answer. */
const PING_EVERY_MS = 200;
/** What has just been applied is said at once, so that those who wait for it do not wait for the next question; many at once are one. */
const REPORT_AGAIN_MS = 50;
/** Four beats of the daemon: after as long a silence it is taken for dead. */
export const SILENT_MS = 1_000;
/** For the first word of a connection. */
const CONNECT_MS = 10_000;
/** A daemon that comes back is not to wait for those whom it feeds. */
const BACKOFF = { minMs: 50, maxMs: 1_000 };

export interface FeedLoopOptions {
  /** What an operator knows this process by. */
  readonly name: string;
  readonly limits: StoreOptions;
  readonly signal: AbortSignal;
}

/** Keeps one follower fed, over one connection after the other. */
export class FeedLoop {
  readonly begun: Promise<Follower>;
  readonly ended: Promise<unknown>;
  readonly #transport: FeedTransport;
  readonly #runtime: ClientRuntime;
  readonly #signal: AbortSignal;
  readonly #limits: StoreOptions;
  readonly #self: Pick<MemberReport, 'id' | 'name'>;
  #told: Offset = ORIGIN;
  #follower: Follower | null = null;
  #hear: (follower: Follower | null) => void = () => undefined;
  #begin: (follower: Follower) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;
  #heardAt: Mono;
  lastError: Error | null = null;
  connects = 0;

  constructor(transport: FeedTransport, runtime: ClientRuntime, { name, limits, signal }: FeedLoopOptions) {
    this.#transport = transport;
    this.#runtime = runtime;
    this.#signal = signal;
    this.#limits = limits;
    this.#self = { id: runtime.random.id(), name };
    this.#heardAt = runtime.clock.mono();
    const heard = new Promise<Follower | null>((resolve) => (this.#hear = resolve));
    this.begun = new Promise((resolve, reject) => {
      this.#begin = resolve;
      this.#fail = reject;
    });
    this.begun.catch(() => {
      this.#hear(null);
    });
    this.ended = Promise.all([this.#run(), heard.then((follower) => this.#ask(follower))]);
  }

  get heardMsAgo(): number {
    return this.#runtime.clock.mono() - this.#heardAt;
  }

  giveUp(): void {
    this.#fail(this.lastError ?? new TidemarkError('DAEMON_UNREACHABLE', `at ${this.#transport.place}`));
  }

  async #run(): Promise<void> {
    const { clock, random, log } = this.#runtime;
    for (let attempt = 0; !this.#signal.aborted; attempt++) {
      const before = this.#heardAt;
      try {
        await this.#once();
      } catch (error) {
        this.lastError = error instanceof Error ? error : new Error(String(error));
        if (this.#follower === null && isForGood(error)) this.#fail(error);
      }
      if (this.#signal.aborted) return;
      if (this.#heardAt > before) attempt = 0;
      log.warn({ place: this.#transport.place, err: this.lastError }, 'the daemon is not heard; connecting again');
      await clock.sleep(backoffMs(attempt, random, BACKOFF), this.#signal);
    }
  }

  /** One connection, until it ends or falls silent. */
  async #once(): Promise<void> {
    const { clock } = this.#runtime;
    const silence = new AbortController();
    const signal = AbortSignal.any([this.#signal, silence.signal]);
    let cancel = clock.after(CONNECT_MS, () => {
      silence.abort();
    });
    try {
      for await (const frame of this.#transport.frames(this.#follower?.from ?? null, signal)) {
        cancel();
        cancel = clock.after(SILENT_MS, () => {
          silence.abort();
        });
        this.#take(frame);
      }
    } finally {
      cancel();
    }
    throw new TidemarkError(
      'DAEMON_HUNG_UP',
      silence.signal.aborted ? `${this.#transport.place} was silent` : this.#transport.place,
    );
  }

  #take(frame: FeedFrame): void {
    const now = this.#runtime.clock.mono();
    this.#heardAt = now;
    if (frame.kind === 'hello') this.connects++;
    if (this.#follower) this.#follower.take(frame, now);
    else if (frame.kind === 'hello') {
      this.#follower = new Follower(frame, this.#limits);
      this.#hear(this.#follower);
    } else throw new TidemarkError('FEED_BROKEN', `it begins with "${frame.kind}"`);
  }

  /** Says goodbye, so that nobody waits for this process. What is said of it after that counts for nothing. */
  async leave(): Promise<void> {
    await this.#transport.leave(this.#self.id, { timeoutMs: SILENT_MS }).catch(() => undefined);
  }

  /**
   * Asks the daemon for its time, over and over: what proofs are compared with. Nothing is cached before the first answer, so
   * whoever waits for all that have cached something waits for this one too.
   */
  async #ask(follower: Follower | null): Promise<void> {
    const { clock } = this.#runtime;
    while (follower && !this.#signal.aborted) {
      if (await this.#report(follower)) this.#begin(follower);
      await clock.sleep(REPORT_AGAIN_MS, this.#signal);
      const isBehind = (): boolean => follower.store.watermark > this.#told;
      await follower.progress.until(isBehind, PING_EVERY_MS - REPORT_AGAIN_MS, { clock, closing: this.#signal });
    }
  }

  async #report(follower: Follower): Promise<boolean> {
    const { clock } = this.#runtime;
    const asked = clock.mono();
    this.#told = follower.store.watermark;
    const { applied, clock: whose } = follower;
    const question = { ...this.#self, ...applied, ...(whose !== null && { clock: whose }) };
    try {
      const options = { signal: this.#signal, timeoutMs: SILENT_MS };
      const time = await this.#transport.time(question, options);
      follower.pings.add(time.clock, asked, time.now);
      return true;
    } catch (error) {
      this.lastError = error instanceof Error ? error : new Error(String(error));
      return false;
    }
  }
}

/** What no further attempt changes. */
function isForGood(error: unknown): boolean {
  // Full, shutting down, or not ready yet: another attempt may find it otherwise.
  if (error instanceof DaemonRefusal) return ![429, 503].includes(error.status);
  return (
    error instanceof TidemarkError &&
    ['DAEMON_UNAUTHORIZED', 'DAEMON_FOREIGN', 'FEED_VERSION_UNKNOWN', 'FEED_BROKEN'].includes(error.code)
  );
}
