import { invalidationOf, send } from '../service/emission.ts';
import type { Caching } from './caching.ts';
import type { Conditions } from './conditions.ts';
import type { Tx } from './database.ts';
import type { Domain } from './domain.ts';
import type { Process } from './process.ts';
import type { Readers } from './readers.ts';

/** A process that serves, by the name that it has among the members. */
export interface Serving {
  readonly name: string;
  readonly readers: Readers;
  readonly caching: Caching;
}

export interface OperatorParts {
  readonly domain: Domain;
  readonly conditions: Conditions;
  /** A process that takes messages; `null` while there is none. */
  readonly process: (turn: number) => Process | null;
  /** All that serve at this moment. */
  readonly serving: () => readonly Serving[];
  readonly tell: ((words: string) => void) | null;
}

/** Of the transactions of the feed, one in as many has its keys ended by hand as well. */
const EVERY = 4;

/** Longer than any lease. */
const PATIENCE_MS = 15_000;

/**
 * Now and then ends what a transaction has changed by an explicit message and waits until all have it. What it is told then is held
 * against what every process serves at that moment (SPEC I22).
 */
export class Operator {
  readonly #parts: OperatorParts;

  constructor(parts: OperatorParts) {
    this.#parts = parts;
  }

  wrote(tx: Tx): void {
    if (tx.change.channel !== 'feed' || tx.id % EVERY !== 0) return;
    const process = this.#parts.process(tx.id);
    if (!process?.isUp || process.clock.frozen) return;
    const { targets } = this.#parts.domain;
    const keys = targets.filter(({ fact }) => tx.change.facts.includes(fact)).map(({ key }) => key);
    if (keys.length === 0) return;
    this.#end(process, keys, tx).catch(() => undefined);
  }

  async #end(process: Process, keys: readonly string[], tx: Tx): Promise<void> {
    const { engine, clock } = process;
    const event = invalidationOf(engine, { keys: [...new Set(keys)] });
    const receipt = await send(engine, event.source, [event]);
    const over = new AbortController();
    const cancel = clock.after(PATIENCE_MS, () => {
      over.abort();
    });
    await receipt.everywhere(over.signal);
    cancel();
    if (clock.dead || over.signal.aborted) return;
    const { conditions, serving, tell } = this.#parts;
    const processes = receipt.processes();
    const isEverywhere =
      Object.values(receipt.layers()).every((result) => result === 'applied') &&
      processes.every(({ result }) => result === 'applied' || result === 'left');
    tell?.(`${receipt.offset} is ${isEverywhere ? '' : 'not '}everywhere`);
    if (!isEverywhere) {
      conditions.tally.hit('member-gone');
      return;
    }
    const listed = new Set(processes.map(({ name }) => name));
    for (const { name, readers, caching } of serving())
      for (const [i, fact] of tx.change.facts.entries())
        readers.everywhere(caching, fact, tx.versions[i] ?? 0, caching === process || listed.has(name));
  }
}
