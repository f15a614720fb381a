import type { Offset, Position } from '../../src/model/position.ts';
import { Trail } from '../../src/trust/trail.ts';

export const at = (offset: number): Offset => offset as Offset;
export const pos = (n: number): Position => String(n).padStart(6, '0') as Position;
export const E = '7:1:abc';
export const HISTORY = '7:1';

interface Told {
  readonly position?: number | null;
  readonly xid?: number;
  readonly source?: string;
  readonly epoch?: string;
  readonly commit?: boolean;
  readonly type?: string;
}

/** A trail whose journal is told entry by entry. */
export function told(transactionsMax?: number) {
  const trail = new Trail({ ...(transactionsMax !== undefined && { transactionsMax }) });
  let head = 0;
  const see = ({ position = null, xid, source = 'db', epoch = E, commit = true, type = 't' }: Told = {}): number => {
    trail.see({
      offset: at(++head),
      source,
      epoch,
      position: position === null ? null : pos(position),
      commit,
      event: { type },
      ...(xid !== undefined && { xid: String(xid) }),
    });
    return head;
  };
  const before = (position: number, history = HISTORY) => trail.stampBefore('db', history, pos(position), at(head));
  const from = (snapshot: string, history = HISTORY) => trail.stampFromSnapshot('db', history, snapshot, at(head));
  const reached = (xid = 0, epoch = E): void => {
    trail.horizon('db', { epoch, xid, at: at(head) });
  };
  let now = 0;
  /** An echo that lies at this position was written and came back. */
  const echo = (position: number, { t0 = now, at: offset = head, epoch = E } = {}): void => {
    now += 10;
    trail.proven('db', { epoch, position: pos(position) }, at(offset), { t0, now, head: at(head) });
  };
  /** The journal had nothing of the source beyond position 0, and the barrier of the start has been passed. */
  const begin = (): void => {
    trail.begin('db', { epoch: E, position: pos(0) }, at(head));
    reached();
  };
  return { trail, see, before, from, reached, begin, echo, hole: () => head++ };
}
