import type { FastifyReply, FastifyRequest } from 'fastify';
import type { LayerResult } from '../model/outcome.ts';
import type { LayerResults } from '../model/status.ts';
import type { Receipt } from '../operations.ts';
import type { Context } from './context.ts';
import { goneSignal } from './gone.ts';
import { waitAsked, within } from './wait.ts';

/** What an accepted message is answered with. */
export interface ReceiptBody {
  /** Its place in the journal; of several events the last one's, `null` when there was none. */
  readonly offset: number | null;
  /** The journal had all of it already: nothing has happened a second time. */
  readonly duplicate: boolean;
  /** How far each layer is. */
  readonly layers: LayerResults;
}

const WORST: readonly LayerResult[] = ['failed', 'queued', 'applied'];

/**
 * Answers 202 once everything is durable; when the client asked to wait, 200 as soon as every layer has applied it,
 * and still 202 when that did not come true in time or cannot any more. `layers` says how far each one is.
 */
export async function answerReceipts(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  receipts: readonly Receipt[],
  wait: string | undefined,
): Promise<ReceiptBody> {
  const waitMs = waitAsked(request, wait, context.limits.waitMaxMs);
  let layers = worst(receipts.map((receipt) => receipt.layers()));
  let status = 202;
  if (waitMs !== null) {
    reply.header('preference-applied', 'wait');
    const applied = Promise.all(receipts.map((receipt) => receipt.applied));
    const finished = await within(applied, waitMs, context, goneSignal(reply));
    layers = worst(finished ? await applied : receipts.map((receipt) => receipt.layers()));
    if (finished && Object.values(layers).every((result) => result === 'applied')) status = 200;
  }
  reply.code(status);
  const duplicate = receipts.length > 0 && receipts.every((receipt) => receipt.duplicate);
  return { offset: receipts.at(-1)?.offset ?? null, duplicate, layers };
}

/** Of several events: a layer is as far as its worst one. */
function worst(all: readonly LayerResults[]): LayerResults {
  const merged: Record<string, LayerResult> = {};
  for (const results of all) {
    for (const [layer, result] of Object.entries(results)) {
      const before = merged[layer] ?? 'applied';
      merged[layer] = WORST.indexOf(result) < WORST.indexOf(before) ? result : before;
    }
  }
  return merged;
}
