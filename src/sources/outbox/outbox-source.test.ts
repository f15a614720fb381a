import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UNDECODABLE } from '../../model/event.ts';
import type { Resume } from '../../model/position.ts';
import { loadSqlite, type SqliteDatabase, type SqliteOpen } from '../../runtime/sqlite.ts';
import { SeededRandom, virtualRuntime, type VirtualRuntime } from '../../runtime/virtual.ts';
import type { SourceItem } from '../source.ts';
import { outboxSource } from './index.ts';
import { outboxOptions } from './options.ts';
import type { OutboxSource } from './outbox-source.ts';
import { positionOf } from './position.ts';
import { outboxSchema } from './schema.ts';

const open: SqliteOpen = await loadSqlite();

let baseDir: string;
let path: string;
let runtime: VirtualRuntime;
let app: SqliteDatabase;
let sources: OutboxSource[];

beforeEach(() => {
  baseDir = mkdtempSync(join(tmpdir(), 'tidemark-outbox-'));
  path = join(baseDir, 'shop.db');
  runtime = virtualRuntime();
  sources = [];
  app = newFile();
});

afterEach(async () => {
  for (const source of sources) await source.close();
  app.close();
  rmSync(baseDir, { recursive: true });
});

function newFile(): SqliteDatabase {
  const db = open(path);
  db.exec(`PRAGMA journal_mode = WAL; ${outboxSchema()}`);
  return db;
}

function insert(...data: readonly (string | null)[]): void {
  for (const json of data) app.prepare(`INSERT INTO outbox (type, data) VALUES ('product.updated', ?)`).run(json);
}

function count(): number {
  return Number(app.prepare('SELECT count(*) AS n FROM outbox').get()?.['n']);
}

/** Pulls items one by one, moving the clock for as long as there is none. */
class Reading {
  readonly #items: AsyncIterator<SourceItem>;
  readonly #stop = new AbortController();
  readonly source: OutboxSource;

  constructor(source: OutboxSource, after: Resume | null) {
    this.source = source;
    this.#items = source.open(after, this.#stop.signal)[Symbol.asyncIterator]();
  }

  async next(withinMs = 1_000): Promise<SourceItem> {
    let result: IteratorResult<SourceItem, unknown> | undefined;
    const pulled = this.#items.next().then((value) => (result = value));
    for (let ms = 0; ms < withinMs && !result; ms += 5) await Promise.race([pulled, runtime.clock.advance(5)]);
    if (!result || result.done) throw new Error(result ? 'the source ended' : 'the source yielded nothing');
    return result.value;
  }

  /** The next item that is not a proof. */
  async change(): Promise<Exclude<SourceItem, { kind: 'proof' | 'horizon' }>> {
    for (;;) {
      const item = await this.next();
      if (item.kind !== 'proof' && item.kind !== 'horizon') return item;
    }
  }

  async data(): Promise<readonly unknown[]> {
    const item = await this.change();
    if (item.kind !== 'batch') throw new Error(`a ${item.kind} came: ${item.reason}`);
    return item.batch.events.map(({ data }) => data);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#items.next();
  }
}

async function read(options: object = {}, after: Resume | null = null): Promise<Reading> {
  const context = { name: 'shop', runtime, columns: new Map<string, Set<string>>(), baseDir };
  const parsed = outboxOptions.parse({ path: 'shop.db', ...options });
  const source = (await outboxSource.open?.(context, parsed)) as OutboxSource;
  sources.push(source);
  return new Reading(source, after);
}

describe('rows of the outbox', () => {
  it('come as one batch in the order of their commits, with the last row as its position', async () => {
    insert('{"id":1}', '{"id":2}');
    const item = await (await read()).change();
    expect(item).toMatchObject({
      kind: 'batch',
      batch: {
        source: 'shop',
        position: '0000000000000000002',
        first: 0,
        commit: true,
        events: [
          { type: 'product.updated', source: 'shop', data: { id: 1 } },
          { type: 'product.updated', source: 'shop', data: { id: 2 } },
        ],
      },
    });
  });

  it('carry id, subject and time where the application gives them', async () => {
    app.exec(
      `INSERT INTO outbox (type, data, id_event, subject, time) VALUES ('t', NULL, 'e-1', 's', '2026-01-01T00:00:00Z')`,
    );
    const item = await (await read()).change();
    expect(item).toMatchObject({
      batch: { events: [{ id: 'e-1', type: 't', subject: 's', time: '2026-01-01T00:00:00Z', data: null }] },
    });
  });
});

