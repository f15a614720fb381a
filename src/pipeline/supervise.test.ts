import { beforeEach, describe, expect, it } from 'vitest';
import { at, batch, event, pos, rigOfEachTest } from '../../test/support/pipeline.ts';
import { TidemarkError } from '../errors.ts';
import type { Offset, Position } from '../model/position.ts';
import { settled } from '../runtime/virtual.ts';
import type { Source, SourceItem } from '../sources/source.ts';
import { GAP } from './control.ts';
import { Feed } from './supervise.ts';

const on = rigOfEachTest();

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
  const run = (): Promise<void> => feed.run(on.stop.signal);
  beforeEach(() => {
    source = new Scripted();
    proofs = [];
    horizons = [];
    feed = new Feed({
      name: 'db',
      source,
      journal: on.journal,
      runtime: on.runtime,
      observers: on.observers,
      accept: (one) => on.intake.accept(one),
      proven: (offset, t0, upTo) => proofs.push(upTo ? [offset, t0, upTo.position] : [offset, t0]),
      horizon: (epoch, xid) => horizons.push([on.journal.head, epoch, xid]),
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
    on.stop.abort();
    await running;
    expect(feed.report.running).toBe(false);
  });

  it('passes a proof on only behind everything that was read before it', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const append = on.journal.append.bind(on.journal);
    on.journal.append = async (one) => {
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
    await on.runtime.clock.advance(1_000);
    expect(source.opened).toEqual([null, pos(1), pos(1)]);
    expect(on.journal.head).toBe(2);
    expect(feed.report).toMatchObject({ restarts: 2, lastError: { code: 'SOURCE_FAILED', message: 'refused' } });
  });

  it('is failing since its first failure, until the journal takes something of it again', async () => {
    source.script = [[new Error('reset')], [new Error('refused')], [{ kind: 'batch', batch: batch(1) }]];
    expect(feed.report.failingSince).toBeNull();
    const since = on.runtime.clock.now();
    void run();
    await settled();
    await on.runtime.clock.advance(50);
    await on.runtime.clock.advance(100);
    expect(feed.report).toMatchObject({ failingSince: since, lastError: { message: 'refused' } });
    await on.runtime.clock.advance(1_000);
    expect(feed.report).toMatchObject({ failingSince: null, lastError: { message: 'refused' } });
  });

  it('goes on failing while the journal takes nothing, whatever it sends', async () => {
    on.journal.append = () => Promise.reject(new TidemarkError('JOURNAL_WRITE_FAILED'));
    const item = { kind: 'batch', batch: batch(1) } as const;
    source.script = [[item], [item, { kind: 'proof', t0: 1 }], [item]];
    const since = on.runtime.clock.now();
    void run();
    await on.runtime.clock.advance(1_000);
    expect(feed.report.failingSince).toBe(since);
  });

  it('looks again only now and then when a person has to act first', async () => {
    source.script = [[new TidemarkError('CONFIG_INVALID')], []];
    void run();
    await on.runtime.clock.advance(2_000);
    expect(source.opened).toHaveLength(1);
    await on.runtime.clock.advance(4_000);
    expect(source.opened).toHaveLength(2);
  });

  it('starts again when the journal cannot be written, and acknowledges nothing of it', async () => {
    const append = on.journal.append.bind(on.journal);
    let full = true;
    on.journal.append = (one) => (full ? Promise.reject(new TidemarkError('JOURNAL_WRITE_FAILED')) : append(one));
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
    await on.runtime.clock.advance(1_000);
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
    const entries = await on.journal.read(at(0), 10);
    expect(entries.map((entry) => entry.event.type)).toEqual(['product.updated', GAP, 'product.updated']);
    expect(source.acked).toEqual([pos(1), pos(9), pos(10)]);
    expect(await on.journal.resumeAt('db')).toEqual({ epoch: 'e2', position: pos(10) });
    expect(feed.report.gaps).toBe(1);
  });

  it('has a gap to mend until a proof comes behind it', async () => {
    const resume = { epoch: 'e2', position: pos(9) };
    const gap: SourceItem = { kind: 'gap', code: 'SLOT_LOST', reason: 'the slot is gone', resume };
    source.script = [[gap, new Error('reset')], [{ kind: 'proof', t0: 3 }]];
    const told = on.runtime.clock.now();
    void run();
    await settled();
    expect(feed.report.gap).toEqual({ code: 'SLOT_LOST', message: 'the slot is gone', at: told });
    await on.runtime.clock.advance(1_000);
    expect(feed.report.gap).toBeNull();
  });

  it('bounds what is under way: a source faster than the journal waits', async () => {
    let asked = 0;
    on.journal.append = () => {
      asked++;
      return new Promise(() => undefined);
    };
    source.script = [Array.from({ length: 1_000 }, (_, i): SourceItem => ({ kind: 'batch', batch: batch(i + 1) }))];
    void run();
    await settled();
    expect(asked).toBe(256);
  });
});
