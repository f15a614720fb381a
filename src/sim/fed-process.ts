import { setMaxListeners } from 'node:events';
import type { Cache } from '../client/cache.ts';
import { Connection } from '../remote/connection.ts';
import { FeedLoop } from '../remote/feed-loop.ts';
import type { Follower } from '../remote/follower.ts';
import { SimulatedClock, type Freeze } from '../runtime/simulated-time.ts';
import type { Caching } from './caching.ts';
import { Checker, type Followed } from './checker.ts';
import type { Tx } from './database.ts';
import { FedTransport } from './fed-transport.ts';
import { FEED } from './feed-source.ts';
import type { Reader } from './plan.ts';
import type { Process } from './process.ts';
import { Readers } from './readers.ts';
import { WALL, type Surroundings } from './surroundings.ts';

export interface FedProcessParts extends Surroundings {
  readonly index: number;
  readonly plannedReaders: readonly Reader[];
  readonly daemon: () => Process | null;
}

/** One life of it. */
interface Life extends Caching {
  readonly transport: FedTransport;
  readonly closing: AbortController;
  follower: Follower | null;
}

/** A place where one process after the other is fed by whichever daemon it reaches. */
export class FedProcess {
  readonly inner: Checker;
  readonly readers: Readers;
  readonly #parts: FedProcessParts;
  #life: Life | null = null;
  #lives = 0;
  #provenAt = -Infinity;

  constructor(parts: FedProcessParts) {
    this.#parts = parts;
    const { facts, database, ledger, time, violated } = parts;
    const checker = { facts, database, ledger: ledger.entries, now: () => time.now, violated };
    this.inner = new Checker(this.#named('L1'), checker);
    this.readers = new Readers({
      ...parts,
      targets: parts.plan.targets,
      namespaces: parts.config().namespaces,
      inner: this.inner,
      outer: null,
      now: () => time.now,
      label: this.#named('reader'),
      seed: parts.plan.seed,
      tell: parts.teller('readers'),
    });
  }

  /** As it names itself. */
  get name(): string {
    return `fed-${this.#parts.index + 1}`;
  }

  /** What reads there now; `null`: nothing does. */
  get reading(): Caching | null {
    return this.#life?.follower && !this.#life.clock.frozen ? this.#life : null;
  }

  get transport(): FedTransport | null {
    return this.#life?.transport ?? null;
  }

  start(): void {
    const { time, conditions, sabotages, plan, draw, log, daemon } = this.#parts;
    const clock = new SimulatedClock({ time, wall: WALL, countsSleep: !sabotages.has('sleep-uncounted') });
    const wire = draw(this.#named(`wire ${++this.#lives}`));
    const { wireMs, maxEntries, tombstonesMax } = plan.shape;
    const transport = new FedTransport({ time, conditions, sabotages, clock, draw: wire, wireMs, daemon });
    const closing = new AbortController();
    // As where a connection is made: every load under way listens to it.
    setMaxListeners(0, closing.signal);
    const runtime = { clock, random: draw(this.#named(`process ${this.#lives}`)), log: log() };
    const feed = new FeedLoop(transport, runtime, {
      name: this.name,
      limits: { maxEntries, tombstonesMax },
      signal: closing.signal,
    });
    let connection: Connection | null = null;
    const cache = (namespace: string): Cache<number> => {
      if (!connection) throw new Error('it has not begun');
      return connection.cache<number>(namespace);
    };
    const life: Life = { clock, outer: null, cache, transport, closing, follower: null };
    this.#life = life;
    void feed.begun.then((follower) => {
      if (clock.dead) return;
      connection = new Connection(follower, { feed, transport, runtime, closing });
      life.follower = follower;
      this.inner.begin(followed(follower));
      this.readers.start(life, this.#parts.plannedReaders);
    });
  }

  kill(downMs: number): void {
    this.#parts.teller('trouble')?.(this.#named('kill'));
    this.leave();
    this.#parts.time.after(downMs, () => {
      this.start();
    });
  }

  freeze(ms: number, how: Freeze): boolean {
    const clock = this.#life?.clock;
    if (!clock || clock.frozen) return false;
    clock.freeze(ms, how);
    return true;
  }

  leave(): void {
    const life = this.#life;
    if (!life) return;
    life.clock.kill();
    life.transport.cut();
    this.#life = null;
    this.inner.follow(null);
    this.#provenAt = -Infinity;
  }

  becameVisible(tx: Tx): void {
    this.inner.becameVisible(tx);
  }

  look(): void {
    const { follower, clock } = this.#life ?? {};
    if (!follower || !clock || clock.frozen) return;
    this.inner.sync();
    const provenAt = follower.namespaces.provenAt(FEED);
    if (provenAt <= this.#provenAt) return;
    this.#provenAt = provenAt;
    this.inner.proven(clock.trueTime(provenAt), clock.lackMs);
  }

  get ailment(): string | null {
    const { follower, clock } = this.#life ?? {};
    if (!follower || !clock) return this.#named('not fed');
    if (clock.frozen) return this.#named('standing still');
    const { watermark } = followed(follower);
    const age = clock.mono() - follower.namespaces.provenAt(FEED);
    const head = this.#parts.ledger.entries.length;
    if (watermark === head && age < 1_000) return null;
    return `${this.#named('at')} ${watermark} of ${head}, proven ${age.toFixed(0)} ms ago`;
  }

  differing(): string | null {
    const words = this.#life?.follower ? this.readers.differing(this.#life) : null;
    return words && `${words}, ${this.#named('in')}`;
  }

  #named(what: string): string {
    return `${what} fed process ${this.#parts.index + 1}`;
  }
}

/** In offsets of the journal, whatever the process calls them. */
function followed(follower: Follower): Followed {
  return {
    get watermark() {
      return (follower.store.watermark - follower.shift) as Followed['watermark'];
    },
    get losses() {
      return follower.losses;
    },
  };
}
