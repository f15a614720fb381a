import type { Journal } from '../journal/journal.ts';
import type { Layer, StampedAction } from '../layers/layer.ts';
import type { Entry } from '../model/entry.ts';
import type { Outcome } from '../model/outcome.ts';
import { EVERY_NAMESPACE, type Action } from '../model/plan.ts';
import type { Offset, SourceId } from '../model/position.ts';
import { backoffMs } from '../runtime/backoff.ts';
import type { Observers } from '../runtime/observers.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { coalesce } from './coalesce.ts';
import { OpenTransactions, type OpenTransaction } from './open-transactions.ts';

export interface DeliveryParts {
  readonly layer: Layer;
  readonly journal: Journal;
  readonly runtime: Runtime;
  readonly observers: Observers;
  /** How far the next inner layer has come: this one never overtakes it, or it could refill from a stale one. */
  readonly inner: Inner;
  /** Whether a source is still read, so that a transaction of it that is open can end. */
  readonly canEnd: (source: SourceId) => boolean;
  /** Called with entries, in order, before the layer's watermark can pass them. */
  readonly reading?: (entries: readonly Entry[]) => void;
  /** Called in the same turn in which the layer's watermark moves. */
  readonly settled: (watermark: Offset) => void;
  /** An action that can never succeed was replaced by the next larger class. */
  readonly failed: (at: Offset) => void;
}

/** What is settled first: the next inner layer, or for the innermost the journal itself. */
export interface Inner {
  watermark(): Offset;
  /** Resolves when its watermark is beyond `after`, or when the signal aborts. */
  moved(after: Offset, signal: AbortSignal): Promise<void>;
}

/** Entries read at a time: a few milliseconds of work between two looks at anything else. */
const PAGE = 1_000;

/**
 * `journal.read ─▶ layer.apply ─▶ settle` for one layer. The watermark moves only over a contiguous prefix: a page whose
 * actions are not all settled is not passed (SPEC I3).
 */
export class Delivery {
  readonly #parts: DeliveryParts;
  #read: Offset;
  #watermark: Offset;
  #open: OpenTransactions;
  #retrying: string | null = null;

  constructor(parts: DeliveryParts, from: Offset) {
    this.#parts = parts;
    this.#read = from;
    this.#watermark = from;
    this.#open = new OpenTransactions(parts.canEnd);
  }

  get watermark(): Offset {
    return this.#watermark;
  }

  /** The transaction that the watermark stands before. */
  get open(): OpenTransaction | null {
    return this.#open.oldest;
  }

