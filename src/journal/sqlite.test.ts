import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FaultySqlite } from '../../test/support/faulty-sqlite.ts';
import { TidemarkError } from '../errors.ts';
import type { PlannedBatch } from '../model/entry.ts';
import { ORIGIN, type Offset, type Position } from '../model/position.ts';
import { realRuntime } from '../runtime/real.ts';
import type { Clock, Runtime } from '../runtime/runtime.ts';
import { loadSqlite, SQLITE } from '../runtime/sqlite.ts';
import { SeededRandom, virtualRuntime, type VirtualRuntime } from '../runtime/virtual.ts';
import type { Journal } from './journal.ts';
import { sqliteJournal, SqliteJournal } from './sqlite.ts';
import { openJournalFile } from './sqlite-schema.ts';

const openSqlite = await loadSqlite();

let baseDir: string;
let path: string;
let runtime: VirtualRuntime;
let journals: Journal[];

beforeEach(() => {
  baseDir = mkdtempSync(join(tmpdir(), 'tidemark-sqlite-'));
  path = join(baseDir, 'journal.db');
  runtime = virtualRuntime();
  journals = [];
});

afterEach(async () => {
  for (const journal of journals) await journal.close();
  rmSync(baseDir, { recursive: true });
});

async function open(name = 'journal.db', on: Runtime = runtime): Promise<Journal> {
  const journal = await sqliteJournal.open({ runtime: on, baseDir }, sqliteJournal.options.parse({ path: name }));
  journals.push(journal);
  return journal;
}

function openFaulty(on: Runtime = runtime): { journal: Journal; disk: FaultySqlite } {
  const disk = new FaultySqlite(openSqlite);
  const journal = new SqliteJournal(on, path, openJournalFile(disk.open, { path, synchronous: 'full' }));
  journals.push(journal);
  disk.ran.length = 0;
  return { journal, disk };
}

function tx(n: number, count = 1, source = 's'): PlannedBatch {
  const events = Array.from({ length: count }, (_, index) => ({
    id: `${String(n)}:${String(index)}`,
    type: 't',
    source,
    data: { n, text: 'x'.repeat(100) },
  }));
  const plan = { contractHash: 'h', actions: [], problems: [] };
  const position = String(n).padStart(6, '0') as Position;
  return { source, epoch: 'e', position, first: 0, commit: true, events, plans: events.map(() => plan), receivedAt: n };
}

async function ids(journal: Journal): Promise<readonly string[]> {
  return (await journal.read(ORIGIN, 1_000_000)).map(({ event }) => event.id);
}

const commits = ({ ran }: FaultySqlite): number => ran.filter((sql) => sql === 'COMMIT').length;

describe('the file', () => {
  it('is made with its folders', async () => {
    await open('a/b/journal.db');
    expect(existsSync(join(baseDir, 'a/b/journal.db'))).toBe(true);
  });

  it('is one plain file after a close, which any SQLite tool reads', async () => {
    const journal = await open();
    await journal.append(tx(1, 3));
    await journal.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
    const db = openSqlite(path, { readOnly: true });
    expect(db.prepare('SELECT count(*) AS n FROM entries').get()).toMatchObject({ n: 3 });
    db.close();
  });

  it('belongs to one journal at a time, and to the next as soon as it is closed', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({
      code: 'JOURNAL_LOCKED',
      message: expect.stringContaining(path) as string,
    });
    await first.append(tx(1));
    await first.close();
    expect((await open()).head).toBe(1);
  });

  it('that is another database is refused and left as it was', async () => {
    const db = openSqlite(path);
    db.exec('CREATE TABLE mine (a)');
    db.close();
    const before = readFileSync(path);
    await expect(open()).rejects.toMatchObject({ code: 'JOURNAL_FOREIGN' });
    expect(readFileSync(path)).toEqual(before);
    const again = openSqlite(path);
    again.exec('INSERT INTO mine VALUES (1)');
    again.close();
  });

  it('that is no database is refused and left as it was', async () => {
    writeFileSync(path, 'not a database at all, '.repeat(100));
    const before = readFileSync(path);
    await expect(open()).rejects.toMatchObject({ code: 'JOURNAL_FOREIGN' });
    expect(readFileSync(path)).toEqual(before);
  });

  it('of a newer version is refused and left as it was', async () => {
    await (await open()).close();
    const db = openSqlite(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    const before = readFileSync(path);
    await expect(open()).rejects.toMatchObject({
      code: 'JOURNAL_NEWER',
      message: expect.stringContaining('schema version 99') as string,
    });
    expect(readFileSync(path)).toEqual(before);
  });

  it('whose making was cut short is made whole', async () => {
    const db = openSqlite(path);
    db.exec(`PRAGMA application_id = ${String(0x54696465)}`);
    db.close();
    expect((await (await open()).append(tx(1))).offset).toBe(1);
  });

  it.each([
    ['a directory', (): void => mkdirSync(path)],
    ['in a folder that is a file', (): void => writeFileSync(join(baseDir, 'folder'), '')],
  ])('that is %s is an error that names it', async (_, arrange) => {
    arrange();
    const name = existsSync(path) ? 'journal.db' : 'folder/journal.db';
    await expect(open(name)).rejects.toMatchObject({
      code: 'JOURNAL_OPEN_FAILED',
      message: expect.stringContaining(join(baseDir, name)) as string,
    });
  });

  it('gives the space of forgotten entries to new ones', async () => {
    const journal = await open();
    for (let n = 1; n <= 20; n++) {
      await journal.append(tx(n, 500));
      await journal.trim(n);
    }
    expect(journal.report.bytes).toBeLessThan(1_000_000);
  });
});

