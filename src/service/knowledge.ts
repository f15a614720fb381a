import { Why, type Knowledge } from '../client/why.ts';
import type { Entry } from '../model/entry.ts';
import { EVERY_NAMESPACE, type ActionKind, type PlannedAction } from '../model/plan.ts';
import type { Millis, Offset, SourceId } from '../model/position.ts';
import type { End, EndingEvent } from '../model/reason.ts';
import { sinceWall, type SourceFacts, type Surroundings } from '../trust/hold-up.ts';
import type { Engine } from './engine.ts';
import type { Namespace } from '../client/namespaces.ts';

/** Of an entry, without the event's data. */
type Recalled = Pick<Entry, 'source' | 'receivedAt' | 'plan'> & { readonly type: string };

/** While an end is fresh it is asked about for key after key, and the journal would read the event's data each time. */
const RECALLED_MAX = 16;

/** What the running service knows when somebody asks why; nothing is gathered before. */
export class Knowing {
  readonly #engine: Engine;
  readonly #recalled = new Map<Offset, Recalled>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  of(namespace: Namespace): Knowledge {
    return {
      around: () => this.around(namespace),
      recall: async (end) => ({ ...end, event: await this.#eventOf(end) }),
    };
  }

  whyOf(namespace: Namespace): Why {
    const { memory, runtime } = this.#engine;
    const { shelf, config } = namespace;
    return new Why({ store: memory.store, shelf, policy: config, runtime, knowledge: this.of(namespace) });
  }

  around({ provers }: Pick<Namespace, 'provers'>): Surroundings {
    const { runtime, memory, layers, clockWatch, startedAt } = this.#engine;
    const { clock } = runtime;
    return {
      now: clock.mono(),
      wall: clock.now(),
      startedAt,
      watermark: memory.store.watermark,
      open: layers.find(({ layer }) => layer === memory)?.delivery.open ?? null,
      missing: clockWatch.missing(),
      sources: provers.flatMap((name) => this.#factsOf(name)),
    };
  }

  #factsOf(name: SourceId): SourceFacts[] {
    const { sources, namespaces } = this.#engine;
    const found = sources.get(name);
    if (!found) return [];
    const { type, can, source, feed } = found;
    const { newest, waiting } = namespaces.proofsOf(name);
    const { state, detail = null, gate = null } = source?.report() ?? { state: 'streaming' };
    const { failingSince = null, lastError = null, gap = null } = feed?.report ?? {};
    return [
      {
        source: name,
        type,
        canProve: can.prove,
        proof: newest,
        waiting,
        state,
        detail,
        failing: failingSince !== null && lastError ? trouble(lastError, failingSince) : null,
        gap: gap && trouble(gap, gap.at),
        gate,
      },
    ];
  }

  async #eventOf({ offset, target, name, namespace }: End): Promise<EndingEvent | null> {
    const entry = await this.#recall(offset);
    if (!entry) return null;
    const { type, source, receivedAt, plan } = entry;
    const wanted = target === 'everything' ? EVERY_NAMESPACE : name;
    const action = plan.actions.find(
      (one) => KINDS[target].has(one.kind) && one.target === wanted && reaches(one, namespace),
    );
    return {
      type,
      source,
      received: sinceWall(receivedAt, this.#engine.runtime.clock.now()),
      action: action ? { kind: action.kind, contract: action.contract, widened: action.widened === true } : null,
    };
  }

  /** `null` when the journal has let it go, or cannot be read. */
  async #recall(offset: Offset): Promise<Recalled | null> {
    const known = this.#recalled.get(offset);
    if (known !== undefined) return known;
    const [entry] = await this.#engine.journal.read((offset - 1) as Offset, 1).catch(() => []);
    if (entry?.offset !== offset) return null;
    const { event, source, receivedAt, plan } = entry;
    const recalled = { type: event.type, source, receivedAt, plan };
    this.#recalled.set(offset, recalled);
    for (const oldest of this.#recalled.keys()) if (this.#recalled.size > RECALLED_MAX) this.#recalled.delete(oldest);
    return recalled;
  }
}

function trouble(
  { code, message }: { readonly code: string; readonly message: string },
  since: Millis,
): NonNullable<SourceFacts['failing']> {
  return { since, code, message };
}

const KEY_KINDS: ReadonlySet<ActionKind> = new Set<ActionKind>(['delete_key', 'expire_key', 'refresh_key']);
const TAG_KINDS: ReadonlySet<ActionKind> = new Set<ActionKind>(['purge_tag', 'expire_tag']);
const NAMESPACE_KINDS: ReadonlySet<ActionKind> = new Set<ActionKind>(['purge_namespace']);

/** What can end each kind of target. */
const KINDS = { key: KEY_KINDS, tag: TAG_KINDS, namespace: NAMESPACE_KINDS, everything: NAMESPACE_KINDS };

/** An action without a namespace reaches its key or tag in every one. */
function reaches({ namespace: narrowed }: PlannedAction, namespace: string): boolean {
  return (narrowed ?? namespace) === namespace;
}
