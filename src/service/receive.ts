import type { ReceiveResult } from '../operations.ts';
import type { RawRequest } from '../sources/source.ts';
import { send } from './emission.ts';
import type { Engine } from './engine.ts';

/** The first source of type `http`: that of events which name none. */
export function eventSourceOf(engine: Engine): string {
  for (const { name, type } of engine.sources.values()) if (type === 'http') return name;
  return 'app';
}

/** Runs a raw request through the receiver of a source and makes its events durable. */
export async function receive(engine: Engine, source: string, request: RawRequest): Promise<ReceiveResult> {
  const receiver = engine.sources.get(source)?.receiver;
  if (!receiver)
    return { ok: false, status: 404, code: 'SOURCE_UNKNOWN', message: `no source "${source}" receives requests` };
  const received = receiver.receive(request);
  if (!received.ok) {
    engine.runtime.metrics.events.inc({ source, result: 'rejected' });
    return received;
  }
  if (received.events.length === 0) return { ok: true, receipts: [] };
  return { ok: true, receipts: [await send(engine, source, received.events)] };
}
