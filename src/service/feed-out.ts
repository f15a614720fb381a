import {
  FEED_BEAT_MS,
  FEED_VERSION,
  fedEntry,
  type FedSource,
  type FeedFrame,
  type FeedFrom,
  type FeedHello,
} from '../model/feed.ts';
import type { Offset } from '../model/position.ts';
import type { Engine } from './engine.ts';

/** Entries of a frame: a few hundred kilobytes of it at most. */
const PAGE = 500;

/**
 * What a process that caches elsewhere has to be told, from where it was: entries in order, the newest proofs, and at least
 * every beat that this one lives. It ends when the journal has become another one, so that the other end asks again.
 */
export async function* feedOf(engine: Engine, from: FeedFrom | null, signal: AbortSignal): AsyncGenerator<FeedFrame> {
  const { journal, proofs, closing } = engine;
  const stop = AbortSignal.any([signal, closing.signal]);
  const hello = await helloOf(engine, from);
  yield { kind: 'hello', ...hello };
  let cursor = hello.after;
  let posted = 0;
  while (!stop.aborted && journal.identity.epoch === hello.epoch) {
    const entries = await journal.read(cursor, PAGE);
    const gone = Math.max(entries[0]?.offset ?? 0, journal.first) - 1;
    if (gone > cursor) yield { kind: 'gap', upTo: (cursor = gone as Offset) };
    // Taken before the page goes out: what is posted meanwhile comes with the next.
    const newest = proofs.since(posted);
    posted = proofs.posted;
    const fed = entries.filter(({ offset }) => offset > cursor).map(fedEntry);
    cursor = fed.at(-1)?.offset ?? cursor;
    yield { kind: 'page', entries: fed, proofs: newest, head: journal.head };
    if (cursor === journal.head) await news(engine, cursor, posted, stop);
  }
}

/** Resolves when there is something to tell, or it is time to say that one lives. */
async function news(
  { journal, proofs, runtime }: Engine,
  cursor: Offset,
  posted: number,
  stop: AbortSignal,
): Promise<void> {
  const enough = new AbortController();
  const signal = AbortSignal.any([stop, enough.signal]);
  await Promise.race([
    journal.changed(cursor, signal),
    proofs.beyond(posted, signal),
    runtime.clock.sleep(FEED_BEAT_MS, signal),
  ]);
  enough.abort();
}

export async function helloOf(engine: Engine, from: FeedFrom | null): Promise<FeedHello> {
  const { journal, clockId } = engine;
  const { epoch } = journal.identity;
  const goesOn = from !== null && from.epoch === epoch && from.after <= journal.head;
  const after = goesOn ? from.after : await journal.settledAt();
  return {
    version: FEED_VERSION,
    epoch,
    clock: clockId,
    after,
    reset: from !== null && !goesOn,
    head: journal.head,
    sources: sourcesOf(engine),
    namespaces: Array.from(engine.namespaces.all.values(), ({ config }) => config),
  };
}

function sourcesOf({ sources, trail }: Engine): FedSource[] {
  return Array.from(sources.values(), ({ name, can, source, feed }) => ({
    name,
    canProve: can.prove,
    isRead: feed !== null,
    ungated: source?.ungated === true,
    epoch: trail.epochOf(name),
  }));
}
