import type { FastifyReply } from 'fastify';
import type { Context } from '../context.ts';
import { comment, frame, retry, type Frame } from './frame.ts';
import { LongAnswer } from './long-answer.ts';

/** Frames of a backlog are sent together up to this size: one write each would be most of the cost. */
const CHUNK_CHARS = 32 * 1024;

/** Server-sent events over a long answer, with comments that keep a quiet stream open. */
export class EventStream {
  readonly #answer: LongAnswer;
  readonly #cancelHeartbeat: { now: () => void };
  #held = '';

  constructor(reply: FastifyReply, { options, limits, shutdown }: Context) {
    const { clock } = options.runtime;
    const answer = new LongAnswer(reply, {
      clock,
      contentType: 'text/event-stream',
      shutdown,
      stallMs: limits.streamStallMs,
    });
    this.#answer = answer;
    const beat = (): (() => void) =>
      clock.after(limits.heartbeatMs, () => {
        if (!answer.isFull) void answer.send(comment('heartbeat'));
        this.#cancelHeartbeat.now = beat();
      });
    this.#cancelHeartbeat = { now: beat() };
    answer.signal.addEventListener(
      'abort',
      () => {
        this.#cancelHeartbeat.now();
      },
      { once: true },
    );
    void answer.send(retry(limits.streamRetryMs));
  }

  get signal(): AbortSignal {
    return this.#answer.signal;
  }

  /** Holds small frames back until `flush`, or until there are enough of them. */
  async push(next: Frame): Promise<void> {
    this.#held += frame(next);
    if (this.#held.length >= CHUNK_CHARS) await this.flush();
  }

  /** What is a frame, or several, as it is. */
  async write(frames: string): Promise<void> {
    await this.#answer.send(frames);
  }

  async flush(): Promise<void> {
    const text = this.#held;
    this.#held = '';
    if (text) await this.#answer.send(text);
  }

  end(): void {
    this.#cancelHeartbeat.now();
    this.#answer.end();
  }
}
