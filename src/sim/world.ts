import type { Config } from '../config/config.ts';
import type { Kinds } from '../config/kinds.ts';
import { silentLog, type Log } from '../runtime/log.ts';
import { SimulatedClock, SimulatedTime } from '../runtime/simulated-time.ts';
import { Checker } from './checker.ts';
import { Conditions } from './conditions.ts';
import { Database } from './database.ts';
import { Disk } from './disk.ts';
import type { Domain } from './domain.ts';
import { Draw } from './draw.ts';
import { Facts } from './facts.ts';
import { simulatedKinds } from './kinds.ts';
import { Ledger } from './ledger.ts';
import { Loader } from './loader.ts';
import type { Plan } from './plan.ts';
import { Process } from './process.ts';
import { Readers } from './readers.ts';
import type { Sabotage } from './sabotage.ts';
import type { Column, Story } from './story.ts';
import { Troubles } from './troubles.ts';
import type { Violation } from './violation.ts';
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
const WALL = Date.UTC(2026, 0, 1);
const INNER = 1;
const OUTER = 2;

/** Everything there is, wired. Read from top to bottom: time, the outside, the process, those who use it. */
export class World {
  readonly time = new SimulatedTime();
  readonly conditions = new Conditions(this.time);
  readonly readers: Readers;
  readonly ledger: Ledger;
  readonly facts: Facts;
  readonly #parts: WorldParts;
  readonly #database: Database;
  readonly #disk: Disk;
  readonly #inner: Checker;
  readonly #outer: Checker;
  readonly #writers: Writers;
  readonly #troubles: Troubles;
  readonly #wireDraw: Draw;
  readonly #layerDraw: Draw;
  #config: Config;
  readonly #otherConfig: Config | null;
  #process: Process | null = null;
  #lives = 0;
  #provenAt = -Infinity;
  violation: Violation | null = null;

