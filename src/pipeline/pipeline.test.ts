import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryJournal } from '../journal/memory.ts';
import type { Layer, StampedAction } from '../layers/layer.ts';
import type { Batch, ChangeEvent } from '../model/event.ts';
import type { Outcome } from '../model/outcome.ts';
import { ACTION_KINDS, type ActionKind, type Plan } from '../model/plan.ts';
import type { Offset, Position } from '../model/position.ts';
import { Observers } from '../runtime/observers.ts';
import { settled, virtualRuntime, type VirtualRuntime } from '../runtime/virtual.ts';
import type { Source, SourceItem } from '../sources/source.ts';
import { TidemarkError } from '../errors.ts';
import { CONTRACTS_CHANGED, controlPlan, GAP, isControl } from './control.ts';
import { coalesce } from './coalesce.ts';
import { Delivery } from './deliver.ts';
import { Intake } from './intake.ts';
import { OpenTransactions } from './open-transactions.ts';
import { Projection } from './projection.ts';
import { Refreshes } from './refresh.ts';
import { replay, type ReplayProgress } from './replay.ts';
import { Settlement } from './settle.ts';
import { Feed } from './supervise.ts';

const at = (offset: number): Offset => offset as Offset;
const pos = (n: number): Position => String(n).padStart(8, '0') as Position;

