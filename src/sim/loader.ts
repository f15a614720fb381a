import type { SimulatedTime } from '../runtime/simulated-time.ts';
import type { Conditions } from './conditions.ts';
import type { Database } from './database.ts';
import type { Fact } from './domain.ts';
import type { Draw } from './draw.ts';
import type { Caching } from './caching.ts';

export interface LoaderParts {
  readonly time: SimulatedTime;
  readonly conditions: Conditions;
  readonly database: Database;
  readonly draw: Draw;
  readonly loadMs: number;
}

/** What a cached value is: a version of a fact, and the load that it came from, in one number. */
function valueOf(fact: Fact, version: number, load: number): number {
  return (load * VERSIONS_MAX + version) * FACTS_MAX + fact;
}

export function versionOf(value: number): number {
  return Math.floor(value / FACTS_MAX) % VERSIONS_MAX;
}

export function factOf(value: number): Fact {
  return value % FACTS_MAX;
}

const FACTS_MAX = 65_536;
const VERSIONS_MAX = 65_536;

/** Reads of the database by the application: at some moment between their beginning and their end. */
export class Loader {
  readonly #parts: LoaderParts;
  /** When each load has read, in true time. */
  readonly #readAt: number[] = [];

  constructor(parts: LoaderParts) {
    this.#parts = parts;
  }

  /** How old the load is that a value came from. */
  ageOf(value: number): number {
    return this.#parts.time.now - (this.#readAt[Math.floor(value / FACTS_MAX / VERSIONS_MAX)] ?? 0);
  }

  load(process: Caching, fact: Fact): Promise<number> {
    const { time, conditions, draw, database } = this.#parts;
    draw.at(time.now + fact);
    if (conditions.take('load-hung')) return new Promise(() => undefined);
    return new Promise((resolve, reject) => {
      const back = draw.chance(0.3) ? 0 : this.#delay();
      time.after(draw.chance(0.3) ? 0 : this.#delay(), () => {
        const failed = database.isDown || conditions.during('load-failure') > 0;
        const value = valueOf(fact, database.facts.newest(fact), this.#readAt.push(time.now) - 1);
        process.clock.arrive(back, () => {
          if (failed) reject(new Error('the database does not answer'));
          else resolve(value);
        });
      });
    });
  }

  #delay(): number {
    const { draw, conditions, loadMs } = this.#parts;
    return draw.long(0, loadMs) + draw.next() * conditions.during('load-slow');
  }
}