describe('group commit', () => {
  it('makes what was asked for in one turn durable with one flush', async () => {
    const { journal, disk } = openFaulty();
    await Promise.all(Array.from({ length: 50 }, (_, index) => journal.append(tx(index + 1))));
    expect(commits(disk)).toBe(1);
  });

  it('gives what came while a group was written the next flush', async () => {
    const { journal, disk } = openFaulty();
    const first = journal.append(tx(1));
    await first;
    await Promise.all([journal.append(tx(2)), journal.append(tx(3)), journal.settle('c', 1 as Offset)]);
    expect(commits(disk)).toBe(2);
  });

  it('bounds a group by its entries', async () => {
    const { journal, disk } = openFaulty();
    await Promise.all(Array.from({ length: 30 }, (_, index) => journal.append(tx(index + 1, 100))));
    expect(commits(disk)).toBe(3);
  });

  it('bounds a group by its bytes', async () => {
    const { journal, disk } = openFaulty();
    const large = (n: number): PlannedBatch => ({
      ...tx(n),
      events: [{ id: 'x', type: 't', source: 's', data: 'x'.repeat(2_000_000) }],
    });
    await Promise.all(Array.from({ length: 6 }, (_, index) => journal.append(large(index + 1))));
    expect(commits(disk)).toBe(2);
  });

  it('lets others run while it writes a large batch, and shows nothing of it before it is durable', async () => {
    // Each look at this clock takes 5 ms, so that every step ends a turn.
    let now = 0;
    const clock: Clock = { ...realRuntime().clock, mono: () => (now += 5) };
    const { journal, disk } = openFaulty({ ...runtime, clock });
    await journal.append(tx(1));
    let appended = false;
    const appending = journal.append(tx(2, 2_000)).then(() => (appended = true));
    let turns = 0;
    for (; !appended; turns++) {
      await clock.turn();
      if (appended) break;
      expect(journal.head).toBe(1);
      expect(await ids(journal)).toEqual(['1:0']);
      expect(await journal.mentions('x', 10, 10_000)).toEqual([]);
    }
    await appending;
    expect(turns).toBeGreaterThan(20);
    expect(commits(disk)).toBe(2);
    expect((await ids(journal)).length).toBe(2_001);
  });
});

