import type { Millis, Mono, Offset, SourceId } from '../model/position.ts';
import type { HoldUp, Since } from '../model/reason.ts';
import { NEVER, type Proof } from './proofs.ts';

/** What is known of a source of the namespace, gathered when somebody asks why. */
export interface SourceFacts {
  readonly source: SourceId;
  readonly type: string;
  readonly canProve: boolean;
  /** The newest that counts. */
  readonly proof: Proof | null;
  /** The newest that waits for the watermark. */
  readonly waiting: Proof | null;
  readonly state: 'starting' | 'streaming' | 'waiting' | 'stopped';
  readonly detail: string | null;
  /** Since it last gave something, it has failed; the error is the newest. */
  readonly failing: Trouble | null;
  /** The gap that it told of, when nothing has proven what came after it. */
  readonly gap: Trouble | null;
  /** The transaction that is held back until readers see it. */
  readonly gate: string | null;
}

interface Trouble {
  readonly since: Millis;
  readonly code: string;
  readonly message: string;
}

/** What is around the entries of a namespace. */
export interface Surroundings {
  readonly now: Mono;
  readonly wall: Millis;
  readonly startedAt: Millis;
  readonly watermark: Offset;
  /** The transaction that the watermark stands before. */
  readonly open: { readonly source: SourceId; readonly from: Offset } | null;
  /** The last time that went missing. */
  readonly missing: { readonly kind: 'suspended' | 'stalled'; readonly ms: number; readonly at: Mono } | null;
  /** Those whose proofs the namespace's freshness is the oldest of. */
  readonly sources: readonly SourceFacts[];
}

/** The source that bounds what can be proven: the one whose newest proof is the oldest. */
export function bounding(sources: readonly SourceFacts[]): SourceFacts | null {
  let oldest: SourceFacts | null = null;
  for (const one of sources) {
    if (oldest === null || provenAt(one) < provenAt(oldest) || !one.canProve) oldest = one;
  }
  return oldest;
}

/**
 * Why nothing newer is proven. Told is the nearest cause: what came back and waits here, then what is wrong with the
 * source, then what only delays it.
 */
export function holdUpOf({ sources, ...around }: Surroundings, boundMs: number): HoldUp {
  const facts = bounding(sources);
  if (facts === null) return { kind: 'no-source' };
  const { source, type, canProve, waiting } = facts;
  if (!canProve) return { kind: 'cannot-prove', source, type };
  const late = waiting && behind(facts, waiting, around);
  if (late && around.now - waiting.t0 <= boundMs) return late;
  return troubled(facts, around) ?? lost(facts, around, boundMs) ?? late ?? silent(facts, around);
}

type Around = Omit<Surroundings, 'sources'>;

/** Of a time on the monotonic clock. */
export function sinceMono(at: Mono, { now, wall }: Pick<Surroundings, 'now' | 'wall'>): Since {
  const agoMs = Math.round(Math.max(0, now - at));
  return { at: Math.round(wall) - agoMs, agoMs };
}

/** Of a time on the wall clock, which may have been set back since. */
export function sinceWall(at: Millis, wall: Millis): Since {
  return { at: Math.round(at), agoMs: Math.round(Math.max(0, wall - at)) };
}

function troubled({ source, failing, gap, state, detail }: SourceFacts, { wall }: Around): HoldUp | null {
  if (failing !== null) return { ...failing, kind: 'down', source, since: sinceWall(failing.since, wall) };
  if (gap !== null) return { ...gap, kind: 'gap', source, since: sinceWall(gap.since, wall) };
  return state === 'streaming' ? null : { kind: 'not-streaming', source, state, detail };
}

/** Once there has been time for an echo, it is something else that keeps it. */
function lost(facts: SourceFacts, around: Around, boundMs: number): HoldUp | null {
  const { missing, now } = around;
  if (missing === null || missing.at < provenAt(facts) || now - missing.at > boundMs) return null;
  return { kind: missing.kind, source: facts.source, ms: Math.round(missing.ms), since: sinceMono(missing.at, around) };
}

function behind({ source }: SourceFacts, { at }: Proof, { watermark, open }: Around): HoldUp {
  return { kind: 'behind', source, entries: at - watermark, watermark, waitsFor: at, open };
}

function silent({ source, gate, proof }: SourceFacts, around: Around): HoldUp {
  if (gate !== null) return { kind: 'gate', source, transaction: gate };
  return proof === null
    ? { kind: 'never-proven', source, since: sinceWall(around.startedAt, around.wall) }
    : { kind: 'silent', source, since: sinceMono(proof.t0, around) };
}

function provenAt({ proof }: SourceFacts): Mono {
  return proof?.t0 ?? NEVER;
}
