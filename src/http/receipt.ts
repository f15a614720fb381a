import type { FastifyReply, FastifyRequest } from 'fastify';
import type { MemberOutcome, MemberResult } from '../model/member.ts';
import type { LayerResult } from '../model/outcome.ts';
import type { LayerResults } from '../model/status.ts';
import type { Receipt } from '../operations.ts';
import type { Context } from './context.ts';
import { goneSignal } from './gone.ts';
import { waitAsked, within, type WaitQuery } from './wait.ts';

/** What an accepted message is answered with. */
export interface ReceiptBody {
  /** Its place in the journal; of several events the last one's, `null` when there was none. */
  readonly offset: number | null;
  /** The journal had all of it already: nothing has happened a second time. */
  readonly duplicate: boolean;
  /** How far each layer of this daemon is. */
  readonly layers: LayerResults;
  /** How far the caches of other processes are. Absent when there are none. */
  readonly processes?: readonly MemberResult[];
}

/** The worst first. */
const LAYERS: readonly LayerResult[] = ['failed', 'queued', 'applied'];
const PROCESSES: readonly MemberOutcome[] = ['gone', 'waiting', 'left', 'applied'];

/**
 * Answers 202 once everything is durable; when the client asked to wait, 200 as soon as every layer and every process that has not
 * ended has applied it, and still 202 when that did not come true in time or cannot any more. The answer says how far each one is.
 */
export async function answerReceipts(
  context: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  receipts: readonly Receipt[],
  wait: WaitQuery,
): Promise<ReceiptBody> {
  const waitMs = waitAsked(request, wait, context.limits.waitMaxMs);
  let isReached = false;
  if (waitMs !== null) {
    reply.header('preference-applied', 'wait');
    const everywhere = (signal: AbortSignal): Promise<unknown> =>
      Promise.all(receipts.map((receipt) => receipt.everywhere(signal)));
    isReached = await within(everywhere, waitMs, context, goneSignal(reply));
  }
  const layers = worstLayers(receipts.map((receipt) => receipt.layers()));
  const processes = worstProcesses(receipts.map((receipt) => receipt.processes()));
  const isEverywhere =
    Object.values(layers).every((result) => result === 'applied') &&
    processes.every(({ result }) => result === 'applied' || result === 'left');
  reply.code(isReached && isEverywhere ? 200 : 202);
  const duplicate = receipts.length > 0 && receipts.every((receipt) => receipt.duplicate);
  const offset = receipts.at(-1)?.offset ?? null;
  return { offset, duplicate, layers, ...(processes.length > 0 && { processes }) };
}

/** Of several events: a layer is as far as its worst one. */
function worstLayers(all: readonly LayerResults[]): LayerResults {
  const merged: Record<string, LayerResult> = {};
  for (const results of all) {
    for (const [layer, result] of Object.entries(results)) {
      const before = merged[layer] ?? 'applied';
      merged[layer] = LAYERS.indexOf(result) < LAYERS.indexOf(before) ? result : before;
    }
  }
  return merged;
}

/** Of several events: a process is as far as its worst one. */
function worstProcesses(all: readonly (readonly MemberResult[])[]): MemberResult[] {
  const merged = new Map<string, MemberResult>();
  for (const one of all.flat()) {
    const before = merged.get(one.id);
    if (!before || PROCESSES.indexOf(one.result) < PROCESSES.indexOf(before.result)) merged.set(one.id, one);
  }
  return [...merged.values()];
}
