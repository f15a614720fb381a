import { z } from 'zod';
import { duration } from '../runtime/options.ts';
import { TidemarkError } from '../errors.ts';
import type { Position, Resume } from '../model/position.ts';
import type { Source, SourceItem, SourceKind, SourceReport } from '../sources/source.ts';
import { toPosition } from '../sources/postgres/lsn.ts';
import { historyOf } from './feed-start.ts';
import { FeedSession, type FeedOptions } from './feed-session.ts';
import type { Link } from './link.ts';

export type FeedParts = Omit<FeedOptions, 'name' | 'heartbeatMs' | 'signal' | 'nonce'> & {
  /** The connection of the moment, so that faults can meet it. */
  readonly connected: (link: Link) => void;
  readonly acknowledged: (upTo: Position) => void;
};

/** Its name in the configuration. */
export const FEED = 'feed';

const options = z.looseObject({ heartbeat: duration().default(100) });

/** A change feed of the simulated database. */
export function feedKind(parts: FeedParts): SourceKind<z.output<typeof options>> {
  return {
    type: 'simulated-feed',
    summary: 'A change feed of the simulated database.',
    options,
    can: { order: true, replay: true, prove: true },
    open: ({ name }, { heartbeat }) => Promise.resolve(new FeedSource(parts, name, heartbeat)),
  };
}

class FeedSource implements Source {
  readonly #parts: FeedParts;
  readonly #name: string;
  readonly #heartbeatMs: number;
  #sessions = 0;
  #session: FeedSession | null = null;
  #state: SourceReport['state'] = 'starting';

  constructor(parts: FeedParts, name: string, heartbeatMs: number) {
    this.#parts = parts;
    this.#name = name;
    this.#heartbeatMs = heartbeatMs;
  }

  async *open(after: Resume | null, signal: AbortSignal): AsyncIterable<SourceItem> {
    const { clock, database, wire, sabotages, connected } = this.#parts;
    try {
      const session = await FeedSession.open(
        {
          name: this.#name,
          clock,
          database,
          wire,
          sabotages,
          heartbeatMs: this.#heartbeatMs,
          signal,
          nonce: `${wire.draw.id()}.${++this.#sessions}`,
        },
        after,
        connected,
      );
      this.#session = session;
      this.#state = 'streaming';
      if (session.gap) yield session.gap;
      for (let item = await session.next(); item !== null; item = await session.next()) yield item;
      this.#state = 'stopped';
    } catch (error) {
      this.#state = 'waiting';
      if (!signal.aborted) throw error;
    } finally {
      this.#session?.close();
      this.#session = null;
    }
  }

  ack(upTo: Position): Promise<void> {
    if (!this.#parts.clock.dead) {
      this.#parts.acknowledged(upTo);
      this.#session?.acknowledge(upTo);
    }
    return Promise.resolve();
  }

  position(): Promise<Resume> {
    const { database, sabotages } = this.#parts;
    if (database.isDown) return Promise.reject(new TidemarkError('POSITION_UNKNOWN', this.#name));
    const at = BigInt(database.head) - (sabotages.has('position-behind') ? 1_000n : 0n);
    return Promise.resolve({ epoch: historyOf(database), position: toPosition(at > 0n ? at : 0n) });
  }

  report(): SourceReport {
    return { state: this.#state };
  }

  close(): Promise<void> {
    this.#session?.close();
    return Promise.resolve();
  }
}

/** A source that only sends, in any order: its events come through `Engine.accept`, as those over HTTP do. */
export function webhookKind(): SourceKind {
  return {
    type: 'simulated-webhooks',
    summary: 'A service that sends webhooks, in any order.',
    options: z.looseObject({}),
    can: { order: false, replay: false, prove: false },
  };
}