describe('reading', () => {
  it('goes on behind the row that the journal has', async () => {
    insert('1', '2', '3');
    const { epoch } = await firstResume();
    const reading = await read({}, { epoch, position: positionOf(2) });
    expect(await reading.data()).toEqual([3]);
  });

  it('takes at most `batch` rows at a time, and proves nothing before the last of them', async () => {
    insert('1', '2', '3', '4', '5');
    const reading = await read({ batch: 2 });
    const items = [await reading.next(), await reading.next(), await reading.next(), await reading.next()];
    expect(items.map((item) => (item.kind === 'batch' ? item.batch.events.length : item.kind))).toEqual([
      2,
      2,
      1,
      'proof',
    ]);
  });

  it('sees nothing of a transaction before its commit, and all of it after', async () => {
    const reading = await read();
    app.exec('BEGIN');
    insert('1', '2');
    expect(await reading.next()).toMatchObject({ kind: 'proof' });
    expect(await reading.next()).toMatchObject({ kind: 'proof' });
    app.exec('COMMIT');
    expect(await reading.data()).toEqual([1, 2]);
  });

  it('takes a rolled-back insert for nothing: its id is given again', async () => {
    const reading = await read();
    insert('1');
    app.exec('BEGIN');
    insert('2', '3');
    app.exec('ROLLBACK');
    insert('4');
    expect(await reading.data()).toEqual([1, 4]);
  });

  it('ends when the signal aborts', async () => {
    const reading = await read();
    await reading.next();
    await reading.stop();
    expect(reading.source.report().state).toBe('stopped');
  });

  it('what was yielded and not acknowledged comes again', async () => {
    insert('1', '2');
    const before = await read();
    expect(await before.data()).toEqual([1, 2]);
    await before.stop();
    await before.source.close();
    expect(await (await read()).data()).toEqual([1, 2]);
  });
});

describe('a row that cannot be read', () => {
  it.each([
    ['is not JSON', `'t', '{"id":1,'`, '{"id":1,'],
    ['is JSON that two readers could understand differently', `'t', '{"a":1,"a":2}'`, '{"a":1,"a":2}'],
    ['is not text', `'t', x'ff00'`, '\ufffd\0'],
    ['has an empty type', `' ', '{}'`, '{}'],
  ])('becomes an undecodable event in its place: it %s', async (_, values, text) => {
    insert('1');
    app.exec(`INSERT INTO outbox (type, data) VALUES (${values})`);
    insert('2');
    const item = await (await read()).change();
    expect(item).toMatchObject({
      batch: { events: [{ data: 1 }, { type: UNDECODABLE, data: { row: '2', text } }, { data: 2 }] },
    });
  });
});

describe('acknowledged rows', () => {
  it('are deleted, and no others', async () => {
    insert('1', '2', '3');
    const reading = await read({ batch: 2 });
    await reading.data();
    await reading.source.ack(positionOf(2));
    await reading.data();
    await runtime.clock.advance(300);
    await reading.next();
    expect(
      app
        .prepare('SELECT id FROM outbox')
        .all()
        .map(({ id }) => id),
    ).toEqual([3]);
  });

  it('are deleted many at a time, not with each acknowledgement', async () => {
    const reading = await read();
    insert('1');
    await reading.data();
    await reading.source.ack(positionOf(1));
    await reading.next();
    expect(count()).toBe(0);
    insert('2');
    await reading.data();
    await reading.source.ack(positionOf(2));
    await reading.next();
    expect(count()).toBe(1);
    await reading.next();
    await reading.next();
    await reading.next();
    expect(count()).toBe(0);
  });

  it('are deleted when the source is closed', async () => {
    insert(...Array.from({ length: 1_500 }, (_, n) => String(n)));
    const reading = await read({ batch: 2_000 });
    await reading.data();
    await reading.stop();
    await reading.source.ack(positionOf(1_499));
    await reading.source.close();
    expect(count()).toBe(1);
  });

  it('stay with `keep`, and another may delete them', async () => {
    insert('1', '2');
    const reading = await read({ keep: true });
    await reading.data();
    await reading.source.ack(positionOf(2));
    await runtime.clock.advance(1_000);
    await reading.next();
    expect(count()).toBe(2);
    app.exec('DELETE FROM outbox');
    insert('3');
    expect(await reading.data()).toEqual([3]);
  });

  it('stay while the application holds its write lock, until it does not', async () => {
    insert('1');
    const reading = await read();
    await reading.data();
    await reading.source.ack(positionOf(1));
    app.exec('BEGIN IMMEDIATE');
    for (let n = 0; n < 5; n++) await reading.next();
    expect(count()).toBe(1);
    app.exec('COMMIT');
    for (let n = 0; n < 5; n++) await reading.next();
    expect(count()).toBe(0);
  });
});

