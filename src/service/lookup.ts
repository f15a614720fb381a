import { factsOf } from '../client/facts.ts';
import { TidemarkError } from '../errors.ts';
import type { JsonValue } from '../model/json.ts';
import type { CacheFill, CacheLookup } from '../operations.ts';
import { NEVER } from '../trust/proofs.ts';
import { asOf, judge, reasonOf, trustWord } from '../trust/trust.ts';
import type { Engine } from './engine.ts';
import type { Namespace } from './namespaces.ts';
import { placesOf } from './places.ts';

/** @throws NAMESPACE_UNKNOWN */
export function lookup(engine: Engine, namespace: string, key: string): CacheLookup {
  const { config, shelf, counts } = find(engine, namespace);
  const { clock } = engine.runtime;
  const { store } = engine.memory;
  const entry = store.find(shelf, key);
  const now = clock.mono();
  if (!entry) {
    counts.misses++;
    return { found: false, stamp: store.watermark, reason: 'not resident' };
  }
  const { marks, value } = entry;
  const facts = factsOf(entry, config);
  const verdict = judge(facts, now);
  if (verdict === 'bypass' || verdict === 'error') {
    counts.misses++;
    return { found: false, stamp: store.watermark, reason: reasonOf(facts, now) };
  }
  counts.hits++;
  const maxAgeMs = Math.max(0, now - asOf(facts));
  return {
    found: true,
    value: value as JsonValue,
    tags: marks.map((mark) => mark.tag),
    asOf: clock.now() - maxAgeMs,
    maxAgeMs,
    trust: trustWord(facts, now),
  };
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
  if (placesOf(engine, find(engine, namespace)).ungated.size > 0) {
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
