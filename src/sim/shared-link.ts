import type { Driver } from '../layers/redis/connection.ts';
import type { SimulatedClock, SimulatedTime } from '../runtime/simulated-time.ts';
import type { Conditions } from './conditions.ts';
import type { Draw } from './draw.ts';
import type { Argument, SharedServer } from './shared-server.ts';

export interface SharedLinkParts {
  readonly time: SimulatedTime;
  readonly conditions: Conditions;
  readonly draw: Draw;
  readonly server: SharedServer;
  readonly wireMs: number;
}

/** A connection that broke is there again after at most so long. */
const RECONNECT_MS = 300;

/**
 * A connection of one process to the shared server. Calls and replies keep their order; what was sent is done, also when the
 * process that sent it is gone by then.
 */
export class SharedLink implements Driver {
  readonly #parts: SharedLinkParts;
  readonly #clock: SimulatedClock;
  readonly #waiting = new Set<(error: Error) => void>();
  #brokenUntil = -Infinity;
  #sentAt = 0;
  #repliedAt = 0;

  constructor(parts: SharedLinkParts, clock: SimulatedClock) {
    this.#parts = parts;
    this.#clock = clock;
  }

  callBuffer(command: string, args: Argument[]): Promise<unknown> {
    const { server } = this.#parts;
    return this.#ask(() => server.call(command, args));
  }

  info(): Promise<string> {
    return this.#ask(() => 'redis_version:7.0.0\r\nmaxmemory_policy:volatile-lru\r\n');
  }

  /** Nobody knows which of the calls under way were done. */
  break(): void {
    const { time, draw } = this.#parts;
    this.#brokenUntil = time.now + draw.between(0, RECONNECT_MS);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    this.#clock.arrive(0, () => {
      for (const reject of waiting) reject(new Error('Connection is closed.'));
    });
  }

  disconnect(): void {
    this.#waiting.clear();
  }

  #ask<T>(run: () => T): Promise<T> {
    const { time, conditions, server } = this.#parts;
    if (time.now < this.#brokenUntil || server.isDown)
      return Promise.reject(new Error("Stream isn't writeable and enableOfflineQueue options is false"));
    return new Promise<T>((resolve, reject) => {
      const askedAt = time.now;
      this.#waiting.add(reject);
      this.#sentAt = Math.max(this.#sentAt, time.now + this.#delay());
      time.after(this.#sentAt - time.now, () => {
        if (server.isDown || time.now < this.#brokenUntil) return;
        server.took(time.now - askedAt);
        const answer = attempt(run);
        if (conditions.take('shared-reply-lost')) return;
        this.#repliedAt = Math.max(this.#repliedAt, time.now + this.#delay());
        this.#clock.arrive(this.#repliedAt - time.now, () => {
          if (!this.#waiting.delete(reject)) return;
          if (answer instanceof Error) reject(answer);
          else resolve(answer.reply);
        });
      });
    });
  }

  #delay(): number {
    const { draw, conditions, wireMs } = this.#parts;
    return draw.long(0, wireMs) + draw.next() * conditions.during('shared-slow');
  }
}

function attempt<T>(run: () => T): { readonly reply: T } | Error {
  try {
    return { reply: run() };
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