describe('a gap', () => {
  it('is rows that somebody else deleted before they were read, wherever they were', async () => {
    const reading = await read();
    await reading.next();
    insert('1', '2', '3', '4', '5');
    app.exec('DELETE FROM outbox WHERE id IN (1, 3, 5)');
    const items = [
      await reading.change(),
      await reading.change(),
      await reading.change(),
      await reading.change(),
      await reading.change(),
    ];
    expect(
      items.map((item) => (item.kind === 'gap' ? [item.code, item.resume.position] : item.batch.events[0]?.data)),
    ).toEqual([
      ['OUTBOX_ROWS_MISSING', positionOf(1)],
      2,
      ['OUTBOX_ROWS_MISSING', positionOf(3)],
      4,
      ['OUTBOX_ROWS_MISSING', positionOf(5)],
    ]);
    expect(await reading.next()).toMatchObject({ kind: 'proof' });
  });

  it('is a table emptied by somebody else, before anything new comes and before freshness is proven', async () => {
    insert('1');
    const reading = await read();
    await reading.data();
    await reading.next();
    app.exec('BEGIN');
    insert('2');
    app.exec('DELETE FROM outbox; COMMIT');
    expect(await reading.next()).toMatchObject({ kind: 'gap', resume: { position: positionOf(2) } });
  });

  it('is another file in its place, whose rows then come', async () => {
    insert('1', '2', '3');
    const reading = await read();
    await reading.data();
    await reading.next();
    app.close();
    renameSync(path, `${path}.old`);
    app = newFile();
    insert('"new"');
    const gap = await reading.change();
    expect(gap).toMatchObject({ kind: 'gap', code: 'OUTBOX_REPLACED', resume: { position: positionOf(0) } });
    expect(await reading.data()).toEqual(['new']);
  });

  it('is another outbox than the journal knows', async () => {
    insert('1');
    const reading = await read({}, { epoch: 'another', position: positionOf(7) });
    expect(await reading.next()).toMatchObject({ kind: 'gap', code: 'OUTBOX_REPLACED' });
    expect(await reading.data()).toEqual([1]);
  });

  it('is a table that was dropped and made again, which gets an epoch of its own', async () => {
    insert('1', '2', '3');
    const reading = await read();
    const before = await reading.change();
    await reading.next();
    app.exec(`DROP TABLE outbox; ${outboxSchema()}`);
    insert('"new"');
    const gap = await reading.change();
    expect(gap).toMatchObject({ kind: 'gap', code: 'OUTBOX_RESET', resume: { position: positionOf(0) } });
    expect(before.kind === 'batch' && gap.kind === 'gap' && before.batch.epoch !== gap.resume.epoch).toBe(true);
    expect(await reading.data()).toEqual(['new']);
    expect(app.prepare('SELECT epoch FROM outbox_epoch').all()).toEqual([
      { epoch: gap.kind === 'gap' && gap.resume.epoch },
    ]);
  });

  it('keeps late acknowledgements of the table before it from deleting rows of the new one', async () => {
    insert('1', '2', '3');
    const reading = await read();
    await reading.data();
    app.exec(`DROP TABLE outbox; DROP TABLE outbox_epoch; ${outboxSchema()}`);
    insert('4', '5');
    expect(await reading.change()).toMatchObject({ kind: 'gap', code: 'OUTBOX_REPLACED' });
    await reading.source.ack(positionOf(3));
    expect(await reading.data()).toEqual([4, 5]);
    await runtime.clock.advance(1_000);
    await reading.next();
    expect(count()).toBe(2);
  });

  it('is none when the table was empty from the start', async () => {
    insert('1', '2');
    app.exec('DELETE FROM outbox');
    const reading = await read();
    expect(await reading.next()).toMatchObject({ kind: 'proof' });
    insert('3');
    expect(await reading.data()).toEqual([3]);
  });
});

