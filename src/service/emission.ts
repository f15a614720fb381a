import { TidemarkError } from '../errors.ts';
import type { Appended } from '../model/entry.ts';
import type { ChangeEvent, ExplicitAction } from '../model/event.ts';
import { actionsOf } from '../model/invalidation.ts';
import type { LayerResults } from '../model/status.ts';
import type { EventInput, InvalidationMessage, Receipt } from '../operations.ts';
import { INVALIDATION, SELF } from '../pipeline/control.ts';
import type { Engine } from './engine.ts';

/** What `emit` gives: a promise of the receipt, with `applied` at hand for those who want to wait for the layers. */
export interface Emission extends Promise<Receipt> {
  readonly applied: Promise<LayerResults>;
}

/** Longest key, tag or URL that an explicit message may name: beyond any layer's own limit. */
const TARGET_MAX = 8_192;

/** Types that Tidemark itself announces; nobody else may. */
const RESERVED = 'tidemark.';

export function receiptOf(engine: Engine, appended: Appended, events: number): Receipt {
  const { offset } = appended;
  const since = engine.runtime.clock.mono();
  return {
    offset,
    duplicate: appended.duplicates === events,
    layers: () => engine.settlement.results(offset),
    get applied() {
      return engine.settlement.reached(offset);
    },
    processes: () => engine.elsewhere.results(offset, since),
    everywhere: async (signal) => {
      await Promise.all([engine.settlement.reached(offset), engine.elsewhere.reached(offset, signal)]);
    },
  };
}

/** @throws CLOSED */
export async function send(engine: Engine, source: string, events: readonly ChangeEvent[]): Promise<Receipt> {
  const receivedAt = engine.runtime.clock.now();
  const batch = { source, epoch: '', position: null, first: 0, commit: true, events, receivedAt };
  return receiptOf(engine, await engine.accept(batch), events.length);
}

export function emission(receipt: Promise<Receipt>): Emission {
  const applied = receipt.then((one) => one.applied);
  // Whoever does not ask for `applied` must not be told of the failure twice.
  applied.catch(() => undefined);
  return Object.assign(receipt, { applied });
}

/** @throws EVENT_INVALID */
export function eventOf(engine: Engine, input: EventInput, source: string): ChangeEvent {
  if (typeof input.type !== 'string' || input.type.trim() === '')
    throw new TidemarkError('EVENT_INVALID', '`type` must be a non-empty string');
  if (input.type.startsWith(RESERVED))
    throw new TidemarkError('EVENT_INVALID', `types that begin with "${RESERVED}" are Tidemark's own`);
  if (input.source !== undefined && !engine.sources.has(input.source))
    throw new TidemarkError('SOURCE_UNKNOWN', `"${input.source}"`);
  return {
    id: input.id ?? engine.runtime.random.id(),
    type: input.type,
    source,
    data: input.data ?? null,
    ...(input.subject === undefined ? {} : { subject: input.subject }),
    ...(input.time === undefined ? {} : { time: input.time }),
  };
}

/** @throws INVALIDATION_INVALID */
export function invalidationOf(engine: Engine, message: InvalidationMessage): ChangeEvent {
  const { namespaces = [], namespace } = message;
  for (const name of [...namespaces, ...(namespace === undefined ? [] : [namespace])]) {
    if (!engine.namespaces.all.has(name) && name !== '*') throw new TidemarkError('NAMESPACE_UNKNOWN', `"${name}"`);
  }
  const explicit: ExplicitAction[] = actionsOf(message);
  if (explicit.length === 0) throw new TidemarkError('INVALIDATION_INVALID', 'it names no key, tag, namespace or URL');
  for (const { target } of explicit) {
    if (typeof target === 'string' && target !== '' && target.length <= TARGET_MAX) continue;
    throw new TidemarkError('INVALIDATION_INVALID', `every target is a string of 1 to ${TARGET_MAX} characters`);
  }
  const data = message.reason === undefined ? {} : { reason: message.reason };
  return { id: engine.runtime.random.id(), type: INVALIDATION, source: SELF, data, explicit };
}
