import { type Part, type Move, type Rule } from './product.ts';
import type { Size } from './size.ts';

/** The feed's items in the order of the log. */
export type Item =
  { readonly kind: 'part' | 'commit'; readonly tx: number } | { readonly kind: 'echo'; readonly t0: number };

/**
 * A database: which transactions are in its log, which readers can see, and what its feed carries. Time is the number
 * of transactions that readers can see: nothing else makes a value old.
 */
export interface Database {
  readonly log: readonly number[];
  readonly visible: readonly number[];
  readonly stream: readonly Item[];
  /** How much of the log the replica has replayed. */
  readonly replica: number;
}

export const EMPTY_DATABASE: Database = { log: [], visible: [], stream: [], replica: 0 };

/** What a reader of the database gets: transactions as the bits of a number. */
export function seenBy(txs: readonly number[]): number {
  return txs.reduce((bits, tx) => bits | (1 << tx), 0);
}

/** What `pg_current_snapshot()` says on the primary: every transaction of this world is running until it is visible. */
export function snapshotOf({ visible }: Pick<Database, 'visible'>, { writes }: Size): string {
  const running = writes.map((_, tx) => tx + 1).filter((xid) => !visible.includes(xid - 1));
  const end = writes.length + 1;
  return `${running[0] ?? end}:${end}:${running.join()}`;
}

/** Whether a transaction changes what a load of the key returns. */
export function concerns({ writes }: Size, tx: number): boolean {
  return writes[tx] !== 'other';
}

export function databaseRule(part: Part<Database>, place: number, size: Size): Rule {
  const { writes, parts, echoes, replicas } = size;
  const moves = (db: Database): Move[] => {
    const found: Move[] = [];
    const move = (step: string, next: Partial<Database>): void => void found.push({ step, next: [{ ...db, ...next }] });
    // Two transactions on one row: the second cannot write before readers see the first.
    const isUnlocked = (tx: number): boolean =>
      db.log.every((other) => writes[other] !== writes[tx] || db.visible.includes(other));
    writes.forEach((_, tx) => {
      if (db.log.includes(tx) || !isUnlocked(tx)) return;
      const items: Item[] = [
        ...Array.from({ length: parts }, () => ({ kind: 'part', tx }) as const),
        { kind: 'commit', tx },
      ];
      move(`commit record ${tx}`, { log: [...db.log, tx], stream: [...db.stream, ...items] });
    });
    for (const tx of db.log) {
      if (!db.visible.includes(tx)) move(`transaction ${tx} visible`, { visible: [...db.visible, tx] });
    }
    if (db.stream.filter(({ kind }) => kind === 'echo').length < echoes)
      move('echo', { stream: [...db.stream, { kind: 'echo', t0: db.visible.length }] });
    if (replicas > 0 && db.replica < db.log.length)
      move(`replica replays ${db.log[db.replica]}`, { replica: db.replica + 1 });
    return found;
  };
  return { changes: [part as Part<never>], sees: [], places: [{ label: '', at: [place] }], moves };
}