  constructor(parts: WorldParts) {
    this.#parts = parts;
    const { plan, domain } = parts;
    const { time, conditions } = this;
    const { shape } = plan;
    const now = (): number => time.now;
    const violated = this.#violated;
    this.facts = new Facts(domain.facts);
    const commits = this.#draw('commits');
    this.#wireDraw = this.#draw('wire');
    this.#layerDraw = this.#draw('layer');
    this.#database = new Database({
      time,
      facts: this.facts,
      visibleAfter: () =>
        conditions.take('commit-invisible') ? commits.between(50, 5_000) : commits.long(0, shape.visibleMs) - 1,
    });
    this.#database.onVisible = (tx) => {
      this.#inner.becameVisible(tx);
      this.#outer.becameVisible(tx);
      this.#writers.wrote(tx);
    };
    this.#disk = new Disk({ conditions, draw: this.#draw('disk'), syncMs: shape.syncMs });
    this.ledger = new Ledger({ now, violated, tell: this.#teller('journal') });
    const checker = { facts: this.facts, database: this.#database, ledger: this.ledger.entries, now, violated };
    this.#inner = new Checker('L1', INNER, checker);
    this.#outer = new Checker('the outer layer', OUTER, checker);
    const nobody = new Process(new SimulatedClock({ time, wall: WALL, countsSleep: true }));
    const { config, other } = domain.configure(this.#kinds(nobody));
    this.#config = config;
    this.#otherConfig = other;
    this.readers = this.#makeReaders();
    this.#writers = this.#makeWriters();
    this.#troubles = new Troubles({
      time,
      conditions,
      draw: this.#draw('troubles'),
      database: this.#database,
      disk: this.#disk,
      process: () => this.#process,
      crash: (crashed, downMs) => {
        this.#crash(crashed, downMs);
      },
      reload: () => {
        this.#reload();
      },
    });
  }

  #makeReaders(): Readers {
    const { plan, domain } = this.#parts;
    const { time, conditions, facts } = this;
    const { loadMs } = plan.shape;
    return new Readers({
      domain,
      targets: plan.targets,
      namespaces: this.#config.namespaces,
      facts,
      inner: this.#inner,
      outer: this.#outer,
      loader: new Loader({ time, conditions, database: this.#database, draw: this.#draw('loads'), loadMs }),
      now: () => time.now,
      seed: plan.seed,
      sabotages: this.#parts.sabotages,
      violated: this.#violated,
      tell: this.#teller('readers'),
    });
  }

  #makeWriters(): Writers {
    const { plan, domain } = this.#parts;
    return new Writers({
      time: this.time,
      conditions: this.conditions,
      draw: this.#draw('webhooks'),
      domain,
      database: this.#database,
      readers: this.readers,
      wireMs: plan.shape.wireMs,
      process: () => this.#process,
      acknowledged: (id) => {
        this.ledger.acknowledgedEvent(id);
      },
      tell: this.#teller('source'),
    });
  }

  /** Runs the plan, heals everything, and demands that all is well again. */
  async run(): Promise<void> {
    const { plan } = this.#parts;
    this.#start();
    this.#look();
    for (const write of plan.writes) this.#at(write.at, () => this.#writers.write(write));
    const tell = this.#teller('trouble');
    for (const fault of plan.faults) {
      this.#at(fault.at, () => {
        tell?.(`${fault.kind}${fault.ms > 0 ? ` for ${fault.ms.toFixed(0)} ms` : ''}`);
        this.#troubles.begin(fault);
      });
    }
    const halted = (): boolean => this.violation !== null;
    await this.time.run(plan.shape.lengthMs, halted);
    if (halted()) return;
    tell?.('everything is healed');
    this.conditions.heal();
    const until = this.time.now + CALM_WITHIN_MS;
    const isOver = (): boolean => halted() || (this.#isCalm() && this.time.now > plan.shape.lengthMs + LOOK_EVERY_MS);
    await this.time.run(until, isOver);
    this.#atEnd();
    this.#leave();
  }

  get virtualMs(): number {
    return this.time.now;
  }

  #start(): void {
    const { sabotages, plan } = this.#parts;
    const { seed } = plan;
    const clock = new SimulatedClock({
      time: this.time,
      wall: WALL,
      countsSleep: !sabotages.has('sleep-uncounted'),
    });
    const process = new Process(clock);
    this.#process = process;
    const draw = new Draw(seed, `process ${++this.#lives}`);
    process.start({ config: this.#config, draw, log: this.#log(), kinds: this.#kinds(process) }).then(
      () => {
        if (clock.dead) return;
        this.#inner.follow(process.engine.memory.store);
        this.#outer.follow(process.outer);
        this.readers.start(process, plan.readers);
      },
      (error: unknown) => {
        this.#violated({ invariant: 'error', at: this.time.now, words: `does not start: ${String(error)}` });
      },
    );
  }

  #kinds(process: Process): Kinds {
    const { sabotages, plan } = this.#parts;
    const { shape } = plan;
    const { clock } = process;
    const { time, conditions } = this;
    return simulatedKinds({
      sabotages,
      journal: {
        clock,
        disk: this.#disk,
        hasty: sabotages.has('ack-before-durable'),
        durable: (entries, found) => {
          if (clock.dead) return;
          if (found) this.ledger.found(entries);
          else this.ledger.add(entries);
        },
        trimmed: (below) => {
          if (clock.dead) return;
          this.ledger.trimmed(below);
          if (this.#outer.watermark < below - 1) conditions.tally.hit('journal-trimmed');
        },
      },
      feed: {
        clock,
        database: this.#database,
        wire: { time, conditions, draw: this.#wireDraw, wireMs: shape.wireMs },
        sabotages,
        connected: (link) => {
          if (!clock.dead) process.link = link;
        },
        acknowledged: (upTo) => {
          this.ledger.acknowledgedPosition(upTo);
        },
      },
      outer: {
        clock,
        conditions,
        draw: this.#layerDraw,
        wireMs: shape.wireMs,
        sabotages,
        opened: (store) => {
          process.outer = store;
        },
      },
    });
  }

  #crash(process: Process, downMs: number): void {
    if (process !== this.#process) return;
    this.#teller('trouble')?.('crash');
    this.#leave();
    this.#disk.crash();
    this.time.after(downMs, () => {
      this.#start();
    });
  }

  /** The process of the moment ends; nothing that it knew is left but what is on the disk. */
  #leave(): void {
    const process = this.#process;
    if (!process) return;
    this.#inner.sync();
    this.#outer.sync();
    if (process.isUp) {
      const { maxEntries } = this.#parts.plan.shape;
      const { store } = process.engine.memory;
      if (store.size >= maxEntries) this.conditions.tally.hit('eviction-pressure');
      if (store.fence.floor > process.startedAt) this.conditions.tally.hit('tombstones-few');
    }
    process.kill();
    this.#process = null;
    this.#inner.follow(null);
    this.#outer.follow(null);
    this.#provenAt = -Infinity;
  }

  #reload(): void {
    const process = this.#process;
    if (!process?.isUp || process.clock.frozen || !this.#otherConfig) return;
    const next = process.engine.contracts === this.#otherConfig.contracts ? this.#config : this.#otherConfig;
    this.conditions.tally.hit('contract-reload');
    process.engine.adopt(next.contracts).catch(() => undefined);
  }

  /** What must hold at every moment, whether somebody reads or not. */
  #look(): void {
    const process = this.#process;
    if (process?.isUp) {
      this.#inner.sync();
      this.#outer.sync();
      if (this.#outer.watermark > this.#inner.watermark) {
        const words = `the outer layer is at ${this.#outer.watermark}, L1 at ${this.#inner.watermark}`;
        this.#violated({ invariant: 'I3', at: this.time.now, words });
      }
      const provenAt = process.engine.namespaces.provenAt('feed');
      if (provenAt > this.#provenAt && !process.clock.frozen) {
        this.#provenAt = provenAt;
        this.#inner.proven(process.clock.trueTime(provenAt), process.clock.lackMs);
      }
    }
    this.time.after(LOOK_EVERY_MS / 10, () => {
      this.#look();
    });
  }

  #isCalm(): boolean {
    const process = this.#process;
    if (!process?.isUp || process.clock.frozen) return false;
    const { journal, layers, namespaces } = process.engine;
    const now = process.clock.mono();
    return (
      layers.every(({ delivery }) => delivery.watermark === journal.head) &&
      now - namespaces.provenAt('feed') < 1_000 &&
      this.#database.seen.every(
        (tx) => tx.change.channel !== 'feed' || tx.lostIn < Infinity || (tx.passed & INNER) !== 0,
      ) &&
      this.#database.allVisible
    );
  }

  #atEnd(): void {
    if (this.violation) return;
    const process = this.#process;
    if (!process || !this.#isCalm()) {
      this.#violated({ invariant: 'liveness', at: this.time.now, words: `not well again: ${this.#ailment()}` });
      return;
    }
    const differing = this.readers.differing(process);
    if (differing) this.#violated({ invariant: 'liveness', at: this.time.now, words: differing });
  }

  #ailment(): string {
    const process = this.#process;
    if (!process?.isUp) return 'the process is not up';
    const { journal, layers, namespaces } = process.engine;
    const at = layers.map(({ layer, delivery }) => `${layer.name} at ${delivery.watermark}`).join(', ');
    const age = process.clock.mono() - namespaces.provenAt('feed');
    return `the journal is at ${journal.head}, ${at}, proven ${age.toFixed(0)} ms ago`;
  }

  #at(at: number, run: () => void): void {
    this.time.after(at - this.time.now, run);
  }

  #draw(name: string): Draw {
    return new Draw(this.#parts.plan.seed, name);
  }

  #teller(column: Column): ((words: string) => void) | null {
    const { story } = this.#parts;
    if (!story) return null;
    return (words) => {
      story.tell(this.time.now, column, words);
    };
  }

  #log(): Log {
    const tell = this.#teller('layers');
    if (!tell) return silentLog;
    const say = (_: object, message: string): void => {
      tell(message);
    };
    const log: Log = { debug: () => undefined, info: say, warn: say, error: say, child: () => log };
    return log;
  }

  readonly #violated = (violation: Violation): void => {
    this.violation ??= violation;
  };
}
