import type { Config } from '../config/config.ts';
import { silentLog, type Log } from '../runtime/log.ts';
import { createMetrics } from '../runtime/metrics.ts';
import { SimulatedClock, SimulatedTime } from '../runtime/simulated-time.ts';
import { Conditions } from './conditions.ts';
import { Daemon } from './daemon.ts';
import { kindsOf, type OwnParts } from './daemon-kinds.ts';
import { Database } from './database.ts';
import { Disk } from './disk.ts';
import type { Domain } from './domain.ts';
import { Draw } from './draw.ts';
import { Facts } from './facts.ts';
import { FedProcess } from './fed-process.ts';
import { Ledger } from './ledger.ts';
import { Loader } from './loader.ts';
import { Operator, type Serving } from './operator.ts';
import type { Plan, Reader } from './plan.ts';
import { Process } from './process.ts';
import type { ReadCounts } from './readers.ts';
import type { Sabotage } from './sabotage.ts';
import { SharedJournal } from './shared-journal.ts';
import { COPY_EVERY_MS, SharedServer } from './shared-server.ts';
import type { Column, Story } from './story.ts';
import { WALL, type Surroundings } from './surroundings.ts';
import { noReads } from './totals.ts';
import { Troubles } from './troubles.ts';
import type { Violation } from './violation.ts';
import { WORLDS, type WorldShape } from './worlds.ts';
import { Writers } from './writers.ts';

export interface WorldParts {
  readonly plan: Plan;
  readonly domain: Domain;
  readonly sabotages: ReadonlySet<Sabotage>;
  readonly story: Story | null;
}

/** When everything is healed, this long is enough for everything to be well again. */
const CALM_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 250;
/** Ten times what the longest worlds take: one that takes more runs in a circle. */
const STEPS_MAX = 20_000_000;
/** What a lie about the clock of another relay is off by. */
const WRONG_CLOCK_MS = 5_000;

/** Everything there is, wired. Read from top to bottom: time, the outside, the processes, those who use them. */
export class World {
  readonly time = new SimulatedTime();
  readonly conditions = new Conditions(this.time);
  readonly ledger: Ledger;
  readonly facts: Facts;
  readonly #parts: WorldParts;
  readonly #shape: WorldShape;
  readonly #database: Database;
  readonly #server: SharedServer | null;
  readonly #daemons: readonly Daemon[];
  readonly #fed: readonly FedProcess[];
  readonly #writers: Writers;
  /** Where several processes serve. */
  readonly #operator: Operator | null;
  readonly #troubles: Troubles;
  #config: Config;
  readonly #otherConfig: Config | null;
  violation: Violation | null = null;

