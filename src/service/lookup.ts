import { factsOf } from '../client/facts.ts';
import { TidemarkError } from '../errors.ts';
import type { JsonValue } from '../model/json.ts';
import type { CacheFill, CacheLookup } from '../operations.ts';
import { NEVER } from '../trust/proofs.ts';
import { inWords } from '../trust/words.ts';
import type { Engine } from './engine.ts';
import type { Namespace } from '../client/namespaces.ts';
import { placesOf } from '../client/places.ts';

/** @throws NAMESPACE_UNKNOWN */
export async function lookup(engine: Engine, namespace: string, key: string): Promise<CacheLookup> {
  const found = find(engine, namespace);
  const { config, shelf, counts } = found;
  const { store } = engine.memory;
  const whys = engine.knowing.whyOf(found);
  const entry = store.find(shelf, key);
  const missed = whys.missed(key, entry);
  if (missed || !entry) {
    counts.misses++;
    // Taken before the journal is asked: whoever loads only now has seen at least that.
    const stamp = store.watermark;
    const why = await whys.recalled(missed ?? whys.of(key, entry));
    return { found: false, stamp, reason: inWords(why), why };
  }
  counts.hits++;
  const served = { entry: factsOf(entry, config) };
  const value = entry.value as JsonValue;
  const tags = entry.marks.map((mark) => mark.tag);
  return { found: true, value, tags, ...(await whys.told(served, entry, null)) };
}

/**
 * A fill by a program that loaded the value itself. Its stamp is from `lookup`, taken before it loaded. When it loaded
 * is not known here, so only proofs through the sources make the entry fresh.
 *
 * @throws NAMESPACE_UNKNOWN, STAMP_INVALID
 */
export function put(
  engine: Engine,
  namespace: string,
  key: string,
  fill: CacheFill,
): { readonly stored: boolean; readonly reason?: string } {
  const { config, shelf, counts } = find(engine, namespace);
  const { clock } = engine.runtime;
  const { store } = engine.memory;
  if (!Number.isSafeInteger(fill.stamp) || fill.stamp < 0 || fill.stamp > store.watermark) {
    throw new TidemarkError('STAMP_INVALID', `${fill.stamp} is not a stamp that was given out here`);
  }
  if (placesOf(engine, namespace).ungated.size > 0) {
    counts.refused++;
    engine.observers.tell('fill:refused', { namespace, key, reason: 'no-stamp' });
    return { stored: false, reason: 'no-stamp' };
  }
  const ttlMs = Math.min(fill.ttlMs ?? config.ttlMs, config.ttlMs);
  const { value, tags, stamp } = fill;
  const filled = store.fill(shelf, key, { value, tags, stamp, loadedAt: NEVER, ttlMs }, clock.mono());
  if (filled.stored) counts.stored++;
  else counts.refused++;
  engine.observers.tell(filled.stored ? 'fill:stored' : 'fill:refused', {
    namespace,
    key,
    stamp,
    ...(filled.stored ? {} : { reason: filled.reason, endedAt: filled.at }),
  });
  return filled.stored ? { stored: true } : { stored: false, reason: filled.reason };
}

function find(engine: Engine, namespace: string): Namespace {
  const found = engine.namespaces.all.get(namespace);
  if (!found) throw new TidemarkError('NAMESPACE_UNKNOWN', `"${namespace}"`);
  return found;
}