  /** What the layer last failed with, while it is being tried again. */
  get retrying(): string | null {
    return this.#retrying;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { journal, inner, runtime, layer } = this.#parts;
    let isKnown = layer.resume === undefined;
    for (let attempt = 0; !signal.aborted;) {
      if (!isKnown) {
        isKnown = await this.#resume(attempt++, signal);
        continue;
      }
      try {
        await inner.moved(this.#read, signal);
        if (signal.aborted) return;
        const page = await journal.read(this.#read, PAGE);
        const limit = inner.watermark();
        const entries =
          page.length > 0 && (page.at(-1)?.offset ?? 0) > limit ? page.filter((entry) => entry.offset <= limit) : page;
        const gone = Math.min(journal.first - 1, limit) as Offset;
        if (entries.length > 0) isKnown = await this.#deliver(entries, signal);
        else if (gone > this.#read) isKnown = await this.#pass(gone, signal);
        if (isKnown) attempt = 0;
        // Between pages everything else gets its turn, so that a backlog does not starve readers (SPEC I4).
        if (page.length === PAGE) await runtime.clock.turn();
      } catch (error) {
        runtime.log.error({ layer: this.#parts.layer.name, err: error }, 'the journal could not be read; trying again');
        await runtime.clock.sleep(backoffMs(attempt++, runtime.random), signal);
      }
    }
  }

  /**
   * Where a layer that outlives this process stands: where this goes on, which may be further back than it was. Pages
   * begin there anew, and it is where no transaction is open.
   */
  async #resume(attempt: number, signal: AbortSignal): Promise<boolean> {
    const { layer, runtime, canEnd, settled } = this.#parts;
    try {
      if (attempt > 0) await runtime.clock.sleep(backoffMs(attempt - 1, runtime.random), signal);
      const from = await layer.resume?.();
      if (from === undefined || signal.aborted) return false;
      if (from < this.#watermark)
        runtime.log.warn({ layer: layer.name, from, was: this.#watermark }, 'the layer has gone back; applying again');
      this.#read = from;
      this.#watermark = from;
      this.#open = new OpenTransactions(canEnd);
      this.#retrying = null;
      settled(from);
      return true;
    } catch (error) {
      this.#unreached(error);
      return false;
    }
  }

  /** False when the layer could not be reached and has to say first where it stands. */
  async #deliver(entries: readonly Entry[], signal: AbortSignal): Promise<boolean> {
    this.#parts.reading?.(entries);
    const work = coalesce(entries, this.#parts.layer, this.#open);
    const first = entries[0]?.offset ?? this.#read;
    const actions = [...this.#forHole(first), ...work.actions];
    if (!(await this.#settle(actions, work.watermark, signal))) return false;
    if (signal.aborted) return true;
    this.#read = entries.at(-1)?.offset ?? this.#read;
    this.#tell(entries, work.actions);
    return true;
  }

  /** Nothing up to there is left in the journal, and nothing behind it may be applied yet. */
  async #pass(gone: Offset, signal: AbortSignal): Promise<boolean> {
    const hole = this.#forHole((gone + 1) as Offset).map(({ action }) => ({ action, at: gone }));
    if (!(await this.#settle(hole, this.#open.settled(gone), signal))) return false;
    if (!signal.aborted) this.#read = gone;
    return true;
  }

  /** Tries until all of it is applied; false when the layer has to say first where it stands. */
  async #settle(actions: readonly StampedAction[], watermark: Offset, signal: AbortSignal): Promise<boolean> {
    const { layer, runtime, settled } = this.#parts;
    let left = actions;
    for (let attempt = 0; ; attempt++) {
      const outcomes = await this.#apply(left, watermark, signal);
      if (signal.aborted) return true;
      if (!outcomes && layer.resume) return false;
      if (outcomes) left = this.#sort(left, outcomes);
      if (outcomes && left.length === 0) break;
      await runtime.clock.sleep(backoffMs(attempt, runtime.random), signal);
    }
    this.#retrying = null;
    this.#watermark = watermark;
    settled(watermark);
    return true;
  }

  /** Entries that the journal forgot before this layer had them end the trust of everything here (anomaly C9). */
  #forHole(first: Offset): StampedAction[] {
    if (first <= this.#read + 1) return [];
    const { layer, runtime } = this.#parts;
    const missing = { layer: layer.name, from: this.#read + 1, to: first - 1 };
    runtime.log.error(
      missing,
      'the journal forgot entries that the layer had still to apply; everything in it is purged',
    );
    return [{ action: { kind: 'purge_namespace', target: EVERY_NAMESPACE }, at: first }];
  }

  /** One call of the layer; `null` when it could not be reached. */
  async #apply(
    actions: readonly StampedAction[],
    watermark: Offset,
    signal: AbortSignal,
  ): Promise<readonly Outcome[] | null> {
    try {
      return await this.#parts.layer.apply(actions, watermark, signal);
    } catch (error) {
      this.#unreached(error);
      return null;
    }
  }

  /** Said once for each reason: an outage of an hour is one line. */
  #unreached(error: unknown): void {
    const { layer, runtime } = this.#parts;
    const reason = error instanceof Error ? error.message : String(error);
    if (reason !== this.#retrying)
      runtime.log.warn({ layer: layer.name, err: error }, 'the layer could not be reached; trying again');
    this.#retrying = reason;
  }

  /** What has still to be applied: retries, and in place of what never will be, the next larger class. */
  #sort(actions: readonly StampedAction[], outcomes: readonly Outcome[]): StampedAction[] {
    const { layer, runtime, failed } = this.#parts;
    const left: StampedAction[] = [];
    outcomes.forEach((outcome, index) => {
      const stamped = actions[index];
      if (!stamped) return;
      runtime.metrics.actions.inc({ layer: layer.name, action: stamped.action.kind, outcome: outcome.status });
      if (outcome.status !== 'failed') return;
      this.#retrying = outcome.message;
      if (outcome.retry) {
        left.push(stamped);
        return;
      }
      failed(stamped.at);
      this.#keep(stamped, outcome.code, outcome.message);
      const wider = widen(stamped.action);
      if (wider && layer.can.has(wider.kind)) left.push({ action: wider, at: stamped.at });
    });
    return left;
  }

  #keep({ action, at }: StampedAction, code: string, message: string): void {
    const { layer, journal, runtime, observers } = this.#parts;
    const stage = `layer:${layer.name}`;
    runtime.metrics.deadLetters.inc({ stage: 'layer' });
    observers.tell('dead-letter', { stage, code, message, target: action.target });
    journal.deadLetters
      .put({
        offset: at,
        source: '',
        stage,
        code,
        message,
        event: null,
        action: { ...action, contract: '' },
        attempts: 1,
        at: runtime.clock.now(),
      })
      .catch((error: unknown) => {
        runtime.log.error({ layer: layer.name, err: error, action }, 'a dead letter could not be kept');
      });
  }

  #tell(entries: readonly Entry[], actions: readonly StampedAction[]): void {
    const { layer, runtime, observers } = this.#parts;
    const newest = entries.at(-1);
    const oldest = entries[0];
    if (!newest || !oldest) return;
    const now = runtime.clock.now();
    runtime.metrics.applyDelay.observe({ layer: layer.name }, Math.max(0, now - oldest.receivedAt) / 1_000);
    if (!observers.active) return;
    observers.tell('layer:applied', {
      layer: layer.name,
      from: oldest.offset,
      offset: newest.offset,
      watermark: this.#watermark,
      actions: actions.length,
      delayMs: Math.max(0, now - oldest.receivedAt),
    });
  }
}

/** Key, tag, namespace: widening is always safe, skipping never is. */
function widen(action: Action): Action | null {
  if (action.kind === 'purge_namespace')
    return action.target === EVERY_NAMESPACE ? null : { ...action, target: EVERY_NAMESPACE };
  const { layers } = action;
  return { kind: 'purge_namespace', target: action.namespace ?? EVERY_NAMESPACE, ...(layers ? { layers } : {}) };
}
