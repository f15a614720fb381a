import { FEED_VERSION, type FedSource, type FeedFrame, type FeedFrom, type FeedHello } from '../model/feed.ts';
import type { Engine } from './engine.ts';

/**
 * What a process that caches elsewhere has to be told, from where it was: entries in order, the newest proofs, and at least
 * every beat that this one lives. It ends when the journal has become another one, so that the other end asks again.
 */
export async function* feedOf(engine: Engine, from: FeedFrom | null, signal: AbortSignal): AsyncGenerator<FeedFrame> {
  const { journal, closing } = engine;
  const stop = AbortSignal.any([signal, closing.signal]);
  const hello = await helloOf(engine, from);
  yield { kind: 'hello', ...hello };
  const feed = engine.feedPages;
  let { after: cursor } = hello;
  let posted = 0;
  while (!stop.aborted && journal.identity.epoch === hello.epoch) {
    const page = await feed.next(cursor, posted);
    ({ cursor, posted } = page);
    yield* page.frames;
    if (cursor === journal.head) await feed.news(page, stop);
  }
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
    layers: engine.layers.flatMap(({ layer, type }) =>
      layer.terms ? [{ name: layer.name, type, ...layer.terms }] : [],
    ),
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
