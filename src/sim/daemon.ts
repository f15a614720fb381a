import type { Config } from '../config/config.ts';
import type { Kinds } from '../config/kinds.ts';
import { SimulatedClock, type Freeze } from '../runtime/simulated-time.ts';
import { Checker, type CheckerParts } from './checker.ts';
import type { Tx } from './database.ts';
import type { Draw } from './draw.ts';
import { FEED } from './feed-source.ts';
import { kindsOf } from './daemon-kinds.ts';
import type { Reader } from './plan.ts';
import { Process } from './process.ts';
import { Readers } from './readers.ts';
import type { SharedOpening } from './shared-journal.ts';
import type { SharedLink } from './shared-link.ts';
import { WALL, type Surroundings } from './surroundings.ts';

export interface DaemonParts extends Surroundings {
  /** The first has the names that it has in a world of one. */
  readonly index: number;
  readonly plannedReaders: readonly Reader[];
}

/** A place where one process of Tidemark after the other runs. */
export class Daemon {
  readonly inner: Checker;
  readonly outer: Checker;
  readonly readers: Readers;
  readonly #parts: DaemonParts;
  readonly #wireDraw: Draw;
  readonly #layerDraw: Draw;
  readonly #sharedDraw: Draw;
  #process: Process | null = null;
  #opening: SharedOpening | null = null;
  #links: SharedLink[] = [];
  /** What keeps the journal out of reach. */
  #holds = 0;
  #lives = 0;
  #provenAt = -Infinity;