const event = (id: string, over: Partial<ChangeEvent> = {}): ChangeEvent => ({
  id,
  type: 'product.updated',
  source: 'db',
  data: { id },
  ...over,
});
const batch = (n: number, over: Partial<Batch> = {}): Batch => ({
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
class Recorder implements Layer {
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

let runtime: VirtualRuntime;
let journal: MemoryJournal;
let observers: Observers;
let intake: Intake;
let stop: AbortController;
const planOf = ({ id }: ChangeEvent): Plan => ({
  contractHash: 'h',
  actions: [{ kind: 'delete_key', target: id, contract: 'c' }],
  problems: id.startsWith('bad')
    ? [{ contract: 'c', action: 'delete_key', template: '{x}', code: 'FIELD_MISSING', message: 'no x' }]
    : [],
});

beforeEach(() => {
  runtime = virtualRuntime();
  journal = new MemoryJournal(runtime, { max_entries: 10_000 });
  observers = new Observers(runtime.clock);
  intake = new Intake({ journal, runtime, observers, plan: planOf });
  stop = new AbortController();
});

describe('intake', () => {
  it('plans once and appends; the same again is a duplicate', async () => {
    expect(await intake.accept(batch(1))).toEqual({ offset: 1, duplicates: 0 });
    expect(await intake.accept(batch(1))).toEqual({ offset: 1, duplicates: 1 });
    expect((await journal.read(at(0), 10))[0]?.plan.actions[0]?.target).toBe('e1');
  });

  it('keeps one dead letter for each cause of a batch, with the entry that it came from', async () => {
    const told: string[] = [];
    observers.add(({ type }) => told.push(type));
    await intake.accept(batch(1, { events: [event('ok'), event('bad1'), event('bad2')] }));
    expect(await journal.deadLetters.list()).toMatchObject([
      { offset: 2, stage: 'plan', code: 'FIELD_MISSING', event: { id: 'bad1' } },
    ]);
    expect(told.filter((type) => type === 'dead-letter')).toHaveLength(1);
    expect(told.filter((type) => type === 'event:received')).toHaveLength(3);
  });
});

describe('intake for a feed', () => {
  it('does not stop for ever at a change that the journal can never keep: it widens, is a dead letter, and the feed goes on', async () => {
    const append = journal.append.bind(journal);
    journal.append = (one) =>
      one.events.some(({ type }) => type === 'product.updated') && one.position === pos(2)
        ? Promise.reject(new TidemarkError('EVENT_UNSTORABLE'))
        : append(one);
    intake = new Intake({
      journal,
      runtime,
      observers,
      plan: (one) => (isControl(one) ? controlPlan(one, 'h', () => null) : planOf(one)),
    });
    await intake.acceptWhole(batch(1));
    await expect(intake.acceptWhole(batch(2))).rejects.toMatchObject({ code: 'EVENT_UNSTORABLE' });
    expect(await intake.acceptWhole(batch(2))).toEqual({ offset: 2, duplicates: 0 });
    await intake.acceptWhole(batch(3));
    const entries = await journal.read(at(0), 10);
    expect(entries.map(({ plan }) => plan.actions.map(({ target }) => target).join())).toEqual(['e1', '*', 'e3']);
    expect(await journal.deadLetters.list()).toMatchObject([{ code: 'EVENT_UNDECODABLE', offset: 2 }]);
  });
});

describe('entries of our own', () => {
  it('are gaps, changed contracts and unreadable changes: each ends the trust of all it could have ended', () => {
    const fedBy = (source: string): readonly string[] | null => (source === 'db' ? ['product'] : null);
    const of = (type: string, source: string): string[] =>
      controlPlan(event('x', { type, source }), 'h', fedBy).actions.map(({ target }) => target);
    expect(of(GAP, 'db')).toEqual(['product']);
    expect(of(GAP, 'other')).toEqual(['*']);
    expect(of(CONTRACTS_CHANGED, 'db')).toEqual(['*']);
    expect(of('tidemark.undecodable', 'db')).toEqual(['product']);
    expect(controlPlan(event('x', { type: 'tidemark.undecodable' }), 'h', fedBy).problems).toHaveLength(1);
    expect([GAP, 'product.updated', 'toString'].map((type) => isControl(event('x', { type })))).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('coalescing', () => {
  it('asks for each target once, at its newest offset, and moves the watermark to the last commit', async () => {
    await intake.accept(batch(1, { events: [event('a'), event('b')] }));
    await intake.accept(batch(2, { events: [event('a')] }));
    await intake.accept(batch(3, { events: [event('c')], commit: false }));
    const work = coalesce(await journal.read(at(0), 10), new Recorder('l'), new OpenTransactions(() => true));
    expect(work.actions.map(({ action, at: offset }) => `${action.target}@${offset}`)).toEqual(['a@3', 'b@2', 'c@4']);
    expect(work.watermark).toBe(3);
  });

  it('leaves out what the layer cannot do and what is meant for another', () => {
    const plan = {
      contractHash: 'h',
      problems: [],
      actions: [
        { kind: 'purge_url', target: '/x', contract: 'c' },
        { kind: 'delete_key', target: 'a', contract: 'c', layers: ['edge'] },
        { kind: 'delete_key', target: 'b', contract: 'c', layers: ['l'] },
      ],
    } as const satisfies Plan;
    const entry = {
      offset: at(1),
      source: 'db',
      epoch: '',
      position: null,
      commit: true,
      event: event('x'),
      plan,
      receivedAt: 0,
    };
    expect(
      coalesce([entry], new Recorder('l'), new OpenTransactions(() => true)).actions.map(({ action }) => action.target),
    ).toEqual(['b']);
  });
});

describe('delivery', () => {
  let layer: Recorder;
  let settlement: Settlement;
  const start = (one: Recorder, inner?: string): Delivery => {
    settlement.add(one.name, at(0));
    const delivery = new Delivery(
      {
        layer: one,
        journal,
        runtime,
        observers,
        canEnd: (source) => source !== 'removed',
        inner:
          inner === undefined
            ? { watermark: () => journal.head, moved: (after, signal) => journal.changed(after, signal) }
            : {
                watermark: () => settlement.watermark(inner),
                moved: (after, signal) => settlement.moved([inner], after, signal),
              },
        settled: (watermark) => {
          settlement.advance(one.name, watermark);
        },
        failed: (offset) => {
          settlement.fail(one.name, offset);
        },
      },
      at(0),
    );
    void delivery.run(stop.signal);
    return delivery;
  };
  beforeEach(() => {
    layer = new Recorder('local');
    settlement = new Settlement();
  });

  it('applies what is appended and settles it', async () => {
    start(layer);
    const { offset } = await intake.accept(batch(1));
    expect(await settlement.reached(offset)).toEqual({ local: 'applied' });
    expect(layer.applied).toEqual(['delete_key e1 @1']);
  });

  it('applies the first part of a transaction at once, and moves the watermark only at its commit', async () => {
    const delivery = start(layer);
    await intake.accept(batch(1, { commit: false }));
    await settled();
    expect(layer.applied).toEqual(['delete_key e1 @1']);
    expect([delivery.watermark, layer.watermark]).toEqual([0, 0]);
    await intake.accept(batch(1, { first: 1, events: [event('e2')] }));
    await settled();
    expect([delivery.watermark, layer.watermark]).toEqual([2, 2]);
  });

  it('does not let the watermark pass an open transaction when entries of other sources come between its parts', async () => {
    const delivery = start(layer);
    await intake.accept(batch(1, { commit: false }));
    await intake.accept(batch(7, { source: 'app', events: [event('a', { source: 'app' })] }));
    await settled();
    expect(layer.applied).toEqual(['delete_key e1 @1', 'delete_key a @2']);
    expect([delivery.watermark, layer.watermark]).toEqual([0, 0]);
    await intake.accept(batch(1, { first: 1, events: [event('e2')] }));
    await settled();
    expect([delivery.watermark, layer.watermark]).toEqual([3, 3]);
  });

  it('does not wait for the rest of a transaction of a source that is no longer read', async () => {
    const delivery = start(layer);
    await intake.accept(batch(1, { source: 'removed', commit: false }));
    await settled();
    expect(delivery.watermark).toBe(1);
  });

  it('waits for a layer that cannot be reached, says so, and loses nothing', async () => {
    const delivery = start(layer);
    layer.down = true;
    const { offset } = await intake.accept(batch(1));
    await runtime.clock.advance(60_000);
    expect(settlement.results(offset)).toEqual({ local: 'queued' });
    expect(delivery.retrying).toBe('connection refused');
    layer.down = false;
    await runtime.clock.advance(20_000);
    expect(settlement.results(offset)).toEqual({ local: 'applied' });
    expect(delivery.retrying).toBeNull();
  });

  it('tries again only what failed for now', async () => {
    let tries = 0;
    layer.answer = ({ action }) =>
      action.target === 'e2' && tries++ < 2
        ? { status: 'failed', retry: true, code: 'BUSY', message: 'busy' }
        : { status: 'applied' };
    start(layer);
    await intake.accept(batch(1, { events: [event('e1'), event('e2')] }));
    await runtime.clock.advance(10_000);
    expect(layer.applied).toEqual(['delete_key e1 @1', 'delete_key e2 @2']);
  });

  it('replaces what can never be applied by the next larger class, keeps a dead letter and says failed', async () => {
    layer.answer = ({ action }) =>
      action.kind === 'delete_key'
        ? { status: 'failed', retry: false, code: 'KEY_TOO_LONG', message: 'too long' }
        : { status: 'applied' };
    start(layer);
    const { offset } = await intake.accept(batch(1));
    await runtime.clock.advance(1_000);
    expect(layer.applied).toEqual(['purge_namespace * @1']);
    expect(settlement.results(offset)).toEqual({ local: 'failed' });
    expect(await journal.deadLetters.list()).toMatchObject([{ stage: 'layer:local', code: 'KEY_TOO_LONG', offset: 1 }]);
  });

  it('never lets an outer layer overtake the inner one', async () => {
    const outer = new Recorder('edge');
    layer.down = true;
    start(layer);
    start(outer, 'local');
    const { offset } = await intake.accept(batch(1));
    await runtime.clock.advance(1_000);
    expect(outer.applied).toEqual([]);
    layer.down = false;
    await runtime.clock.advance(20_000);
    expect(outer.applied).toEqual(['delete_key e1 @1']);
    expect(await settlement.reached(offset)).toEqual({ local: 'applied', edge: 'applied' });
  });

  it('survives a journal that cannot be read for a while', async () => {
    const read = journal.read.bind(journal);
    let failures = 2;
    journal.read = (after, limit) => (failures-- > 0 ? Promise.reject(new Error('disk')) : read(after, limit));
    start(layer);
    await intake.accept(batch(1));
    await runtime.clock.advance(5_000);
    expect(layer.applied).toEqual(['delete_key e1 @1']);
  });

  it('purges everything when the journal forgot entries that the layer had still to apply (anomaly C9)', async () => {
    for (let n = 1; n <= 3; n++) await intake.accept(batch(n));
    const read = journal.read.bind(journal);
    journal.read = async (after, limit) => (await read(after, limit)).filter(({ offset }) => offset > 2);
    start(layer);
    await settled();
    expect(layer.applied).toEqual(['purge_namespace * @3', 'delete_key e3 @3']);
  });

  it('gives waiters what it has come to when it closes', async () => {
    settlement.add('local', at(0));
    const waiting = settlement.reached(at(5));
    settlement.close();
    expect(await waiting).toEqual({ local: 'queued' });
    expect(await settlement.reached(at(6))).toEqual({ local: 'queued' });
  });
});

/** A source that yields what the test pushes, and ends as told. */
class Scripted implements Source {
  readonly acked: Position[] = [];
  readonly opened: (string | null)[] = [];
  script: (SourceItem | Error)[][] = [];

  async *open(after: { position: Position } | null, signal: AbortSignal): AsyncIterable<SourceItem> {
    this.opened.push(after?.position ?? null);
    for (const item of this.script.shift() ?? []) {
      if (item instanceof Error) throw item;
      yield await Promise.resolve(item);
    }
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve();
      });
    });
  }

  ack(upTo: Position): Promise<void> {
    this.acked.push(upTo);
    return Promise.resolve();
  }

  report(): { state: 'streaming' } {
    return { state: 'streaming' };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe('a supervised source', () => {
  let source: Scripted;
  let proofs: [Offset, number, ...Position[]][];
  let horizons: unknown[];
  let feed: Feed;
  const run = (): Promise<void> => feed.run(stop.signal);
  beforeEach(() => {
    source = new Scripted();
    proofs = [];
    horizons = [];
    feed = new Feed({
      name: 'db',
      source,
      journal,
      runtime,
      observers,
      accept: (one) => intake.accept(one),
      proven: (offset, t0, upTo) => proofs.push(upTo ? [offset, t0, upTo.position] : [offset, t0]),
      horizon: (epoch, xid) => horizons.push([journal.head, epoch, xid]),
    });
  });

  it('acknowledges only what is durable, in order, and only at commits', async () => {
    source.script = [
      [
        { kind: 'batch', batch: batch(1) },
        { kind: 'batch', batch: batch(2, { commit: false }) },
        { kind: 'batch', batch: batch(2, { first: 1, events: [event('x')] }) },
      ],
    ];
    const running = run();
    await settled();
    expect(source.acked).toEqual([pos(1), pos(2)]);
    expect(feed.report).toMatchObject({ running: true, events: 3 });
    stop.abort();
    await running;
    expect(feed.report.running).toBe(false);
  });

  it('passes a proof on only behind everything that was read before it', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const append = journal.append.bind(journal);
    journal.append = async (one) => {
      await gate;
      return append(one);
    };
    source.script = [
      [
        { kind: 'batch', batch: batch(1) },
        { kind: 'proof', t0: 7 },
      ],
    ];
    void run();
    await settled();
    expect(proofs).toEqual([]);
    release();
    await settled();
    expect(proofs).toEqual([[1, 7]]);
  });

  it('passes on how far a proof goes, and a horizon only once all that came before it is in the journal', async () => {
    source.script = [
      [
        { kind: 'batch', batch: batch(1) },
        { kind: 'horizon', epoch: 'e', xid: '77' },
        { kind: 'proof', t0: 7, upTo: { epoch: 'e', position: pos(5) } },
      ],
    ];
    void run();
    await settled();
    expect(horizons).toEqual([[1, 'e', '77']]);
    expect(proofs).toEqual([[1, 7, pos(5)]]);
  });

  it('starts again after an error, from what the journal has, with growing pauses', async () => {
    source.script = [
      [{ kind: 'batch', batch: batch(1) }, new Error('reset')],
      [new Error('refused')],
      [{ kind: 'batch', batch: batch(2) }],
    ];
    void run();
    await runtime.clock.advance(1_000);
    expect(source.opened).toEqual([null, pos(1), pos(1)]);
    expect(journal.head).toBe(2);
    expect(feed.report).toMatchObject({ restarts: 2, lastError: { code: 'SOURCE_FAILED', message: 'refused' } });
  });

  it('looks again only now and then when a person has to act first', async () => {
    source.script = [[new TidemarkError('CONFIG_INVALID')], []];
    void run();
    await runtime.clock.advance(2_000);
    expect(source.opened).toHaveLength(1);
    await runtime.clock.advance(4_000);
    expect(source.opened).toHaveLength(2);
  });

  it('starts again when the journal cannot be written, and acknowledges nothing of it', async () => {
    const append = journal.append.bind(journal);
    let full = true;
    journal.append = (one) => (full ? Promise.reject(new TidemarkError('JOURNAL_WRITE_FAILED')) : append(one));
    source.script = [
      [
        { kind: 'batch', batch: batch(1) },
        { kind: 'proof', t0: 1 },
      ],
      [{ kind: 'batch', batch: batch(1) }],
    ];
    void run();
    await settled();
    expect([source.acked, proofs]).toEqual([[], []]);
    full = false;
    await runtime.clock.advance(1_000);
    expect(source.acked).toEqual([pos(1)]);
  });

  it('puts a gap into the journal as an entry and goes on behind it', async () => {
    const resume = { epoch: 'e2', position: pos(9) };
    source.script = [
      [
        { kind: 'batch', batch: batch(1) },
        { kind: 'gap', code: 'SLOT_LOST', reason: 'the slot is gone', resume },
        { kind: 'batch', batch: batch(10, { epoch: 'e2' }) },
      ],
    ];
    void run();
    await settled();
    const entries = await journal.read(at(0), 10);
    expect(entries.map((entry) => entry.event.type)).toEqual(['product.updated', GAP, 'product.updated']);
    expect(source.acked).toEqual([pos(1), pos(9), pos(10)]);
    expect(await journal.resumeAt('db')).toEqual({ epoch: 'e2', position: pos(10) });
    expect(feed.report.gaps).toBe(1);
  });

  it('bounds what is under way: a source faster than the journal waits', async () => {
    let asked = 0;
    journal.append = () => {
      asked++;
      return new Promise(() => undefined);
    };
    source.script = [Array.from({ length: 1_000 }, (_, i): SourceItem => ({ kind: 'batch', batch: batch(i + 1) }))];
    void run();
    await settled();
    expect(asked).toBe(256);
  });
});

describe('a projection', () => {
  const done: Offset[] = [];
  const make = (refresh: () => Promise<void> | void, attempts = 3): Projection =>
    new Projection({
      name: 'p',
      refresh,
      debounceMs: 200,
      timeoutMs: 1_000,
      attempts,
      runtime,
      done: (upTo) => done.push(upTo),
      gaveUp: async (upTo, tries, error) => {
        await journal.deadLetters.put({
          offset: upTo,
          source: '',
          stage: 'projection:p',
          code: 'X',
          message: String(error),
          event: null,
          action: null,
          attempts: tries,
          at: 0,
        });
      },
    });
  beforeEach(() => {
    done.length = 0;
  });

  it('is refreshed once for requests within the debounce, counted from the first', async () => {
    let runs = 0;
    const projection = make(() => void runs++);
    for (let i = 1; i <= 5; i++) {
      projection.ask(at(i));
      await runtime.clock.advance(30);
    }
    expect(runs).toBe(0);
    await runtime.clock.advance(60);
    expect([runs, done]).toEqual([1, [5]]);
  });

  it('is never refreshed twice at once, and again after a request that came meanwhile', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const finish: (() => void)[] = [];
    const projection = make(async () => {
      runs++;
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => finish.push(resolve));
      running--;
    });
    projection.ask(at(1));
    await runtime.clock.advance(200);
    projection.ask(at(2));
    // Beyond its timeout it is told to stop, and still waited for.
    await runtime.clock.advance(5_000);
    expect([runs, projection.report.running, projection.report.pending]).toEqual([1, true, true]);
    finish[0]?.();
    await runtime.clock.advance(300);
    finish[1]?.();
    await settled();
    expect([runs, most, done]).toEqual([2, 1, [1, 2]]);
  });

  it('is tried again, then becomes a dead letter and lets the rest go on', async () => {
    let runs = 0;
    const projection = make(() => {
      runs++;
      throw new Error('503');
    });
    projection.ask(at(1));
    await runtime.clock.advance(5_000);
    expect([runs, done]).toEqual([3, [1]]);
    expect(await journal.deadLetters.list()).toMatchObject([{ offset: 1, attempts: 3, message: 'Error: 503' }]);
    expect(projection.report).toMatchObject({ failures: 3, lastError: '503', running: false });
  });

  it('stops when it closes, and has not done what it did not do', async () => {
    const projection = make(
      () =>
        new Promise<void>((_, reject) => {
          runtime.clock.after(100, () => {
            reject(new Error('late'));
          });
        }),
    );
    projection.ask(at(1));
    await runtime.clock.advance(250);
    const closing = projection.close();
    await runtime.clock.advance(100);
    await closing;
    expect(done).toEqual([]);
  });

  it('keeps its place in the journal before the oldest request that is not done', async () => {
    const refreshing: (() => void)[] = [];
    intake = new Intake({
      journal,
      runtime,
      observers,
      plan: ({ id }) => ({
        contractHash: 'h',
        problems: [],
        actions: [{ kind: 'refresh_projection', target: id.startsWith('p') ? 'p' : 'gone', contract: 'c' }],
      }),
    });
    const projection: Projection = new Projection({
      name: 'p',
      refresh: () => new Promise<void>((resolve) => refreshing.push(resolve)),
      debounceMs: 200,
      timeoutMs: 60_000,
      attempts: 1,
      runtime,
      done: (upTo) => {
        refreshes.done('p', upTo);
      },
      gaveUp: () => Promise.resolve(),
    });
    const inner = {
      watermark: () => journal.head,
      moved: (after: Offset, signal: AbortSignal) => journal.changed(after, signal),
    };
    const refreshes = new Refreshes({ journal, runtime, inner }, new Map([['p', projection]]), at(0));
    void refreshes.run(stop.signal);
    for (const [n, id] of [
      [1, 'other'],
      [2, 'p1'],
      [3, 'other2'],
    ] as const)
      await intake.accept(batch(n, { events: [event(id)] }));
    await runtime.clock.advance(200);
    expect(await journal.cursor('projections')).toBe(1);
    await intake.accept(batch(4, { events: [event('p2')] }));
    await settled();
    refreshing[0]?.();
    await settled();
    expect(await journal.cursor('projections')).toBe(2);
    await runtime.clock.advance(200);
    refreshing[1]?.();
    await settled();
    expect(await journal.cursor('projections')).toBe(4);
  });
});

describe('a replay', () => {
  const run = (range: Partial<Parameters<typeof replay>[1]>): Promise<ReplayProgress> =>
    replay(
      {
        journal,
        runtime,
        accept: (one) => intake.accept(one),
        plan: planOf,
        wanted: (type) => type === 'product.updated',
      },
      {
        from: at(1),
        to: journal.head,
        dryRun: false,
        rate: 1_000,
        signal: stop.signal,
        onProgress: () => undefined,
        ...range,
      },
    );
  beforeEach(async () => {
    for (let n = 1; n <= 3; n++) await intake.accept(batch(n));
    await intake.accept(batch(4, { events: [event('o', { type: 'order.created' })] }));
  });

  it('counts without changing anything when it is dry', async () => {
    expect(await run({ dryRun: true })).toEqual({
      scanned: 4,
      matched: 3,
      replayed: 0,
      actions: { delete_key: 3 },
      cancelled: false,
    });
    expect(journal.head).toBe(4);
  });

  it('appends old events as new entries, and a second replay does not multiply them', async () => {
    expect(await run({})).toMatchObject({ replayed: 3 });
    expect(journal.head).toBe(7);
    expect(await run({ to: journal.head })).toMatchObject({ scanned: 7, matched: 3 });
    expect(await journal.resumeAt('db')).toEqual({ epoch: 'e', position: pos(4) });
  });

  it('keeps its pace and can be cancelled', async () => {
    for (let n = 5; n <= 60; n++) await intake.accept(batch(n));
    const running = run({ to: journal.head, rate: 20 });
    await runtime.clock.advance(1_500);
    stop.abort();
    const report = await running;
    expect(report).toMatchObject({ cancelled: true, replayed: 40 });
  });
});
