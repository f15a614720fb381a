import { TidemarkError } from '../errors.ts';
import type { FeedFrame, FeedFrom, FeedTime } from '../model/feed.ts';
import type { TimeQuestion } from '../model/member.ts';
import type { Offset } from '../model/position.ts';
import type { Token } from '../model/token.ts';
import type { FeedTransport, RemoteReceipt } from '../remote/transport.ts';
import type { SimulatedClock } from '../runtime/simulated-time.ts';
import { feedOf } from '../service/feed-out.ts';
import { memberLeft, timeFor } from '../service/fed-members.ts';
import type { Draw } from './draw.ts';
import type { Process } from './process.ts';
import type { Surroundings } from './surroundings.ts';

export interface FedTransportParts extends Pick<Surroundings, 'time' | 'conditions' | 'sabotages'> {
  readonly clock: SimulatedClock;
  readonly draw: Draw;
  readonly wireMs: number;
  /** A daemon that can be reached now; `null`: none. */
  readonly daemon: () => Process | null;
}

/** What a lie about another clock is off by. */
const WRONG_CLOCK_MS = 5_000;

/** The way from a daemon to a process that is fed by it. What a daemon says is what it says over HTTP; only the wire is simulated. */
export class FedTransport implements FeedTransport {
  readonly place = 'the simulated daemon';
  readonly #parts: FedTransportParts;
  #stream: Stream | null = null;
  /** No daemon can be reached until then. */
  #awayUntil = -Infinity;

  constructor(parts: FedTransportParts) {
    this.#parts = parts;
  }

  async *frames(from: FeedFrom | null, signal: AbortSignal): AsyncIterable<FeedFrame> {
    const { time } = this.#parts;
    const daemon = time.now < this.#awayUntil ? null : this.#parts.daemon();
    if (!daemon) throw new TidemarkError('DAEMON_UNREACHABLE', `at ${this.place}`);
    const stream = new Stream(this.#parts, daemon, from);
    this.#stream = stream;
    const end = (): void => {
      stream.end(null);
    };
    signal.addEventListener('abort', end);
    try {
      for (let frame = await stream.next(); frame !== null; frame = await stream.next()) yield frame;
      if (!signal.aborted) throw new TidemarkError('DAEMON_HUNG_UP', this.place);
    } finally {
      signal.removeEventListener('abort', end);
      stream.end(null);
    }
  }

  time(question: TimeQuestion, { timeoutMs }: { readonly timeoutMs: number }): Promise<FeedTime> {
    const { time, conditions, clock, draw, wireMs, sabotages } = this.#parts;
    const daemon = this.#stream?.daemon;
    const delay = (): number => draw.long(0, wireMs) + draw.next() * conditions.during('time-late');
    return new Promise((resolve, reject) => {
      const fail = (): void => {
        reject(new TidemarkError('DAEMON_UNREACHABLE', `at ${this.place}`));
      };
      clock.after(timeoutMs, fail);
      if (!daemon || time.now < this.#awayUntil) {
        clock.arrive(delay(), fail);
        return;
      }
      daemon.clock.arrive(delay(), () => {
        const asked = sabotages.has('report-ahead') ? { ...question, watermark: EVERYTHING } : question;
        const lie = sabotages.has('proof-wrong-clock') ? WRONG_CLOCK_MS : 0;
        void timeFor(daemon.engine, asked).then((told) => {
          clock.arrive(delay(), () => {
            resolve({ ...told, now: told.now - lie });
          });
        }, fail);
      });
    });
  }

  leave(id: string): Promise<void> {
    const daemon = this.#stream?.daemon;
    if (daemon) memberLeft(daemon.engine, id);
    return Promise.resolve();
  }

  cut(): boolean {
    return this.#stream?.break() ?? false;
  }

  silence(): boolean {
    return this.#stream?.silence() ?? false;
  }

  /** Nothing gets through for so long, and everybody notices. */
  part(ms: number): void {
    this.#awayUntil = this.#parts.time.now + ms;
    this.cut();
  }

  invalidate(): Promise<RemoteReceipt> {
    return Promise.reject(new TidemarkError('DAEMON_UNREACHABLE', 'nobody in this world sends through a fed process'));
  }

  emit(): Promise<RemoteReceipt> {
    return this.invalidate();
  }

  position(): Promise<Token> {
    return Promise.reject(new TidemarkError('POSITION_UNKNOWN', this.place));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What a lie about how far a process is says. */
const EVERYTHING = Number.MAX_SAFE_INTEGER as Offset;

/** One connection. Frames keep their order; when it breaks, those under way are lost. */
class Stream {
  readonly daemon: Process;
  readonly #parts: FedTransportParts;
  readonly #stop = new AbortController();
  readonly #arrived: FeedFrame[] = [];
  #wake: () => void = () => undefined;
  #arrivesAt = 0;
  #isOver = false;
  #isSilent = false;
  #error: TidemarkError | null = null;

  constructor(parts: FedTransportParts, daemon: Process, from: FeedFrom | null) {
    this.#parts = parts;
    this.daemon = daemon;
    daemon.clock.arrive(this.#delay(), () => {
      this.#pump(from).catch((error: unknown) => {
        this.end(new TidemarkError('DAEMON_HUNG_UP', String(error)));
      });
    });
  }

  async next(): Promise<FeedFrame | null> {
    while (this.#arrived.length === 0 && !this.#isOver) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#error) throw this.#error;
    return this.#isOver ? null : (this.#arrived.shift() ?? null);
  }

  end(error: TidemarkError | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    this.#stop.abort();
    this.#wake();
  }

  break(): boolean {
    if (this.#isOver) return false;
    this.#parts.clock.arrive(0, () => {
      this.end(new TidemarkError('DAEMON_HUNG_UP', 'the connection was reset'));
    });
    this.#stop.abort();
    return true;
  }

  silence(): boolean {
    const wasHeard = !this.#isOver && !this.#isSilent;
    this.#isSilent = true;
    return wasHeard;
  }

  async #pump(from: FeedFrom | null): Promise<void> {
    const { conditions, sabotages } = this.#parts;
    for await (const frame of feedOf(this.daemon.engine, from, this.#stop.signal)) {
      if (this.daemon.clock.dead || this.#stop.signal.aborted) return;
      if (frame.kind === 'gap') conditions.tally.hit('page-gone');
      const carries = frame.kind === 'page' && frame.entries.length > 0;
      if (carries && conditions.take('stream-loss')) {
        // On purpose: what is missing is taken for nothing.
        if (sabotages.has('gap-ignored'))
          this.#send({ ...frame, entries: frame.entries.map((entry) => ({ ...entry, actions: [] })) });
        continue;
      }
      this.#send(frame);
      if (carries && conditions.take('stream-duplicate')) this.#send(frame);
    }
    this.#parts.clock.arrive(this.#delay(), () => {
      this.end(null);
    });
  }

  #send(frame: FeedFrame): void {
    const { time, clock } = this.#parts;
    this.#arrivesAt = Math.max(this.#arrivesAt, time.now + this.#delay());
    clock.arrive(this.#arrivesAt - time.now, () => {
      if (this.#isOver || this.#isSilent) return;
      this.#arrived.push(frame);
      this.#wake();
    });
  }

  #delay(): number {
    const { draw, conditions, wireMs } = this.#parts;
    return draw.long(0, wireMs) + draw.next() * conditions.during('stream-delay');
  }
}
