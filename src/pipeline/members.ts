import type { MemberResult, MemberRole, MemberStatus } from '../model/member.ts';
import { ORIGIN, type Mono, type Offset } from '../model/position.ts';

/** What is said of a member. */
export interface Said {
  /** `asked`: it asked this daemon what time it is. `told`: in a word between relays. */
  readonly how: 'asked' | 'told';
  readonly id: string;
  readonly name: string;
  readonly role: MemberRole;
  /** `null`: it follows another journal, and has nothing of this one. */
  readonly watermark: Offset | null;
}

interface Seat extends Said {
  readonly heardAt: Mono;
  readonly endsAt: Mono;
}

interface Ended extends Seat {
  readonly end: 'gone' | 'left';
  readonly endedAt: Mono;
}

/** A process asks five times a second: it may miss a dozen answers, and make its connection anew, before it counts as gone. */
const LEASE_MIN_MS = 3_000;

/**
 * Of whom only words tell, another relay may have answered since, which was cut off from this one: its own proofs count until it has lost
 * its sources, two and a half seconds at most after the last time that it renewed its lease of them.
 */
const TOLD_MS = 2_500;

/** Who waits for somebody who may be dead does so for seconds; beyond, the bound of each namespace says what may be served. */
export const LEASE_MAX_MS = 10_000;

/** As many as `server.max_streams` can be: those of other relays count here too. */
const MEMBERS_MAX = 10_000;

/** Of those whose end is remembered: more than an operator reads. */
const ENDED_MAX = 1_000;

/** As long as somebody may look for what became of a process. */
const REMEMBERED_MS = 600_000;

/**
 * How long a member that is not heard is waited for. What it says is also its question what time it is, and no proof counts there that
 * lies behind its last answered question: so once it has not been heard for `max_staleness` it can prove nothing that was cached
 * before. A lease at least as long ends when its trust has ended, and no clocks are compared.
 */
export function leaseMs(namespaces: Iterable<{ readonly maxStalenessMs?: number }>): number {
  let longest = LEASE_MIN_MS;
  for (const { maxStalenessMs = 0 } of namespaces) longest = Math.max(longest, maxStalenessMs);
  return Math.min(longest, LEASE_MAX_MS);
}

/**
 * The caches of other processes, and how far each has come: who is waited for, and who is not any more (SPEC I22). It knows no
 * clock; whoever calls says what time it is.
 */
export class Members {
  readonly #leaseMs: number;
  readonly #live = new Map<string, Seat>();
  readonly #ended = new Map<string, Ended>();
  /** No lease ends before: so that not all are looked at with each word of one. */
  #noneBefore: Mono = Infinity;

  constructor(lease: number) {
    this.#leaseMs = lease;
  }

  /** Somebody is there, or there again. False when there is no room, and it will not be waited for. */
  report(said: Said, now: Mono): boolean {
    // What it said before it left may come after that.
    if (this.#ended.get(said.id)?.end === 'left') return true;
    if (!this.#live.delete(said.id) && this.#live.size >= MEMBERS_MAX) return false;
    this.#ended.delete(said.id);
    const endsAt = now + this.#leaseMs + (said.how === 'told' ? TOLD_MS : 0);
    this.#noneBefore = Math.min(this.#noneBefore, endsAt);
    this.#live.set(said.id, { ...said, heardAt: now, endsAt });
    return true;
  }

  /** It ends, and nothing it has cached will be served. */
  leave(id: string, now: Mono): void {
    const seat = this.#live.get(id);
    if (seat) this.#end(seat, 'left', now);
  }

  /** Ends the leases that are over. */
  expire(now: Mono): void {
    if (now >= this.#noneBefore) {
      for (const seat of this.#live.values()) if (now >= seat.endsAt) this.#end(seat, 'gone', now);
      this.#noneBefore = this.nextEnd ?? Infinity;
    }
    for (const { id, endedAt } of this.#ended.values()) {
      if (now - endedAt < REMEMBERED_MS && this.#ended.size <= ENDED_MAX) break;
      this.#ended.delete(id);
    }
  }

  /** When the next lease ends unless it is renewed; `null`: nobody has one. */
  get nextEnd(): Mono | null {
    let next: Mono | null = null;
    for (const { endsAt } of this.#live.values()) next = Math.min(next ?? Infinity, endsAt);
    return next;
  }

  /** What all who are live, and have come at least so far, have applied; nobody is in the way where there is nobody. */
  lowest(least: Offset = ORIGIN): Offset {
    let lowest = Number.MAX_SAFE_INTEGER;
    for (const { watermark } of this.#live.values()) {
      const at = watermark ?? ORIGIN;
      if (at >= least) lowest = Math.min(lowest, at);
    }
    return lowest as Offset;
  }

  /** What an entry has come to in each of them, for somebody who has waited since then. */
  results(offset: Offset, since: Mono, now: Mono): MemberResult[] {
    const has = ({ watermark }: Seat): boolean => watermark !== null && watermark >= offset;
    return [
      ...Array.from(this.#live.values(), (seat): MemberResult => {
        const { id, name, heardAt } = seat;
        if (has(seat)) return { id, name, result: 'applied' };
        return { id, name, result: 'waiting', reason: `${place(seat)}, heard ${seconds(now - heardAt)} ago` };
      }),
      ...[...this.#ended.values()]
        .filter(({ endedAt }) => endedAt >= since)
        .map((seat): MemberResult => {
          const { id, name, end, endedAt, heardAt } = seat;
          if (has(seat)) return { id, name, result: 'applied' };
          if (end === 'left') return { id, name, result: 'left', reason: 'it has ended' };
          const reason = `${place(seat)}, not heard for ${seconds(endedAt - heardAt)}: its lease has ended`;
          return { id, name, result: 'gone', reason };
        }),
    ];
  }

  /** All who are live, and those who fell silent. */
  status(head: Offset, now: Mono): MemberStatus[] {
    const told = (seat: Seat, state: MemberStatus['state']): MemberStatus => {
      const { id, name, role, watermark, heardAt } = seat;
      const behind = Math.max(0, head - (watermark ?? ORIGIN));
      return { id, name, role, state, watermark, behind, heardMsAgo: Math.round(now - heardAt) };
    };
    return [
      ...Array.from(this.#live.values(), (seat) => told(seat, 'live')),
      ...[...this.#ended.values()].filter(({ end }) => end === 'gone').map((seat) => told(seat, 'gone')),
    ];
  }

  #end(seat: Seat, end: Ended['end'], endedAt: Mono): void {
    this.#live.delete(seat.id);
    this.#ended.set(seat.id, { ...seat, end, endedAt });
  }
}

function place({ watermark }: Said): string {
  return watermark === null ? 'it follows another journal' : `it is at ${watermark}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
