import type { Finding } from './contracts/finding.ts';
import type { Contract } from './contracts/contract.ts';
import type { DeadLetter, Entry } from './model/entry.ts';
import type { FeedFrame, FeedFrom, FeedTime } from './model/feed.ts';
import type { InvalidationMessage } from './model/invalidation.ts';
import type { JsonValue } from './model/json.ts';
import type { MemberReport, MemberResult, TimeQuestion } from './model/member.ts';
import type { Observation } from './model/observation.ts';
import type { Plan } from './model/plan.ts';
import type { Millis, Offset } from './model/position.ts';
import type { TrustReason } from './model/reason.ts';
import type { LayerResults, Status } from './model/status.ts';
import type { Token } from './model/token.ts';
import type { Metrics } from './runtime/metrics.ts';
import type { RawRequest } from './sources/source.ts';

export type { InvalidationMessage } from './model/invalidation.ts';
export type { Observation } from './model/observation.ts';

/** What the daemon's HTTP API needs of the service; `Tidemark` is one. The CLI speaks HTTP, the dashboard too. */
export interface Operations {
  readonly metrics: Metrics;
  status(): Status;
  /** Runs a raw request through the receiver of a source and makes its events durable. */
  receive(source: string, request: RawRequest): Promise<ReceiveResult>;
  /** The first source of type `http`, which `POST /v1/events` feeds when the request names none. */
  readonly eventSource: string;
  /** The sources that receive requests, with the largest body that each takes. */
  readonly bodyBytesMax: ReadonlyMap<string, number>;
  invalidate(message: InvalidationMessage): Promise<Receipt>;
  /** What an event would do. Changes nothing. */
  preview(event: EventInput): PlanPreview;
  explain(key: string): Promise<Explanation>;
  contracts(): readonly Contract[];
  entries(after: Offset, limit: number): Promise<readonly Entry[]>;
  /** Entries after an offset, then new ones as they become durable, until the signal aborts. */
  follow(after: Offset, signal: AbortSignal): AsyncIterable<readonly Entry[]>;
  readonly head: Offset;
  readonly first: Offset;
  /** For a process that caches elsewhere: where it begins, then entries, proofs and signs of life until the signal aborts. */
  feed(from: FeedFrom | null, signal: AbortSignal): AsyncIterable<FeedFrame>;
  /**
   * The time by the clock that the feed's proofs are of, also when another relay feeds. Whoever asks says how far it is, and is waited for from then on.
   *
   * @throws MEMBERS_FULL
   */
  feedTime(question: TimeQuestion): Promise<FeedTime>;
  /** A process that is fed ends: nobody waits for it any more. */
  feedLeft(id: MemberReport['id']): void;
  /** Live observations for the dashboard and `tail`. Returns the unsubscription. */
  observe(listener: (observation: Observation) => void): () => void;
  deadLetters(options: { after?: number; limit?: number }): Promise<readonly DeadLetter[]>;
  deadLetter(id: number): Promise<DeadLetter | null>;
  /** Plans its event again with today's contracts (or retries its action); the letter goes when that succeeded. */
  retryDeadLetter(id: number): Promise<{ readonly ok: boolean; readonly message: string }>;
  discardDeadLetter(id: number): Promise<boolean>;
  replay(request: ReplayRequest): Promise<ReplayReport>;
  /** A token of everything that has been committed by now at a source of the namespace. */
  position(namespace: string, source?: string): Promise<Token>;
  cacheGet(namespace: string, key: string): Promise<CacheLookup>;
  cachePut(namespace: string, key: string, fill: CacheFill): { readonly stored: boolean; readonly reason?: string };
  /** Reloads contracts; keeps the old ones when the new are wrong. */
  reload(): Promise<{ readonly ok: boolean; readonly findings: readonly Finding[] }>;
}

export interface EventInput {
  readonly type: string;
  readonly data?: JsonValue;
  /** Configured source that it is to count as coming from. Default: the first of type `http`, else `app`. */
  readonly source?: string;
  readonly id?: string;
  readonly subject?: string;
  readonly time?: string;
}

