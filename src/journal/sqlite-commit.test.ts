import { copyFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FaultySqlite } from '../../test/support/faulty-sqlite.ts';
import { commits, folderOfEachTest, ids, type JournalFolder, tx } from '../../test/support/sqlite-journal.ts';
import type { PlannedBatch } from '../model/entry.ts';
import { ORIGIN, type Offset } from '../model/position.ts';
import { realRuntime } from '../runtime/real.ts';
import type { Clock } from '../runtime/runtime.ts';
import { loadSqlite, SQLITE } from '../runtime/sqlite.ts';
import { openJournalFile } from './sqlite-schema.ts';

const openSqlite = await loadSqlite();

let folder: JournalFolder;
folderOfEachTest((next) => {
  folder = next;
});

describe('group commit', () => {
  it('makes what was asked for in one turn durable with one flush', async () => {
    const { journal, disk } = folder.openFaulty();
    await Promise.all(Array.from({ length: 50 }, (_, index) => journal.append(tx(index + 1))));
    expect(commits(disk)).toBe(1);
  });

  it('gives what came while a group was written the next flush', async () => {
    const { journal, disk } = folder.openFaulty();
    const first = journal.append(tx(1));
    await first;
    await Promise.all([journal.append(tx(2)), journal.append(tx(3)), journal.settle('c', 1 as Offset)]);
    expect(commits(disk)).toBe(2);
  });

  it('bounds a group by its entries', async () => {
    const { journal, disk } = folder.openFaulty();
    await Promise.all(Array.from({ length: 30 }, (_, index) => journal.append(tx(index + 1, 100))));
    expect(commits(disk)).toBe(3);
  });

  it('bounds a group by its bytes', async () => {
    const { journal, disk } = folder.openFaulty();
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
    const { journal, disk } = folder.openFaulty({ ...folder.runtime, clock });
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
    const { journal, disk } = folder.openFaulty();
    await journal.append(tx(1, 2));
    disk.fail(sql, errcode);
    const failed = journal.append(tx(2, 60));
    await expect(failed).rejects.toMatchObject({ code: 'JOURNAL_WRITE_FAILED', reaction: 'retry' });
    expect(journal.head).toBe(2);
    expect(await ids(journal)).toEqual(['1:0', '1:1']);
    expect(await journal.resumeAt('s')).toEqual({ epoch: 'e', position: '000001' });
    expect((await journal.append(tx(2, 60))).offset).toBe(62);
    await journal.close();
    expect((await ids(await folder.open())).length).toBe(62);
  });

  it('fails whoever waited behind as well, so that nothing overtakes', async () => {
    const { journal, disk } = folder.openFaulty();
    disk.fail('COMMIT', SQLITE.FULL);
    const results = await Promise.allSettled([1, 2, 3].map((n) => journal.append(tx(n, 600))));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(journal.head).toBe(0);
  });

  it('keeps an ordered source from going on behind what was lost, until it asks where to', async () => {
    const { journal, disk } = folder.openFaulty();
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
    const { journal, disk } = folder.openFaulty();
    await journal.append(tx(1));
    await journal.settle('c', 1 as Offset);
    disk.fail('COMMIT', SQLITE.FULL);
    await folder.runtime.clock.advance(1_000);
    await journal.append(tx(2));
    copyFileSync(folder.path, `${folder.path}.copy`);
    copyFileSync(`${folder.path}-wal`, `${folder.path}.copy-wal`);
    expect(await (await folder.open('journal.db.copy')).cursor('c')).toBe(1);
  });

  it('fails a dead letter and a trim as it fails an append', async () => {
    const { journal, disk } = folder.openFaulty();
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
    expect(() => openJournalFile(disk.open, { path: folder.path, synchronous: 'full' })).toThrow(
      expect.objectContaining({ code: 'JOURNAL_WRITE_FAILED' }) as Error,
    );
  });

  it('that reports damage ends the journal: nothing but a person can help', async () => {
    const { journal, disk } = folder.openFaulty();
    disk.fail('INSERT INTO entries', SQLITE.CORRUPT);
    await expect(journal.append(tx(1))).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT', reaction: 'halt' });
    disk.fail('SELECT offset, body', SQLITE.CORRUPT);
    await expect(journal.read(ORIGIN, 1)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
  });

  it('an event that cannot be written is refused alone', async () => {
    const journal = await folder.open();
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
