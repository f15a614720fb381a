import type { MemberStatus } from './member.ts';
import type { LayerResult } from './outcome.ts';
import type { Millis, Offset } from './position.ts';
import type { TrustReason } from './reason.ts';

/** What `tidemark status`, `GET /v1/status` and the dashboard show. */
export interface Status {
  readonly version: string;
  readonly startedAt: Millis;
  readonly now: Millis;
  readonly ready: boolean;
  /** Why it is not ready, or is ready with reservations. */
  readonly reasons: readonly string[];
  readonly contracts: { readonly count: number; readonly hash: string };
  readonly journal: {
    readonly type: string;
    readonly durable: boolean;
    readonly head: Offset;
    readonly first: Offset;
    readonly entries: number;
    readonly bytes?: number;
  };
  readonly sources: readonly SourceStatus[];
  readonly layers: readonly LayerStatus[];
  readonly namespaces: readonly NamespaceStatus[];
  readonly projections: readonly ProjectionStatus[];
  readonly deadLetters: number;
  /** Absent when this daemon is alone with its journal. */
  readonly relays?: RelayStatus;
  /** The caches of other processes, fed ones and other relays; absent when none is known. */
  readonly processes?: readonly MemberStatus[];
  /** Absent when no auditor is configured. */
  readonly audit?: AuditStatus;
}

/** The work that one of several daemons does at a time, and who does it. */
export interface RelayStatus {
  /** This one. */
  readonly self: string;
  readonly work: readonly {
    readonly name: string;
    readonly ours: boolean;
    /** Absent: nobody has it yet. */
    readonly owner?: string;
    readonly term?: number;
    readonly since?: Millis;
  }[];
}

/** What the auditor has found since the start. */
export interface AuditStatus {
  readonly heal: boolean;
  readonly namespaces: readonly NamespaceAudit[];
  /** Loads of the auditor under way, and entries that wait for a proof to be decided by. */
  readonly running: number;
  readonly waiting: number;
  /** Keys named by events that were left out, because there were too many or their time had passed. */
  readonly dropped: number;
  /** The newest violations, the newest first. */
  readonly violations: readonly AuditViolation[];
}

export interface NamespaceAudit {
  readonly name: string;
  /** Why nothing can be decided here; absent when it can. */
  readonly undecidable?: string;
  /** Decided: `violations` of these were wrong. */
  readonly checked: number;
  readonly violations: number;
  /** Ended by an event, the TTL or an eviction before it could be decided. */
  readonly ended: number;
  readonly undecided: number;
  readonly failed: number;
  /** Entries met that have no factory to load them with. */
  readonly withoutFactory: number;
  readonly healed: number;
  /** At 95 %: at most this part is wrong, so many nines are shown, and the same in words with the denominator. */
  readonly atMost: number;
  readonly nines: number;
  readonly words: string;
  /** The same for each time after an event, and for what was drawn at random. */
  readonly scales: readonly ScaleAudit[];
}

export interface ScaleAudit {
  readonly scale: string;
  readonly checked: number;
  readonly violations: number;
  readonly words: string;
}

export interface AuditViolation {
  readonly at: Millis;
  readonly namespace: string;
  readonly key: string;
  readonly scale: string;
  /** Where the value differs from its source. */
  readonly where: readonly string[];
  /** Contracts that should have ended it; none when nothing can. */
  readonly contracts: readonly string[];
  /** Which contract, what came since, and what that means. */
  readonly why: string;
}

export interface SourceStatus {
  readonly name: string;
  readonly type: string;
  /** `standby`: another relay reads it. */
  readonly state: 'starting' | 'streaming' | 'waiting' | 'stopped' | 'receiving' | 'standby';
  readonly detail?: string;
  readonly events: number;
  readonly lastEventAt?: Millis;
  readonly lagBytes?: number;
  readonly canProve: boolean;
  /** Age of the newest proof; absent when there has been none. */
  readonly proofAgeMs?: number;
  readonly restarts: number;
  readonly gaps: number;
  readonly lastError?: { readonly code: string; readonly message: string; readonly at: Millis };
  /** When it failed first since the journal last took something of it; absent while it does not fail. */
  readonly failingSince?: Millis;
  readonly warnings: readonly string[];
}

export interface LayerStatus {
  readonly name: string;
  readonly type: string;
  readonly ok: boolean;
  readonly detail?: string;
  readonly watermark: Offset;
  /** Entries of the journal not yet applied here. */
  readonly behind: number;
  readonly entries?: number;
  readonly bytes?: number;
  readonly retrying: boolean;
  /** What its operator should change. */
  readonly warnings?: readonly string[];
}

export interface NamespaceStatus {
  readonly name: string;
  readonly ttlMs: number;
  readonly maxStalenessMs?: number;
  readonly whenUncertain: string;
  /** `fresh`: proven within the bound. `uncertain`: not. `ttl`: no bound but the TTL was asked for. */
  readonly trust: 'fresh' | 'uncertain' | 'ttl';
  /** In one sentence: as of when its sources have proven what by which echo, or since when not and why. */
  readonly reason: string;
  /** The same for programs. */
  readonly why: TrustReason;
  readonly hits: number;
  readonly misses: number;
  readonly refusedFills: number;
}

export interface ProjectionStatus {
  readonly name: string;
  readonly running: boolean;
  readonly pending: boolean;
  readonly refreshes: number;
  readonly failures: number;
  readonly lastError?: string;
}

/** Per layer what an accepted event or invalidation has come to so far. */
export type LayerResults = Readonly<Record<string, LayerResult>>;