  constructor(parts: DaemonParts) {
    this.#parts = parts;
    this.#wireDraw = this.#draw('wire');
    this.#layerDraw = this.#draw('layer');
    this.#sharedDraw = this.#draw('shared');
    const { facts, database, ledger, time, violated } = parts;
    const checker: CheckerParts = { facts, database, ledger: ledger.entries, now: () => time.now, violated };
    this.inner = new Checker(this.#named('L1'), checker);
    this.outer = new Checker(this.#named('the outer layer'), checker);
    this.readers = new Readers({
      ...parts,
      targets: parts.plan.targets,
      namespaces: parts.config().namespaces,
      inner: this.inner,
      outer: this.outer,
      now: () => time.now,
      label: this.#named('reader'),
      seed: parts.plan.seed,
      tell: parts.teller('readers'),
    });
  }

  /** The process of the moment; `null` while there is none. */
  get process(): Process | null {
    return this.#process;
  }

  /** Up, and neither standing still nor cut off. */
  get reachable(): Process | null {
    const process = this.#process;
    return process?.isUp && !process.clock.frozen && this.#holds === 0 ? process : null;
  }

  get links(): readonly SharedLink[] {
    return this.#links;
  }

  start(): void {
    const { sabotages, time, violated, log } = this.#parts;
    const clock = new SimulatedClock({ time, wall: WALL, countsSleep: !sabotages.has('sleep-uncounted') });
    const process = new Process(clock);
    this.#process = process;
    this.#holds = 0;
    const draw = this.#draw(`process ${++this.#lives}`);
    process.start({ config: this.#parts.config(), draw, log: log(), kinds: this.#kinds(process) }).then(
      () => {
        if (clock.dead) return;
        this.inner.follow(process.engine.memory.store);
        this.outer.follow(process.outer);
        this.readers.start(process, this.#parts.plannedReaders);
      },
      (error: unknown) => {
        if (!clock.dead) violated({ invariant: 'error', at: time.now, words: `does not start: ${String(error)}` });
      },
    );
  }

  crash(process: Process, downMs: number): void {
    if (process !== this.#process) return;
    this.#parts.teller('trouble')?.(this.#named('crash'));
    this.leave();
    this.#parts.disk.crash();
    this.#parts.time.after(downMs, () => {
      this.start();
    });
  }

  /** The process stands still, and nothing comes to it or from it. */
  freeze(ms: number, how: Freeze): void {
    const { journal, conditions } = this.#parts;
    const owned = journal?.leases.get(`source:${FEED}`)?.owner;
    const self = this.#opening?.self;
    this.#process?.clock.freeze(ms, how);
    this.cut(ms, () => {
      const owner = journal?.leases.get(`source:${FEED}`)?.owner;
      if (owned?.relay === self && owner?.term !== owned?.term) conditions.tally.hit('owner-late');
    });
  }

  /** Nothing comes from the journal or gets to it for so long. */
  cut(ms: number, mended: () => void = () => undefined): void {
    const opening = this.#opening;
    if (!opening) return;
    this.#holds++;
    opening.cut();
    this.#parts.time.after(ms, () => {
      if (opening !== this.#opening || --this.#holds > 0) return;
      mended();
      opening.mend();
    });
  }

  /** The process of the moment ends; nothing that it knew is left but what is on the disk. */
  leave(): void {
    const process = this.#process;
    if (!process) return;
    this.inner.sync();
    this.outer.sync();
    const { conditions, plan } = this.#parts;
    if (process.isUp) {
      const { store } = process.engine.memory;
      if (store.size >= plan.shape.maxEntries) conditions.tally.hit('eviction-pressure');
      if (store.fence.floor > process.startedAt) conditions.tally.hit('tombstones-few');
    }
    process.kill();
    this.#opening?.kill();
    this.#opening = null;
    this.#links = [];
    this.#process = null;
    this.inner.follow(null);
    this.outer.follow(null);
    this.#provenAt = -Infinity;
  }

  becameVisible(tx: Tx): void {
    this.inner.becameVisible(tx);
    this.outer.becameVisible(tx);
  }

  /** What must hold at every moment, whether somebody reads or not. */
  look(): void {
    const process = this.#process;
    if (!process?.isUp) return;
    this.inner.sync();
    this.outer.sync();
    if (this.outer.watermark > this.inner.watermark) {
      const words = `${this.#named('the outer layer')} is at ${this.outer.watermark}, L1 at ${this.inner.watermark}`;
      this.#parts.violated({ invariant: 'I3', at: this.#parts.time.now, words });
    }
    const provenAt = process.engine.namespaces.provenAt(FEED);
    if (provenAt > this.#provenAt && !process.clock.frozen) {
      this.#provenAt = provenAt;
      this.inner.proven(process.clock.trueTime(provenAt), process.clock.lackMs);
    }
  }

  /** What is not well with it; `null`: nothing. */
  get ailment(): string | null {
    const process = this.#process;
    if (!process?.isUp) return this.#named('the process is not up');
    if (process.clock.frozen) return this.#named('the process stands still');
    const { journal, layers, namespaces, settlement } = process.engine;
    const age = process.clock.mono() - namespaces.provenAt(FEED);
    const isBehind = layers.some(({ layer }) => settlement.watermark(layer.name) !== journal.head);
    if (!isBehind && age < 1_000 && journal.head === this.#parts.ledger.entries.length) return null;
    const at = layers.map(({ layer }) => `${layer.name} at ${settlement.watermark(layer.name)}`).join(', ');
    return `${this.#named('the journal')} is at ${journal.head}, ${at}, proven ${age.toFixed(0)} ms ago`;
  }

  adopt(config: Config): boolean {
    const process = this.#process;
    if (!process?.isUp || process.clock.frozen) return false;
    process.engine.adopt(config.contracts).catch(() => undefined);
    return true;
  }

  #kinds(process: Process): Kinds {
    return kindsOf(this.#parts, process, {
      wireDraw: this.#wireDraw,
      layerDraw: this.#layerDraw,
      sharedDraw: this.#sharedDraw,
      opening: (opening) => {
        this.#opening = opening;
      },
      linked: (link) => {
        if (!process.clock.dead) this.#links.push(link);
      },
      trimmed: (below) => {
        if (this.outer.watermark < below - 1) this.#parts.conditions.tally.hit('journal-trimmed');
      },
    });
  }

  #named(what: string): string {
    return this.#parts.index === 0 ? what : `${what} of relay ${this.#parts.index + 1}`;
  }

  #draw(name: string): Draw {
    return this.#parts.draw(this.#named(name));
  }
}
