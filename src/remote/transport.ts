import type { FeedFrame, FeedFrom, FeedTime } from '../model/feed.ts';
import type { InvalidationMessage } from '../model/invalidation.ts';
import type { JsonValue } from '../model/json.ts';
import type { MemberReport, TimeQuestion } from '../model/member.ts';
import type { Offset, SourceId } from '../model/position.ts';
import type { LayerResults } from '../model/status.ts';
import type { Token } from '../model/token.ts';

/**
 * The way between the caches of a process and those who journal for it. It carries, and decides nothing: what is trusted, when a
 * silence is a break and when to connect again is said by those who use it.
 *
 * Whatever is asked is rejected with DAEMON_UNREACHABLE when nobody answers, and with DaemonRefusal when somebody says no.
 */
export interface FeedTransport {
  /** Where it leads, for people. No credentials. */
  readonly place: string;
  /**
   * What has to be told to somebody who was at `from` (`null`: who begins), `hello` first, over one connection. It ends with that
   * connection, and when the signal aborts.
   *
   * @throws DAEMON_UNREACHABLE, DAEMON_UNAUTHORIZED, DAEMON_FOREIGN, DAEMON_HUNG_UP; DaemonRefusal
   */
  frames(from: FeedFrom | null, signal: AbortSignal): AsyncIterable<FeedFrame>;
  /**
   * The time by the clock that proofs are of. Whoever asks says how far it is: the question is also the sign of life by which it is
   * waited for, so it is known there before the answer is (SPEC I22).
   */
  time(
    question: TimeQuestion,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<FeedTime>;
  /** The last word of a process: nobody has to wait for it. When it is lost, its lease ends. */
  leave(id: MemberReport['id'], options: { readonly timeoutMs: number }): Promise<void>;
  /** Resolves when it is durable. */
  invalidate(message: InvalidationMessage): Promise<RemoteReceipt>;
  /** Resolves when it is durable. */
  emit(event: SentEvent): Promise<RemoteReceipt>;
  /** Where the history of a namespace's sources, or of one of them, has got to. */
  position(namespace: string, source: SourceId | undefined): Promise<Token>;
  close(): Promise<void>;
}

/** What was sent is durable. */
export interface RemoteReceipt {
  /** Its place in the journal; given as `atLeast`, a read reflects it. */
  readonly offset: Offset;
  readonly duplicate: boolean;
  /** How far each of the daemon's layers was when it answered. */
  readonly layers: LayerResults;
}

/** A CloudEvent. */
export interface SentEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly data: JsonValue;
}
