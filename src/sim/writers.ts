import type { SimulatedTime } from '../runtime/simulated-time.ts';
import { tokenOf } from '../model/token.ts';
import { send } from '../service/emission.ts';
import type { Caching } from './caching.ts';
import type { Conditions } from './conditions.ts';
import type { Database, Tx } from './database.ts';
import type { Domain } from './domain.ts';
import type { Draw } from './draw.ts';
import type { Write } from './plan.ts';
import type { Process } from './process.ts';
import { FEED } from './feed-source.ts';
import type { Readers } from './readers.ts';

export interface WritersParts {
  readonly time: SimulatedTime;
  readonly conditions: Conditions;
  readonly draw: Draw;
  readonly domain: Domain;
  readonly database: Database;
  /** Those who read what was written, each in the process that it reads in. */
  readonly sessions: () => readonly (readonly [Readers, Caching])[];
  readonly wireMs: number;
  /** A process that takes events, for one that was sent so often; `null` while there is none. */
  readonly process: (turn: number) => Process | null;
  /** An event was acknowledged to its sender. */
  readonly acknowledged: (id: string) => void;
  readonly tell: ((words: string) => void) | null;
}

/** A sender that gets no answer tries again this often, this many times, and then gives up. */
const RETRY_MS = 700;
const RETRIES = 20;

/** Of the transactions of the feed, one in as many is read back by its writer. */
const OWN_EVERY = 4;
const OWN_WAIT_MS = 20;

/** Those who change the world: clients of the database, a service that sends webhooks, the application itself. */
export class Writers {
  readonly #parts: WritersParts;

  constructor(parts: WritersParts) {
    this.#parts = parts;
  }

  write(write: Write): void {
    const { domain, database, conditions, tell } = this.#parts;
    if (database.isDown) return;
    const change = domain.change(write, (fact) => database.isLocked(fact));
    if (!change) return;
    if (change.rollback) conditions.tally.hit('transaction-rollback');
    if (change.events.some(({ row }) => row?.op === 'truncated')) conditions.tally.hit('truncate');
    if (change.events.some(({ row }) => row?.after && !('group' in row.after))) conditions.tally.hit('schema-drift');
    const tx = database.commit(change);
    tell?.(tx?.versions.length === 0 ? `${change.words} (not visible yet)` : change.words);
    if (!tx) return;
    if (change.channel === 'webhook') this.#webhook(tx);
    if (change.channel === 'app') this.#announce(tx);
  }

  /** Now and then the writer of a transaction takes its position and reads what it wrote. */
  wrote(tx: Tx): void {
    const { process, sessions } = this.#parts;
    const session = process(tx.id);
    if (tx.change.channel !== 'feed' || tx.id % OWN_EVERY !== 0 || !session?.isUp || session.clock.frozen) return;
    const source = session.engine.sources.get(FEED)?.source;
    source?.position?.().then(
      ({ epoch: history, position }) => {
        if (session.clock.dead) return;
        const token = tokenOf({ source: FEED, history, position });
        const wait = (tx.id % 3) * OWN_WAIT_MS;
        for (const [readers, caching] of sessions())
          for (const [i, fact] of tx.change.facts.entries())
            readers.readOwn(caching, fact, tx.versions[i] ?? 0, token, wait);
      },
      () => undefined,
    );
  }

  #webhook(tx: Tx): void {
    const { conditions, draw, wireMs, time } = this.#parts;
    draw.at(time.now);
    if (draw.chance(0.02)) {
      conditions.tally.hit('webhook-loss');
      return;
    }
    const late = draw.chance(0.1);
    if (late) conditions.tally.hit('webhook-reorder');
    this.#post(tx, 'w', late ? draw.between(100, 3_000) : draw.long(0, wireMs + 5), RETRIES);
    if (!draw.chance(0.1)) return;
    conditions.tally.hit('webhook-duplicate');
    this.#post(tx, 'w', draw.between(0, 2_000), RETRIES);
  }

  /** Sends until it is acknowledged; the sender cannot tell an event that was lost from an answer that was. */
  #post(tx: Tx, letter: string, afterMs: number, tries: number): void {
    const { time, process } = this.#parts;
    time.after(afterMs, () => {
      const receiver = process(tx.id + tries);
      let answered = false;
      if (receiver?.isUp) {
        receiver.clock.arrive(0, () => {
          this.#accept(receiver, tx, letter).then(
            () => {
              answered = true;
            },
            () => undefined,
          );
        });
      }
      time.after(RETRY_MS, () => {
        if (!answered && tries > 0) this.#post(tx, letter, 0, tries - 1);
      });
    });
  }

  /** The application changes something and then says so itself; its session reads what it wrote. */
  #announce(tx: Tx): void {
    const { process, sessions } = this.#parts;
    const sender = process(tx.id);
    if (!sender?.isUp || sender.clock.frozen) return;
    this.#accept(sender, tx, 'a').then(
      (offset) => {
        if (sender.clock.dead) return;
        for (const [readers, caching] of sessions())
          for (const [i, fact] of tx.change.facts.entries())
            readers.readOwn(caching, fact, tx.versions[i] ?? 0, offset);
      },
      () => undefined,
    );
  }

  async #accept(process: Process, tx: Tx, letter: string): Promise<Awaited<ReturnType<typeof send>>['offset']> {
    const source = letter === 'w' ? 'hooks' : 'app';
    const id = `${letter}${tx.id}`;
    const events = tx.change.events.map((event) => ({ ...event, id, source }));
    const { offset } = await send(process.engine, source, events);
    if (!process.clock.dead) this.#parts.acknowledged(id);
    return offset;
  }
}
