import { beforeEach } from 'vitest';
import { MemoryJournal } from '../../src/journal/memory.ts';
import type { Layer, StampedAction } from '../../src/layers/layer.ts';
import type { Batch, ChangeEvent } from '../../src/model/event.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import { ACTION_KINDS, type ActionKind, type Plan } from '../../src/model/plan.ts';
import type { Offset, Position } from '../../src/model/position.ts';
import { Intake } from '../../src/pipeline/intake.ts';
import { Observers } from '../../src/runtime/observers.ts';
import { virtualRuntime, type VirtualRuntime } from '../../src/runtime/virtual.ts';

export const at = (offset: number): Offset => offset as Offset;
export const pos = (n: number): Position => String(n).padStart(8, '0') as Position;

export const event = (id: string, over: Partial<ChangeEvent> = {}): ChangeEvent => ({
  id,
  type: 'product.updated',
  source: 'db',
  data: { id },
  ...over,
});
export const batch = (n: number, over: Partial<Batch> = {}): Batch => ({
  source: 'db',
  epoch: 'e',
  position: pos(n),
  first: 0,
  commit: true,
  events: [event(`e${n}`)],
  receivedAt: 0,
  ...over,
});

/** A layer that records what it was asked, and fails as told. */
export class Recorder implements Layer {
  readonly can: ReadonlySet<ActionKind> = new Set(ACTION_KINDS.filter((kind) => kind !== 'purge_url'));
  readonly applied: string[] = [];
  watermark = at(0);
  answer: (action: StampedAction) => Outcome = () => ({ status: 'applied' });
  down = false;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  apply(actions: readonly StampedAction[], watermark: Offset): Promise<readonly Outcome[]> {
    if (this.down) return Promise.reject(new Error('connection refused'));
    const outcomes = actions.map(this.answer);
    actions.forEach(({ action, at: offset }, i) => {
      if (outcomes[i]?.status === 'applied') this.applied.push(`${action.kind} ${action.target} @${offset}`);
    });
    if (outcomes.every((outcome) => outcome.status !== 'failed')) this.watermark = watermark;
    return Promise.resolve(outcomes);
  }

  probe(): Promise<{ ok: boolean }> {
    return Promise.resolve({ ok: !this.down });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Each event deletes the key of its id; one whose id begins with "bad" has a problem as well. */
export const planOf = ({ id }: ChangeEvent): Plan => ({
  contractHash: 'h',
  actions: [{ kind: 'delete_key', target: id, contract: 'c' }],
  problems: id.startsWith('bad')
    ? [{ contract: 'c', action: 'delete_key', template: '{x}', code: 'FIELD_MISSING', message: 'no x' }]
    : [],
});

/** What the loops of the pipeline stand on: a journal in memory, time that stands still, and an intake. */
export interface Rig {
  readonly runtime: VirtualRuntime;
  readonly journal: MemoryJournal;
  readonly observers: Observers;
  readonly intake: Intake;
  readonly stop: AbortController;
}

export function rig(): Rig {
  const runtime = virtualRuntime();
  const journal = new MemoryJournal(runtime, { max_entries: 10_000 });
  const observers = new Observers(runtime.clock);
  const intake = new Intake({ journal, runtime, observers, plan: planOf });
  return { runtime, journal, observers, intake, stop: new AbortController() };
}

/** A new one before each test, by the parts of it that are asked for in the test. */
export function rigOfEachTest(): Rig {
  let current: Rig;
  beforeEach(() => {
    current = rig();
  });
  return {
    get runtime() {
      return current.runtime;
    },
    get journal() {
      return current.journal;
    },
    get observers() {
      return current.observers;
    },
    get intake() {
      return current.intake;
    },
    get stop() {
      return current.stop;
    },
  };
}
