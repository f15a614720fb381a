import type { Epoch, Offset } from './position.ts';

/** What a process that is fed says of itself with each question what time it is. */
export interface MemberReport {
  /** Of this connection of it; no other ever has it. */
  readonly id: string;
  /** What an operator knows it by. */
  readonly name: string;
  /** Up to where its cache has applied which journal. */
  readonly epoch: Epoch;
  readonly watermark: Offset;
}

/** The question what time it is. */
export interface TimeQuestion extends MemberReport {
  /**
   * By whose clock: that of the daemon whose feed is read, which need not be the one that is asked when several are behind one address.
   * Default: of whoever is asked.
   */
  readonly clock?: string | undefined;
}

/** `process`: fed by a daemon. `relay`: a daemon that writes the same journal and caches as well. */
export type MemberRole = 'process' | 'relay';

/**
 * Whether another process's cache has an entry. `waiting`: it is heard, and has not. `gone`: it was not heard for the length of its
 * lease, and nobody waits for it. `left`: it said that it ends.
 */
export type MemberOutcome = 'applied' | 'waiting' | 'gone' | 'left';

export interface MemberResult {
  readonly id: string;
  readonly name: string;
  readonly result: MemberOutcome;
  /** Why it is not applied. */
  readonly reason?: string;
}

export interface MemberStatus {
  readonly id: string;
  readonly name: string;
  readonly role: MemberRole;
  readonly state: 'live' | 'gone';
  /** `null`: what it follows is not this journal. */
  readonly watermark: Offset | null;
  /** Entries of the journal that it has not applied, as it was heard last. */
  readonly behind: number;
  readonly heardMsAgo: number;
}