describe('a disk that fails', () => {
  const faults: [string, string, number][] = [
    ['when a group begins', 'BEGIN', SQLITE.IOERR],
    ['full in the middle of a batch', 'INSERT INTO entries', SQLITE.FULL],
    ['full at the commit', 'COMMIT', SQLITE.FULL],
    ['whose flush fails', 'COMMIT', SQLITE.IOERR | (4 << 8)],
    ['read-only by now', 'INSERT OR REPLACE INTO sources', SQLITE.READONLY],
  ];

  it.each(faults)('%s: nothing of the write is there, and it can be repeated', async (_, sql, errcode) => {
    const { journal, disk } = openFaulty();
    await journal.append(tx(1, 2));
    disk.fail(sql, errcode);
    const failed = journal.append(tx(2, 60));
    await expect(failed).rejects.toMatchObject({ code: 'JOURNAL_WRITE_FAILED', reaction: 'retry' });
    expect(journal.head).toBe(2);
    expect(await ids(journal)).toEqual(['1:0', '1:1']);
    expect(await journal.resumeAt('s')).toEqual({ epoch: 'e', position: '000001' });
    expect((await journal.append(tx(2, 60))).offset).toBe(62);
    await journal.close();
    expect((await ids(await open())).length).toBe(62);
  });

  it('fails whoever waited behind as well, so that nothing overtakes', async () => {
    const { journal, disk } = openFaulty();
    disk.fail('COMMIT', SQLITE.FULL);
    const results = await Promise.allSettled([1, 2, 3].map((n) => journal.append(tx(n, 600))));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(journal.head).toBe(0);
  });

  it('keeps an ordered source from going on behind what was lost, until it asks where to', async () => {
    const { journal, disk } = openFaulty();
    await journal.append(tx(1));
    disk.fail('COMMIT', SQLITE.FULL);
    await expect(journal.append(tx(2))).rejects.toMatchObject({ code: 'JOURNAL_WRITE_FAILED' });
    await expect(journal.append(tx(3))).rejects.toMatchObject({ code: 'JOURNAL_PART_MISSING', reaction: 'retry' });
    expect((await journal.append(tx(3, 1, 'other'))).offset).toBe(2);
    expect(await journal.resumeAt('s')).toMatchObject({ position: '000001' });
    await journal.append(tx(2));
    await journal.append(tx(3));
    expect(await ids(journal)).toEqual(['1:0', '3:0', '2:0', '3:0']);
  });

  it('loses no cursor: it goes with the next write', async () => {
    const { journal, disk } = openFaulty();
    await journal.append(tx(1));
    await journal.settle('c', 1 as Offset);
    disk.fail('COMMIT', SQLITE.FULL);
    await runtime.clock.advance(1_000);
    await journal.append(tx(2));
    copyFileSync(path, `${path}.copy`);
    copyFileSync(`${path}-wal`, `${path}.copy-wal`);
    expect(await (await open('journal.db.copy')).cursor('c')).toBe(1);
  });

  it('fails a dead letter and a trim as it fails an append', async () => {
    const { journal, disk } = openFaulty();
    await journal.append(tx(1));
    disk.fail('INSERT INTO dead_letters', SQLITE.FULL);
    const letter = {
      offset: null,
      source: 's',
      stage: 'plan',
      code: 'C',
      message: 'm',
      event: null,
      action: null,
      attempts: 1,
      at: 1,
    };
    await expect(journal.deadLetters.put(letter)).rejects.toMatchObject({ code: 'JOURNAL_WRITE_FAILED' });
    expect(journal.deadLetters.count).toBe(0);
    disk.fail('DELETE FROM entries', SQLITE.IOERR);
    await expect(journal.trim(Infinity)).rejects.toMatchObject({ code: 'JOURNAL_WRITE_FAILED' });
    expect(await journal.trim(Infinity)).toBe(1);
  });

  it('that is full when the file is opened says so', () => {
    const disk = new FaultySqlite(openSqlite);
    disk.fail('BEGIN', SQLITE.FULL);
    expect(() => openJournalFile(disk.open, { path, synchronous: 'full' })).toThrow(
      expect.objectContaining({ code: 'JOURNAL_WRITE_FAILED' }) as Error,
    );
  });

  it('that reports damage ends the journal: nothing but a person can help', async () => {
    const { journal, disk } = openFaulty();
    disk.fail('INSERT INTO entries', SQLITE.CORRUPT);
    await expect(journal.append(tx(1))).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT', reaction: 'halt' });
    disk.fail('SELECT offset, body', SQLITE.CORRUPT);
    await expect(journal.read(ORIGIN, 1)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
  });

  it('an event that cannot be written is refused alone', async () => {
    const journal = await open();
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    const bad = { ...tx(2), events: [{ id: 'x', type: 't', source: 's', data: cyclic as unknown as null }] };
    const [first, second, other] = await Promise.allSettled([
      journal.append(tx(1)),
      journal.append(bad),
      journal.append(tx(1, 1, 'other')),
    ]);
    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({ reason: { code: 'EVENT_UNSTORABLE', reaction: 'reject' } });
    expect(other).toMatchObject({ value: { offset: 2 } });
  });
});

describe('cursors', () => {
  it('are written a moment later, many at a time, and with the next append', async () => {
    const { journal, disk } = openFaulty();
    await journal.append(tx(1, 5));
    for (let offset = 1; offset <= 5; offset++) await journal.settle('c', offset as Offset);
    expect(commits(disk)).toBe(1);
    await runtime.clock.advance(199);
    expect(commits(disk)).toBe(1);
    await runtime.clock.advance(1);
    expect(commits(disk)).toBe(2);
    await runtime.clock.advance(10_000);
    expect(commits(disk)).toBe(2);
  });

  it('are never ahead of what was settled, whenever the process dies', async () => {
    const journal = await open();
    await journal.append(tx(1, 50));
    for (let offset = 1; offset <= 50; offset++) {
      await journal.settle('c', offset as Offset);
      await runtime.clock.advance(37);
      if (offset % 10 !== 0) continue;
      for (const suffix of ['', '-wal']) copyFileSync(path + suffix, `${path}.copy${suffix}`);
      const copy = await open('journal.db.copy');
      const cursor = await copy.cursor('c');
      expect(cursor).toBeLessThanOrEqual(offset);
      expect(cursor).toBeGreaterThanOrEqual(offset - 6);
      await copy.close();
      rmSync(`${path}.copy`);
    }
  });
});

describe('damage', () => {
  it('a bit that turned in an entry is noticed when it is read', async () => {
    const journal = await open();
    await journal.append(tx(1, 3));
    await journal.close();
    const db = openSqlite(path);
    db.exec(`UPDATE entries SET body = replace(body, '"n":1', '"n":2') WHERE offset = 2`);
    db.close();
    const again = await open();
    expect((await again.read(ORIGIN, 1)).length).toBe(1);
    await expect(again.read(ORIGIN, 3)).rejects.toMatchObject({
      code: 'JOURNAL_CORRUPT',
      message: expect.stringContaining('entry 2') as string,
    });
  });

  it.each([
    ['an entry that is gone', 'DELETE FROM entries WHERE offset = 2'],
    ['an entry at the place of another', 'UPDATE entries SET offset = 9 WHERE offset = 2'],
  ])('%s is noticed when it is read', async (_, sql) => {
    const journal = await open();
    await journal.append(tx(1, 3));
    await journal.close();
    const db = openSqlite(path);
    db.exec(sql);
    db.close();
    await expect((await open()).read(ORIGIN, 10)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
  });

  it.each([
    ['the first entries are gone', 'DELETE FROM entries WHERE offset < 3'],
    ['a cursor beyond the head', `UPDATE cursors SET "offset" = 99`],
    ['a name that is another', `UPDATE names SET text = replace(text, 's', 't')`],
    ['a history that is another', `UPDATE sources SET history = replace(history, '000001', '000009')`],
    ['no memory of what was forgotten', 'DELETE FROM trimmed'],
  ])('%s is noticed at the start', async (_, sql) => {
    const journal = await open();
    await journal.append(tx(1, 3));
    await journal.settle('c', 3 as Offset);
    await journal.close();
    const db = openSqlite(path);
    db.exec(sql);
    db.close();
    await expect(open()).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
    // The lock was given back: the file can be looked at.
    openSqlite(path).exec('BEGIN IMMEDIATE; COMMIT');
  });

  it('bits turned anywhere in the file never change an entry that is read', async () => {
    const journal = await open();
    for (let n = 1; n <= 30; n++) await journal.append(tx(n, 5));
    await journal.close();
    const whole = readFileSync(path);
    const expected = await ids(await open());
    await journals.pop()?.close();
    const random = new SeededRandom(7);
    let noticed = 0;
    for (let round = 0; round < 60; round++) {
      const damaged = Buffer.from(whole);
      const at = Math.floor(random.next() * damaged.length);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << Math.floor(random.next() * 8));
      // A file of its own: what is damaged may keep its lock.
      const name = `damaged-${String(round)}.db`;
      writeFileSync(join(baseDir, name), damaged);
      try {
        const again = await open(name);
        expect(await ids(again)).toEqual(expected);
        await again.close();
      } catch (error) {
        if (!(error instanceof TidemarkError)) throw error;
        expect(['JOURNAL_CORRUPT', 'JOURNAL_FOREIGN', 'JOURNAL_NEWER', 'JOURNAL_OPEN_FAILED']).toContain(error.code);
        noticed++;
      }
      await journals
        .pop()
        ?.close()
        .catch(() => undefined);
    }
    expect(noticed).toBeGreaterThan(8);
  });
});
