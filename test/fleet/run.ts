import { Draw } from '../../src/sim/draw.ts';
import { holds, mono, pause } from './clock.ts';
import { KEYS, load } from './database.ts';
import { drawn, type Fault } from './faults.ts';
import type { World } from './world.ts';

/** For everything to begin, and for whatever was hurt to be well again. A busy machine takes its time. */
const PATIENCE_MS = 60_000;
/** Without faults, to see how many reads are hits. */
const QUIET_MS = 5_000;
/** Longer than a write of an application may take. */
const STILL_MS = 5_000;
const BETWEEN_MS = [300, 2_500] as const;
/** Of so many, one comes with another one. */
const DOUBLE = 4;

/** Which of the faults happen, and in which order. */
export interface Plan {
  readonly seed: number;
  readonly faults: readonly Fault[];
}

export interface Happened {
  readonly name: string;
  /** From its beginning until every application had a proof of after that. */
  readonly provenAfterMs: number;
  /** Together with another one. */
  readonly double: boolean;
}

export interface Outcome {
  readonly faults: readonly Happened[];
  readonly hitRate: { readonly before: number; readonly under: number };
  /** Entries compared with the database when everything was still. */
  readonly compared: number;
  /** What was wrong beside stale reads. */
  readonly wrong: readonly string[];
}

/** Lets things happen for so long, then heals everything and compares. */
export class Run {
  readonly faults: Happened[] = [];
  readonly #world: World;
  readonly #draw: Draw;
  readonly #drawn: Generator<Fault, never>;
  readonly #wrong: string[] = [];
  last = 'nothing yet';

  constructor(world: World, plan: Plan) {
    this.#world = world;
    this.#draw = new Draw(plan.seed, 'faults');
    this.#drawn = drawn(plan.faults, this.#draw);
  }

  async go(forMs: number): Promise<Outcome> {
    const began = mono();
    await this.#proven('the fleet does not begin', began);
    await pause(QUIET_MS / 2);
    const before = await this.#hitRate(() => pause(QUIET_MS));
    const under = await this.#hitRate(() => this.#hurt(began + forMs));
    const compared = this.#wrong.length > 0 ? 0 : await this.#compare();
    for (const { fell } of this.#world.members) this.#wrong.push(...fell);
    return { faults: this.faults, hitRate: { before, under }, compared, wrong: this.#wrong };
  }

  async #hurt(until: number): Promise<void> {
    const draw = this.#draw;
    while (mono() < until && this.#wrong.length === 0) {
      const one = this.#drawn.next().value;
      const other = draw.below(DOUBLE) === 0 ? this.#drawn.next().value : null;
      await this.#happen(other && other.hurts !== one.hurts ? [one, other] : [one]);
      await pause(draw.between(...BETWEEN_MS));
    }
  }

  async #happen(faults: readonly Fault[]): Promise<void> {
    const names = faults.map(({ name }) => name).join(' and ');
    this.last = names;
    const began = mono();
    let provenAfterMs = Infinity;
    const proven = holds(() => this.#world.provenSince(began), PATIENCE_MS).then(
      () => (provenAfterMs = mono() - began),
    );
    await Promise.all(faults.map((fault) => fault.run(this.#world, this.#draw)));
    await proven;
    await this.#proven(`no proof came after ${names}`, mono());
    for (const { name } of faults) this.faults.push({ name, provenAfterMs, double: faults.length > 1 });
  }

  async #proven(words: string, since: number): Promise<void> {
    if (!(await holds(() => this.#world.provenSince(since), PATIENCE_MS))) {
      const late = this.#world.seats
        .filter(({ provenAt }) => (provenAt ?? 0) <= since)
        .map(({ member }) => member.name);
      this.#wrong.push(`${words}, within ${PATIENCE_MS / 1_000} s: ${late.join(', ')}`);
    }
  }

  async #hitRate(during: () => Promise<void>): Promise<number> {
    const { hits, loads } = this.#world.judge;
    await during();
    const [more, loaded] = [this.#world.judge.hits - hits, this.#world.judge.loads - loads];
    return more / (more + loaded);
  }

  /** Once nothing is written any more, what would be served must be what there is. */
  async #compare(): Promise<number> {
    const { database, seats } = this.#world;
    for (const seat of seats) seat.order({ order: 'write no more' });
    await database.still();
    // What a process was about to write when it was told.
    await pause(STILL_MS);
    await this.#proven('no proof came at the end', mono());
    const truth = await Promise.all(KEYS.map((key) => load(database.pool, key)));
    let compared = 0;
    for (const seat of seats) {
      const { resident } = await seat.resident();
      compared += resident.length;
      for (const [key, n] of resident)
        if (n !== truth[key])
          this.#wrong.push(`at the end ${seat.member.name} has ${KEYS[key]} as ${n}; it is ${truth[key]}`);
    }
    return compared;
  }
}
