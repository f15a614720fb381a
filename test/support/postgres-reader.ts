import type { Batch, ChangeEvent } from '../../src/model/event.ts';
import type { Mono, Resume } from '../../src/model/position.ts';
import { TidemarkError } from '../../src/errors.ts';
import { realRuntime } from '../../src/runtime/real.ts';
import { postgres } from '../../src/sources/postgres/index.ts';
import type { Source, SourceItem, SourceReport } from '../../src/sources/source.ts';
import type { PostgresServer } from './postgres.ts';

type Gap = Extract<SourceItem, { kind: 'gap' }>;

export interface ReaderOptions {
  /** Options of the source, beside its url. Default: `tables: { 'public.products': 'product' }`. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Where a journal would say to go on. */
  readonly after?: Resume | null;
  readonly columns?: Readonly<Record<string, readonly string[]>>;
  /** Acknowledge every commit at once, as a journal that has it on disk. Default true. */
  readonly ack?: boolean;
  /** Open again after an error, as the supervisor does. Default true. */
  readonly reopen?: boolean;
}

/** Longest wait for anything, on a machine that does other things as well. */
const PATIENCE_MS = 30_000;

/** A PostgreSQL source and what it has brought; plays supervisor and journal. */
export class PostgresReader {
  readonly batches: Batch[] = [];
  readonly proofs: Mono[] = [];
  readonly gaps: Gap[] = [];
  readonly horizons: string[] = [];
  readonly errors: TidemarkError[] = [];
  /** What a journal would answer to `resumeAt`. */
  resume: Resume | null;
  /** Called for every item before it counts, to hold the consumer up. */
  slow: ((item: SourceItem) => Promise<void>) | null = null;
  readonly runtime = realRuntime();
  readonly #source: Source;
  readonly #abort = new AbortController();
  readonly #options: ReaderOptions;
  readonly #waiting = new Set<() => void>();
  #running: Promise<void> = Promise.resolve();

  private constructor(source: Source, options: ReaderOptions) {
    this.#source = source;
    this.#options = options;
    this.resume = options.after ?? null;
  }

  static async start(server: PostgresServer, options: ReaderOptions = {}): Promise<PostgresReader> {
    const parsed = postgres.options.parse({
      url: server.url,
      tables: { 'public.products': 'product' },
      heartbeat: 50,
      ...options.options,
    });
    const columns = new Map(Object.entries(options.columns ?? {}).map(([entity, names]) => [entity, new Set(names)]));
    const runtime = realRuntime();
    const source = await postgres.open!({ name: 'shop-db', runtime, columns, baseDir: '.' }, parsed);
    const reader = new PostgresReader(source, options);
    reader.#running = reader.#run();
    return reader;
  }

  get events(): ChangeEvent[] {
    return this.batches.flatMap((batch) => batch.events);
  }

  get types(): string[] {
    return this.events.map((event) => event.type);
  }

  get report(): SourceReport {
    return this.#source.report();
  }

  async ack(batch: Batch): Promise<void> {
    if (batch.position !== null) await this.#source.ack(batch.position);
  }

  /** Waits until it holds, looking after each item and each error. */
  async until(what: string, holds: () => boolean, patienceMs = PATIENCE_MS): Promise<void> {
    const from = performance.now();
    while (!holds()) {
      const left = patienceMs - (performance.now() - from);
      if (left <= 0) throw new Error(`${what} did not happen; ${this.#story()}`);
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          this.#waiting.delete(done);
          resolve();
        };
        const timer = setTimeout(done, Math.min(left, 250));
        this.#waiting.add(done);
      });
    }
  }

  /** Waits for a proof that everything committed by now has come. */
  async caughtUp(): Promise<void> {
    const now = performance.now();
    await this.until('a proof', () => (this.proofs.at(-1) ?? -1) >= now);
  }

  /** Waits for the next item of the given kind after now. */
  async nextGap(): Promise<Gap> {
    const count = this.gaps.length;
    await this.until('a gap', () => this.gaps.length > count);
    return this.gaps[count]!;
  }

  /** Ends it; what a journal would go on with is in `resume`. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
    await this.#source.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        for await (const item of this.#source.open(this.resume, signal)) {
          await this.slow?.(item);
          if (signal.aborted) break;
          await this.#take(item);
        }
      } catch (error) {
        if (!(error instanceof TidemarkError)) throw error;
        this.errors.push(error);
        this.#rouse();
        if (this.#options.reopen === false) return;
      }
      await this.runtime.clock.sleep(50, signal);
    }
  }

  async #take(item: SourceItem): Promise<void> {
    if (item.kind === 'proof') this.proofs.push(item.t0);
    else if (item.kind === 'gap') {
      this.gaps.push(item);
      this.resume = item.resume;
      await this.#source.ack(item.resume.position);
    } else if (item.kind === 'horizon') this.horizons.push(item.xid);
    else {
      this.batches.push(item.batch);
      const { commit, position, epoch } = item.batch;
      if (commit && position !== null) {
        this.resume = { epoch, position };
        if (this.#options.ack !== false) await this.#source.ack(position);
      }
    }
    this.#rouse();
  }

  #rouse(): void {
    for (const done of this.#waiting) done();
  }

  #story(): string {
    const errors = this.errors.map((error) => error.message).join(' | ');
    return `${this.batches.length} batches, ${this.gaps.map((gap) => gap.code).join(',')}, report ${JSON.stringify(this.report)}, errors: ${errors}`;
  }
}