  constructor(parts: WorldParts) {
    this.#parts = parts;
    const { plan, domain, sabotages } = parts;
    const { time, conditions } = this;
    const { shape } = plan;
    this.#shape = WORLDS[plan.world];
    const now = (): number => time.now;
    const violated = this.#violated;
    this.facts = new Facts(domain.facts);
    const commits = this.#draw('commits');
    this.#database = new Database({
      time,
      facts: this.facts,
      visibleAfter: () =>
        conditions.take('commit-invisible') ? commits.between(50, 5_000) : commits.long(0, shape.visibleMs) - 1,
    });
    const disk = new Disk({ conditions, draw: this.#draw('disk'), syncMs: shape.syncMs });
    this.ledger = new Ledger({ now, violated, tell: this.#teller('journal') });
    this.#server = this.#shape.isShared
      ? new SharedServer(now, {
          unfenced: sabotages.has('shared-unfenced'),
          blind: sabotages.has('marks-unwatched'),
        })
      : null;
    const surroundings = this.#surroundings(disk);
    const clock = new SimulatedClock({ time, wall: WALL, countsSleep: true });
    const { config, other } = domain.configure(
      kindsOf(surroundings, new Process(clock), nobodys(this.#draw('nobody'))),
    );
    this.#config = config;
    this.#otherConfig = other;
    const { daemons, fed } = this.#populate(surroundings);
    this.#daemons = daemons;
    this.#fed = fed;
    this.#writers = this.#makeWriters();
    this.#operator = daemons.length + fed.length > 1 ? this.#makeOperator() : null;
    this.#database.onVisible = (tx) => {
      for (const one of [...this.#daemons, ...this.#fed]) one.becameVisible(tx);
      this.#writers.wrote(tx);
      this.#operator?.wrote(tx);
    };
    this.#troubles = new Troubles({
      time,
      conditions,
      draw: this.#draw('troubles'),
      database: this.#database,
      disk,
      fleet: { daemons: this.#daemons, fed: this.#fed, server: this.#server },
      reload: () => {
        this.#reload();
      },
    });
  }

  #surroundings(disk: Disk): Surroundings {
    const { time, conditions, facts, ledger } = this;
    const { loadMs } = this.#parts.plan.shape;
    const database = this.#database;
    return {
      ...this.#parts,
      time,
      conditions,
      database,
      disk,
      facts,
      ledger,
      loader: new Loader({ time, conditions, database, draw: this.#draw('loads'), loadMs }),
      server: this.#server,
      journal: this.#shape.daemons > 1 ? this.#journal() : null,
      config: () => this.#config,
      violated: this.#violated,
      teller: this.#teller,
      draw: this.#draw,
      log: this.#log,
    };
  }

  #populate(surroundings: Surroundings): { readonly daemons: readonly Daemon[]; readonly fed: readonly FedProcess[] } {
    const { plan } = this.#parts;
    const { daemons, fed } = this.#shape;
    const readersOf = (index: number): readonly Reader[] => shareOf(plan.readers, index, daemons + fed);
    const fedBy = (index: number): Process | null => this.#reachable(index + Math.floor(this.time.now));
    return {
      daemons: Array.from({ length: daemons }, (_, index) => {
        return new Daemon({ ...surroundings, index, plannedReaders: readersOf(index) });
      }),
      fed: Array.from({ length: fed }, (_, index) => {
        const plannedReaders = readersOf(daemons + index);
        return new FedProcess({ ...surroundings, index, plannedReaders, daemon: () => fedBy(index) });
      }),
    };
  }

  #makeWriters(): Writers {
    const { plan, domain } = this.#parts;
    return new Writers({
      time: this.time,
      conditions: this.conditions,
      draw: this.#draw('webhooks'),
      domain,
      database: this.#database,
      sessions: () => this.#serving().map(({ readers, caching }) => [readers, caching]),
      wireMs: plan.shape.wireMs,
      process: (turn) => (this.#daemons.length === 1 ? (this.#daemons[0]?.process ?? null) : this.#reachable(turn)),
      acknowledged: (id) => {
        this.ledger.acknowledgedEvent(id);
      },
      tell: this.#teller('source'),
    });
  }

  #makeOperator(): Operator {
    return new Operator({
      domain: this.#parts.domain,
      conditions: this.conditions,
      process: (turn) => this.#reachable(turn),
      serving: () => this.#serving(),
      tell: this.#teller('source'),
    });
  }

  #journal(): SharedJournal {
    const { sabotages, plan } = this.#parts;
    const { time, conditions, ledger } = this;
    const { wireMs, syncMs } = plan.shape;
    const words = this.#draw('words');
    const clock = new SimulatedClock({ time, wall: WALL, countsSleep: true });
    const runtime = { clock, random: this.#draw('journal'), log: silentLog, metrics: createMetrics() };
    const journal: SharedJournal = new SharedJournal(runtime, {
      underWay: () =>
        conditions.take('word-lost') ? null : words.long(0, wireMs) + words.next() * conditions.during('word-late'),
      storeMs: () => words.long(0, wireMs + syncMs),
      appended: (entries, by) => {
        ledger.add(entries);
        const [first] = entries;
        const owner = first && first.position !== null ? journal.leases.get(`source:${first.source}`)?.owner : null;
        if (!owner || owner.relay === by) return;
        const word = `offset ${first?.offset} of ${first?.source} is by ${by}, which ${owner.relay} owns`;
        this.#violated({ invariant: 'I21', at: time.now, words: word });
      },
      trimmed: (first) => {
        ledger.trimmed(first);
        if (this.#daemons.some(({ outer }) => outer.watermark < first - 1)) conditions.tally.hit('journal-trimmed');
      },
      takesAll: sabotages.has('deposed-accepted'),
      clockLieMs: sabotages.has('proof-wrong-clock') ? WRONG_CLOCK_MS : 0,
    });
    return journal;
  }

  /** Runs the plan, heals everything, and demands that all is well again. */
  async run(): Promise<void> {
    const { plan } = this.#parts;
    for (const one of [...this.#daemons, ...this.#fed]) one.start();
    this.#look();
    this.#copyServer();
    for (const write of plan.writes) this.#at(write.at, () => this.#writers.write(write));
    const tell = this.#teller('trouble');
    for (const fault of plan.faults) {
      this.#at(fault.at, () => {
        tell?.(`${fault.kind}${fault.ms > 0 ? ` for ${fault.ms.toFixed(0)} ms` : ''}`);
        this.#troubles.begin(fault);
      });
    }
    const halted = (): boolean => this.violation !== null || this.#isEndless();
    await this.time.run(plan.shape.lengthMs, halted);
    if (halted()) return;
    tell?.('everything is healed');
    this.conditions.heal();
    const until = this.time.now + CALM_WITHIN_MS;
    const isOver = (): boolean => halted() || (this.#isCalm() && this.time.now > plan.shape.lengthMs + LOOK_EVERY_MS);
    await this.time.run(until, isOver);
    this.#atEnd();
    for (const one of [...this.#daemons, ...this.#fed]) one.leave();
  }

  get virtualMs(): number {
    return this.time.now;
  }

  /** Reads that were answered and checked, in all processes. */
  get reads(): ReadCounts {
    const sum = noReads();
    for (const { readers } of [...this.#daemons, ...this.#fed])
      for (const way of Object.keys(sum) as (keyof ReadCounts)[]) sum[way] += readers.counts[way];
    return sum;
  }

  #isEndless(): boolean {
    if (this.time.steps <= STEPS_MAX) return false;
    const words = `${this.time.steps} timers have run by ${this.time.now.toFixed(1)} ms: something runs in a circle`;
    this.#violated({ invariant: 'liveness', at: this.time.now, words });
    return true;
  }

  #serving(): readonly Serving[] {
    return [
      ...this.#daemons.flatMap(({ readers, process }) =>
        process?.isUp ? [{ name: process.engine.journal.relays?.self ?? 'daemon', readers, caching: process }] : [],
      ),
      ...this.#fed.flatMap(({ name, readers, reading }) => (reading ? [{ name, readers, caching: reading }] : [])),
    ].filter(({ caching }) => !caching.clock.frozen);
  }

  #reachable(turn: number): Process | null {
    const up = this.#daemons.flatMap((daemon) => daemon.reachable ?? []);
    return up[turn % Math.max(1, up.length)] ?? null;
  }

  #reload(): void {
    // Of several relays one that plans with other contracts makes the others stand by until they have them as well.
    const [only, ...more] = this.#daemons;
    const contracts = only?.process?.isUp ? only.process.engine.contracts : null;
    if (!only || !contracts || more.length > 0 || !this.#otherConfig) return;
    const next = contracts === this.#otherConfig.contracts ? this.#config : this.#otherConfig;
    if (only.adopt(next)) this.conditions.tally.hit('contract-reload');
  }

  #look(): void {
    for (const one of [...this.#daemons, ...this.#fed]) one.look();
    this.time.after(LOOK_EVERY_MS / 10, () => {
      this.#look();
    });
  }

  #copyServer(): void {
    const server = this.#server;
    if (!server) return;
    server.copy();
    this.time.after(COPY_EVERY_MS, () => {
      this.#copyServer();
    });
  }

  #isCalm(): boolean {
    return (
      this.#database.allVisible &&
      [...this.#daemons, ...this.#fed].every(
        (one) =>
          one.ailment === null &&
          this.#database.seen.every(
            (tx) => tx.change.channel !== 'feed' || tx.lostIn < Infinity || one.inner.hasPassed(tx),
          ),
      )
    );
  }

  #atEnd(): void {
    if (this.violation) return;
    if (!this.#isCalm()) {
      const ailments = [...this.#daemons, ...this.#fed].flatMap(({ ailment }) => ailment ?? []);
      this.#violated({ invariant: 'liveness', at: this.time.now, words: `not well again: ${ailments.join('; ')}` });
      return;
    }
    const differing = [
      ...this.#daemons.map(({ readers, process }) => process && readers.differing(process)),
      ...this.#fed.map((one) => one.differing()),
    ].find((words) => words !== null);
    if (differing) this.#violated({ invariant: 'liveness', at: this.time.now, words: differing });
  }

  #at(at: number, run: () => void): void {
    this.time.after(at - this.time.now, run);
  }

  readonly #draw = (name: string): Draw => new Draw(this.#parts.plan.seed, name);

  readonly #teller = (column: Column): ((words: string) => void) | null => {
    const { story } = this.#parts;
    if (!story) return null;
    return (words) => {
      story.tell(this.time.now, column, words);
    };
  };

  readonly #log = (): Log => {
    const tell = this.#teller('layers');
    if (!tell) return silentLog;
    const say = (_: object, message: string): void => {
      tell(message);
    };
    const log: Log = { debug: () => undefined, info: say, warn: say, error: say, child: () => log };
    return log;
  };

  readonly #violated = (violation: Violation): void => {
    this.violation ??= violation;
  };
}

/** Each process has its own, and at least one. */
function shareOf(readers: readonly Reader[], index: number, count: number): readonly Reader[] {
  const own = readers.filter((_, i) => i % count === index);
  return own.length > 0 || readers.length === 0 ? own : readers.slice(index % readers.length).slice(0, 1);
}

/** Of the process that only its configuration is read for. */
function nobodys(draw: Draw): OwnParts {
  const ignore = (): void => undefined;
  return { wireDraw: draw, layerDraw: draw, sharedDraw: draw, opening: ignore, linked: ignore, trimmed: ignore };
}