/** Resolved when the event is durable. */
export interface Receipt {
  /** Its place in the journal. */
  readonly offset: Offset;
  /** The journal had it already; it has no second effect. */
  readonly duplicate: boolean;
  /** How far each layer is, now. */
  layers(): LayerResults;
  /** Resolves when every layer has it (or has failed for good). */
  readonly applied: Promise<LayerResults>;
  /** How far the caches of other processes are, now. */
  processes(): readonly MemberResult[];
  /** Resolves when every layer, and the cache of every process that is heard, has it; or when the signal aborts. */
  everywhere(signal: AbortSignal): Promise<void>;
}

export type ReceiveResult =
  | { readonly ok: true; readonly receipts: readonly Receipt[] }
  | {
      readonly ok: false;
      readonly status: number;
      readonly code: string;
      readonly message: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

export interface PlanPreview {
  readonly event: { readonly type: string; readonly source: string; readonly data: JsonValue };
  readonly plan: Plan;
  /** Per layer, the actions it would apply. */
  readonly layers: readonly {
    readonly layer: string;
    readonly actions: readonly string[];
    readonly skipped: readonly string[];
  }[];
  /** Contracts whose trigger matched and what came of them. */
  readonly matched: readonly {
    readonly contract: string;
    readonly file: string;
    readonly line: number;
    readonly note: string;
  }[];
}

export interface Explanation {
  readonly key: string;
  /** Contracts with a template that can produce this key, and the event types that do. */
  readonly endedBy: readonly {
    readonly contract: string;
    readonly triggers: readonly string[];
    readonly action: string;
  }[];
  /** The newest entries that ended its trust. */
  readonly last: readonly {
    readonly offset: Offset;
    readonly type: string;
    readonly source: string;
    readonly receivedAt: Millis;
    readonly via: string;
  }[];
  /** How far back `last` was searched, in entries. */
  readonly searched: number;
  /** Per layer and namespace, what is held and whether it may be served now, and why, in words and for programs. */
  readonly held: readonly {
    readonly layer: string;
    readonly namespace: string;
    readonly tags: readonly string[];
    readonly stamp: Offset;
    readonly ageMs: number;
    readonly verdict: string;
    readonly reason: string;
    readonly why: TrustReason;
  }[];
  /** Where it is not held, as far as that is remembered: per namespace that it left, else once for all of them. */
  readonly absent: readonly {
    readonly layer: string;
    /** `null`: no namespace is known to have held it. */
    readonly namespace: string | null;
    readonly reason: string;
    readonly why: TrustReason;
  }[];
}

export interface ReplayRequest {
  /** First offset to replay. */
  readonly from: Offset;
  /** Last offset to replay; default the head at the start. */
  readonly to?: Offset;
  /** Only events of these types (patterns allowed). */
  readonly types?: readonly string[];
  /** Plan and count only. */
  readonly dryRun?: boolean;
  /** Most events a second; default 1,000. */
  readonly rate?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ReplayReport) => void;
}

export interface ReplayReport {
  readonly scanned: number;
  readonly matched: number;
  readonly replayed: number;
  readonly actions: Readonly<Record<string, number>>;
  readonly cancelled: boolean;
}

export type CacheLookup =
  | {
      readonly found: true;
      readonly value: JsonValue;
      readonly tags: readonly string[];
      /** Wall-clock time as of which the value is proven. */
      readonly asOf: Millis;
      readonly maxAgeMs: number;
      readonly trust: string;
      readonly reason: string;
      readonly why: TrustReason;
    }
  /** A load that begins now may fill with this stamp. */
  | { readonly found: false; readonly stamp: Offset; readonly reason: string; readonly why: TrustReason };

export interface CacheFill {
  readonly value: JsonValue;
  readonly tags: readonly string[];
  readonly ttlMs?: number;
  readonly stamp: Offset;
}