describe('before there is anything to read', () => {
  it('waits for the file and says so, without a proof', async () => {
    const reading = await read({ path: 'later.db' });
    await expect(reading.next()).rejects.toThrow('yielded nothing');
    expect(reading.source.report()).toMatchObject({
      state: 'waiting',
      detail: expect.stringContaining('later.db') as string,
    });
    renameSync(path, join(baseDir, 'later.db'));
  });

  it('creates the table when it is missing', async () => {
    const reading = await read({ table: 'changes' });
    expect(await reading.next()).toMatchObject({ kind: 'proof' });
    app.exec(`INSERT INTO changes (type) VALUES ('t')`);
    expect(await reading.data()).toEqual([null]);
  });

  it('waits for the table with `create: false`, and goes on when it is there', async () => {
    const reading = await read({ table: 'changes', create: false });
    const first = reading.next(5_000);
    await runtime.clock.advance(500);
    expect(reading.source.report()).toMatchObject({
      state: 'waiting',
      detail: expect.stringContaining('changes') as string,
    });
    app.exec(outboxSchema('changes'));
    expect(await first).toMatchObject({ kind: 'proof' });
    expect(reading.source.report()).toEqual({ state: 'streaming' });
  });

  it.each([
    ['ids that SQLite gives again', 'id INTEGER PRIMARY KEY, type TEXT, data TEXT', 'AUTOINCREMENT'],
    ['a missing column', 'id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, data TEXT', 'no column type'],
  ])('refuses a table with %s', async (_, columns, words) => {
    app.exec(`CREATE TABLE changes (${columns})`);
    const reading = await read({ table: 'changes' });
    await expect(reading.next()).rejects.toMatchObject({
      code: 'OUTBOX_TABLE_INVALID',
      message: expect.stringContaining(words) as string,
    });
  });

  it('refuses a file that is no database', async () => {
    const reading = await read({ path: 'no.db' });
    writeFileSync(join(baseDir, 'no.db'), 'x'.repeat(10_000));
    await expect(reading.next()).rejects.toMatchObject({ code: 'OUTBOX_UNREADABLE' });
  });

  it.each(['a; DROP TABLE x', 'sqlite_sequence', '', 'a b', 'a"'])('refuses the table name %j', (table) => {
    expect(outboxOptions.safeParse({ path: 'x', table }).success).toBe(false);
    expect(() => outboxSchema(table)).toThrow(RangeError);
  });
});

describe('a file without write-ahead log', () => {
  it('is read between commits, proves nothing while a commit keeps readers out, and gets a warning', async () => {
    app.exec('PRAGMA journal_mode = DELETE');
    insert('1');
    const reading = await read();
    expect(await reading.data()).toEqual([1]);
    expect(reading.source.report().warnings).toEqual([expect.stringContaining('WAL')]);
    await reading.next();
    app.exec('BEGIN EXCLUSIVE');
    insert('2');
    await expect(reading.next()).rejects.toThrow('yielded nothing');
    app.exec('COMMIT');
  });
});

describe('any history of writes, crashes and restarts', () => {
  it.each(Array.from({ length: 20 }, (_, seed) => seed + 1))(
    'loses nothing, invents no gap and proves only what is true (seed %i)',
    async (seed) => {
      const random = new SeededRandom(seed);
      const below = (n: number): number => Math.floor(random.next() * n);
      /** When each committed row became visible, by its data. */
      const committedAt: number[] = [];
      let delivered = 0;
      /** What a journal would know: the newest batch it made durable. */
      let journaled: Resume | null = null;
      let reading = await read({ batch: 1 + below(4), interval: 1 + below(40) });
      for (let step = 0; step < 120; step++) {
        switch (below(6)) {
          case 0:
          case 1:
            app.exec('BEGIN');
            for (let n = below(4); n >= 0; n--) {
              insert(String(committedAt.length));
              committedAt.push(runtime.clock.mono());
            }
            app.exec('COMMIT');
            break;
          case 2:
            app.exec('BEGIN');
            insert('-1');
            app.exec('ROLLBACK');
            break;
          case 3:
            if (below(3) > 0) break;
            await reading.stop();
            if (below(2) === 0) await reading.source.close();
            delivered = journaled ? Number(journaled.position) : 0;
            reading = await read({ batch: 1 + below(4), interval: 1 + below(40) }, journaled);
            break;
          default: {
            const item = await reading.next();
            if (item.kind === 'proof') {
              expect(committedAt.findIndex((at, row) => at < item.t0 && row >= delivered)).toBe(-1);
              break;
            }
            if (item.kind !== 'batch') throw new Error(`a ${item.kind} came`);
            const { events, epoch, position } = item.batch;
            expect(events.map(({ data }) => data)).toEqual(events.map((_, index) => delivered + index));
            delivered += events.length;
            expect(position).toBe(positionOf(delivered));
            if (below(2) === 0) journaled = { epoch, position: positionOf(delivered) };
            if (journaled) await reading.source.ack(journaled.position);
          }
        }
      }
      while (delivered < committedAt.length) delivered += (await reading.data()).length;
      expect(delivered).toBe(committedAt.length);
    },
  );
});

async function firstResume(): Promise<Resume> {
  const reading = await read();
  const item = await reading.change();
  if (item.kind !== 'batch') throw new Error(item.reason);
  await reading.stop();
  return { epoch: item.batch.epoch, position: item.batch.position! };
}

describe('proof', () => {
  it('has the time from before the look that found the end', async () => {
    const reading = await read();
    expect(await reading.next()).toEqual({ kind: 'proof', t0: 0 });
    expect(await reading.next()).toEqual({ kind: 'proof', t0: 100 });
    insert('1');
    expect(await reading.data()).toEqual([1]);
    const { t0 } = (await reading.next()) as { t0: number };
    expect(t0).toBe(125);
  });
});
