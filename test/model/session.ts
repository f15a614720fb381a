import type { Offset } from '../../src/model/position.ts';
import { concerns, seenBy, type Database } from './database.ts';
import type { Processes } from './process.ts';
import type { Move } from './product.ts';
import type { Rules } from './rules.ts';
import type { Size } from './size.ts';

/** One user who writes and reads, now at one process, now at another, and carries a token along. */
export interface Session {
  /** The offset that no later read may be behind; `Infinity`: none is known, so nothing cached will do. */
  readonly token: number;
  /** Transactions that the user has written or seen. */
  readonly seen: number;
  readonly left: number;
}

/** Read-your-writes and monotonic reads. In these worlds the n-th commit of the log is the n-th entry of the journal. */
export class Sessions {
  readonly #rules: Rules;
  readonly #size: Size;
  readonly #concerning: number;

  constructor(rules: Rules, size: Size) {
    this.#rules = rules;
    this.#size = size;
    this.#concerning = seenBy(size.writes.flatMap((_, tx) => (concerns(size, tx) ? [tx] : [])));
  }

  start(): Session {
    return { token: 0, seen: 0, left: this.#size.reads };
  }

  read(session: Session, { resident, watermark, provenAt }: ReturnType<Processes['shown']>): Move[] {
    if (session.left === 0 || !resident) return [];
    if (resident.stamp < session.token && watermark < session.token) return [];
    const { head, readAt } = resident.value;
    const sees = resident.value.sees & this.#concerning;
    const proven = provenAt >= readAt ? watermark : Infinity;
    const token = this.#token(session.token, { stamp: resident.stamp, watermark, head, proven });
    const broken = (session.seen & ~sees) === 0 ? null : 'I10: a session reads what is older than what it has seen';
    return [{ step: 'session reads', next: [{ token, seen: session.seen | sees, left: session.left - 1 }], broken }];
  }

  /** Not served from a cache: from the primary, and nothing is stored. Or it has just written, and reads what it wrote. */
  load(session: Session, db: Database): Move[] {
    const moves: Move[] = [];
    const concerning = db.visible.filter((tx) => concerns(this.#size, tx));
    for (const tx of concerning) {
      const seen = session.seen | (1 << tx);
      const token = Math.max(session.token, db.log.indexOf(tx) + 1);
      if (seen !== session.seen) moves.push({ step: `session has written ${tx}`, next: [{ ...session, seen, token }] });
    }
    return moves;
  }

  #token(
    token: number,
    of: { readonly stamp: Offset; readonly watermark: Offset; readonly head: number; readonly proven: number },
  ): number {
    switch (this.#rules.token) {
      case 'stamp':
        return Math.max(token, of.stamp);
      case 'the watermark':
        return Math.max(token, of.watermark);
      case 'the head of the log after the load':
        return Math.max(token, of.head);
      case 'the watermark once a proof behind the load counts':
        return Math.max(token, of.proven);
    }
  }
}
