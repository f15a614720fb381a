import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Clock } from '../../runtime/runtime.ts';

export interface LongAnswerOptions {
  readonly clock: Clock;
  readonly contentType: string;
  /** The server's end. */
  readonly shutdown: AbortSignal;
  /** Longest time without the client taking anything that waits for it. */
  readonly stallMs: number;
}

/**
 * An answer that is written piece by piece for as long as the client wants it.
 *
 * Promises: `send` resolves when there is room for more, so whoever awaits it never holds more than one piece for a
 * slow client; `signal` aborts when the client has gone or has stalled, or the server closes; nothing throws
 * because of the client.
 */
export class LongAnswer {
  readonly #raw: ServerResponse;
  readonly #clock: Clock;
  readonly #stallMs: number;
  readonly #over = new AbortController();

  constructor(reply: FastifyReply, { clock, contentType, shutdown, stallMs }: LongAnswerOptions) {
    this.#raw = reply.raw;
    this.#clock = clock;
    this.#stallMs = stallMs;
    const headers = reply.getHeaders();
    reply.hijack();
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) this.#raw.setHeader(name, value);
    // Proxies must neither keep it nor hold it back until it is whole.
    this.#raw.writeHead(200, {
      'content-type': contentType,
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    this.#raw.flushHeaders();
    const stop = (): void => {
      this.#over.abort();
    };
    this.#raw.once('close', stop);
    this.#raw.on('error', stop);
    if (shutdown.aborted) stop();
    shutdown.addEventListener('abort', stop, { once: true, signal: this.#over.signal });
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Whether the client has still to take what was sent before. */
  get isFull(): boolean {
    return this.#raw.writableNeedDrain;
  }

  async send(text: string): Promise<void> {
    if (this.#over.signal.aborted || this.#raw.write(text)) return;
    await this.#room();
  }

  /** The last words, for a client that is still there. */
  end(text = ''): void {
    if (this.#raw.destroyed) return;
    // To a client that takes nothing the last words would never get through, and the connection would never end.
    if (this.#raw.writableNeedDrain) this.#raw.destroy();
    else this.#raw.end(text);
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(this.#stallMs, () => this.#raw.destroy());
      const done = (): void => {
        cancel();
        this.#raw.off('drain', done);
        this.#over.signal.removeEventListener('abort', done);
        resolve();
      };
      this.#raw.once('drain', done);
      this.#over.signal.addEventListener('abort', done, { once: true });
    });
  }
}
