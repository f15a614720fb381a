import { TidemarkError } from '../errors.ts';
import type { Journal } from '../journal/journal.ts';
import type { Appended } from '../model/entry.ts';
import { UNDECODABLE, type Batch, type ChangeEvent } from '../model/event.ts';
import type { Plan } from '../model/plan.ts';
import type { Observers } from '../runtime/observers.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { Floods } from './floods.ts';

export interface IntakeParts {
  readonly journal: Journal;
  readonly runtime: Runtime;
  readonly observers: Observers;
  /** Contracts of the moment; pure. */
  readonly plan: (event: ChangeEvent) => Plan;
  /** Keys and tags that one transaction may name before it ends namespaces instead. Default: any number. */
  readonly widenAfter?: number;
}

/** `source.open ─▶ plan ─▶ journal.append`: the one way in, for events that are read and for those that are sent. */
export class Intake {
  readonly #parts: IntakeParts;
  readonly #floods: Floods;
  /** Batches that the journal refused for good, and why, until they have come again. */
  readonly #unkeepable = new Map<string, string>();

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#floods = new Floods(parts.widenAfter ?? Infinity);
  }

  /** Resolves when the batch is durable. What the journal had already has no second effect. */
  async accept(batch: Batch): Promise<Appended> {
    const { journal, runtime, observers, plan, widenAfter } = this.#parts;
    const startedAt = runtime.clock.mono();
    const { plans, begun } = this.#floods.widen(batch, batch.events.map(plan));
    if (begun) {
      const { source, position } = batch;
      runtime.log.warn(
        { source, position, widenAfter },
        'a transaction names so many keys and tags that it ends namespaces',
      );
    }
    const appended = await journal.append({ ...batch, plans });
    runtime.metrics.journalAppend.observe((runtime.clock.mono() - startedAt) / 1_000);
    const fresh = batch.events.length - appended.duplicates;
    if (fresh > 0) runtime.metrics.events.inc({ source: batch.source, result: 'accepted' }, fresh);
    if (appended.duplicates > 0) {
      runtime.metrics.events.inc({ source: batch.source, result: 'duplicate' }, appended.duplicates);
    }
    if (fresh > 0) {
      this.#sayProblems(batch, plans);
      if (observers.active) this.#tell(batch, plans, appended);
    }
    return appended;
  }

  /**
   * As `accept`, for a feed that must not stop at one change. What the journal can never keep is refused once, so that
   * nothing behind it overtakes it; when the source brings it again, unreadable changes stand in for its events: they
   * widen, become a dead letter, and the feed goes on.
   */
  async acceptWhole(batch: Batch): Promise<Appended> {
    const id = `${batch.source}/${batch.epoch}/${batch.position}/${batch.first}`;
    const reason = this.#unkeepable.get(id);
    if (reason !== undefined) {
      const events = batch.events.map((event) => ({
        id: event.id,
        source: event.source,
        type: UNDECODABLE,
        data: { type: event.type, reason },
      }));
      const appended = await this.accept({ ...batch, events });
      this.#unkeepable.delete(id);
      return appended;
    }
    try {
      return await this.accept(batch);
    } catch (error) {
      if (error instanceof TidemarkError && error.reaction === 'reject') this.#unkeepable.set(id, error.message);
      throw error;
    }
  }

  /** The journal keeps them as dead letters; here they are said, once for each cause. */
  #sayProblems(batch: Batch, plans: readonly Plan[]): void {
    const { runtime, observers } = this.#parts;
    const said = new Set<string>();
    for (const { contract, action, template, code, message } of plans.flatMap(({ problems }) => problems)) {
      const cause = JSON.stringify([contract, action, template, code]);
      if (said.has(cause)) continue;
      said.add(cause);
      const sentence = `${action} "${template}" of contract "${contract}": ${message}`;
      runtime.metrics.deadLetters.inc({ stage: 'plan' });
      runtime.log.warn({ source: batch.source, code }, `planned by widening: ${sentence}`);
      observers.tell('dead-letter', { stage: 'plan', code, message: sentence });
    }
  }

  #tell(batch: Batch, plans: readonly Plan[], appended: Appended): void {
    const { observers } = this.#parts;
    const first = appended.offset - batch.events.length + 1;
    batch.events.slice(0, TOLD_MAX).forEach((event, index) => {
      const offset = first + index;
      observers.tell('event:received', { offset, source: batch.source, type: event.type, id: event.id });
      const actions = plans[index]?.actions ?? [];
      observers.tell('plan', {
        offset,
        type: event.type,
        actions: actions.slice(0, TOLD_MAX).map((action) => `${action.kind}: ${action.target}`),
        contracts: [...new Set(actions.map((action) => action.contract))],
      });
    });
  }
}

/** A bulk update is told by its beginning: observers are people. */
const TOLD_MAX = 20;
