import { TidemarkError } from '../errors.ts';
import { QUERY_TIMEOUT_MS } from '../sources/postgres/sql.ts';
import type { SimulatedClock, SimulatedTime } from '../runtime/simulated-time.ts';
import type { Conditions } from './conditions.ts';
import type { Database } from './database.ts';
import type { Draw } from './draw.ts';

export interface Wire {
  readonly time: SimulatedTime;
  readonly conditions: Conditions;
  readonly draw: Draw;
  /** Usual delay of a message. */
  readonly wireMs: number;
}

/**
 * A connection of one process to the database. Both directions keep their order; when it breaks, every call under way
 * fails; when it is half open, nothing comes any more and nobody says so.
 */
export class Link {
  readonly #wire: Wire;
  readonly #clock: SimulatedClock;
  readonly #database: Database;
  readonly #waiting = new Set<(error: Error) => void>();
  #arrivesAt = 0;
  #broken = false;
  #halfOpen = false;
  onBreak: (error: Error) => void = () => undefined;

  constructor(wire: Wire, clock: SimulatedClock, database: Database) {
    this.#wire = wire;
    this.#clock = clock;
    this.#database = database;
  }

  /** Runs something at the database and brings its answer. */
  call<T>(run: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { time } = this.#wire;
      this.#waiting.add(reject);
      const cancel = this.#clock.after(QUERY_TIMEOUT_MS, () => {
        reject(unreachable('timeout'));
      });
      time.after(this.#delay(), () => {
        if (this.#gone()) return;
        if (this.#database.isDown) {
          this.break('the server does not answer');
          return;
        }
        const answer = run();
        this.#clock.arrive(this.#delay(), () => {
          if (this.#gone()) return;
          this.#waiting.delete(reject);
          cancel();
          resolve(answer);
        });
      });
      if (this.#broken) reject(unreachable('the connection is closed'));
    });
  }

  /** A message from the database, behind all messages before it. */
  push(deliver: () => void): void {
    const { time, conditions } = this.#wire;
    const at = Math.max(
      this.#arrivesAt,
      time.now + this.#delay() + this.#wire.draw.next() * conditions.during('feed-delay'),
    );
    this.#arrivesAt = at;
    this.#clock.arrive(at - time.now, () => {
      if (!this.#gone()) deliver();
    });
  }

  break(reason: string): void {
    if (this.#broken) return;
    this.#clock.arrive(0, () => {
      this.#fail(unreachable(reason));
    });
  }

  silence(): void {
    this.#halfOpen = true;
  }

  close(): void {
    this.#broken = true;
    this.#waiting.clear();
  }

  #fail(error: Error): void {
    if (this.#broken) return;
    this.#broken = true;
    for (const reject of this.#waiting) reject(error);
    this.#waiting.clear();
    this.onBreak(error);
  }

  #gone(): boolean {
    return this.#broken || this.#halfOpen;
  }

  #delay(): number {
    return this.#wire.draw.at(this.#wire.time.now).long(0, this.#wire.wireMs);
  }
}

function unreachable(reason: string): TidemarkError {
  return new TidemarkError('POSTGRES_UNREACHABLE', reason);
}
