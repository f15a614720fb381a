import type { StandingClock } from './clock.ts';
import type { Load, Subject } from './subject.ts';

/**
 * key: a load is under way · the value changes · its key is invalidated · the load ends · the next read.
 * tag: the same by a tag that the entry carries. learned: the same by a tag that only the loaded value tells.
 * joined: a load is under way · the value changes · its key is invalidated · a reader comes · the load ends.
 */
export const RACES = ['key', 'tag', 'learned', 'joined'] as const;
export type Race = (typeof RACES)[number];

export interface Result {
  readonly rounds: number;
  /** Rounds in which a reader that came after the invalidation was given the value from before it. */
  readonly stale: number;
  /** How long the stale value was still there, in parts of its TTL: `1` is to the end. `null`: it was given once. */
  readonly stayed: number | null;
}

const OLD = 'before the change';
const NEW = 'after the change';

/** Runs a race; `null` when the library has no such thing. No sleeping: every step waits for the one before. */
export async function race(
  subject: Subject,
  kind: Race,
  { rounds, ttlMs, clock }: { readonly rounds: number; readonly ttlMs: number; readonly clock: StandingClock },
): Promise<Result | null> {
  const how = callsOf(subject, kind);
  if (!how) return null;
  let [stale, stayed] = [0, null as number | null];
  for (let round = 0; round < rounds; round++) {
    const id = `${kind}-${String(round)}`;
    const after = await once(
      (load) => how.read(id, load),
      () => how.invalidate(id),
      kind === 'joined',
      clock,
    );
    if (isNew(after)) continue;
    stale++;
    if (kind !== 'joined' && round === 0) stayed = await stay((load) => how.read(id, load), ttlMs, clock);
  }
  return { rounds, stale, stayed };
}

interface Calls {
  readonly read: (id: string, load: Load) => Promise<string>;
  readonly invalidate: (id: string) => Promise<unknown>;
}

function callsOf(subject: Subject, kind: Race): Calls | null {
  if (kind === 'key' || kind === 'joined')
    return { read: (id, load) => subject.read(id, load), invalidate: (id) => subject.invalidateKey(id) };
  const read = kind === 'tag' ? subject.readTagged : subject.readLearning;
  const { invalidateTag } = subject;
  if (!read || !invalidateTag) return null;
  return { read: (id, load) => read(id, `tag-${id}`, load), invalidate: (id) => invalidateTag(`tag-${id}`) };
}

async function once(
  read: (load: Load) => Promise<string>,
  invalidate: () => Promise<unknown>,
  joins: boolean,
  clock: StandingClock,
): Promise<string> {
  let source = OLD;
  const [started, ended] = [gate(), gate()];
  const slow = read(async () => {
    const seen = source;
    started.open();
    await ended.opened;
    return seen;
  });
  // A read that fails before its load begins must not leave the race waiting.
  await Promise.race([started.opened, slow]);
  clock.advance();
  source = NEW;
  await invalidate();
  clock.advance();
  const late = joins ? read(() => Promise.resolve(source)) : null;
  await turns();
  ended.open();
  await slow;
  await turns();
  clock.advance();
  return late ?? read(() => Promise.resolve(source));
}

/** Looks again until shortly before the end of its TTL: which part of it the stale value lived to see. */
async function stay(read: (load: Load) => Promise<string>, ttlMs: number, clock: StandingClock): Promise<number> {
  const STEPS = 20;
  let seen = 0;
  for (let step = 1; step < STEPS; step++) {
    clock.advance(ttlMs / STEPS);
    if (isNew(await read(() => Promise.resolve(NEW)))) return seen / STEPS;
    seen = step;
  }
  return 1;
}

/** Anything else would be a mistake in how the library is set up here, and must not count against it. */
function isNew(value: string): boolean {
  if (value !== NEW && value !== OLD) throw new Error(`the source never said ${JSON.stringify(value)}`);
  return value === NEW;
}

function gate(): { readonly open: () => void; readonly opened: Promise<void> } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

/** Lets everything that does not wait for time have its turn: stores are written behind promises. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}
