import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commits, folderOfEachTest, ids, type JournalFolder, tx } from '../../test/support/sqlite-journal.ts';
import { TidemarkError } from '../errors.ts';
import { ORIGIN, type Offset } from '../model/position.ts';
import { loadSqlite } from '../runtime/sqlite.ts';
import { SeededRandom } from '../runtime/virtual.ts';
import type { Journal } from './journal.ts';

const openSqlite = await loadSqlite();

let folder: JournalFolder;
folderOfEachTest((next) => {
  folder = next;
});

describe('the file', () => {
  it('is made with its folders', async () => {
    await folder.open('a/b/journal.db');
    expect(existsSync(join(folder.baseDir, 'a/b/journal.db'))).toBe(true);
  });

  it('is one plain file after a close, which any SQLite tool reads', async () => {
    const journal = await folder.open();
    await journal.append(tx(1, 3));
    await journal.close();
    expect(existsSync(`${folder.path}-wal`)).toBe(false);
    const db = openSqlite(folder.path, { readOnly: true });
    expect(db.prepare('SELECT count(*) AS n FROM entries').get()).toMatchObject({ n: 3 });
    db.close();
  });

  it('belongs to one journal at a time, and to the next as soon as it is closed', async () => {
    const first = await folder.open();
    await expect(folder.open()).rejects.toMatchObject({
      code: 'JOURNAL_LOCKED',
      message: expect.stringContaining(folder.path) as string,
    });
    await first.append(tx(1));
    await first.close();
    expect((await folder.open()).head).toBe(1);
  });

  it('that is another database is refused and left as it was', async () => {
    const db = openSqlite(folder.path);
    db.exec('CREATE TABLE mine (a)');
    db.close();
    const before = readFileSync(folder.path);
    await expect(folder.open()).rejects.toMatchObject({ code: 'JOURNAL_FOREIGN' });
    expect(readFileSync(folder.path)).toEqual(before);
    const again = openSqlite(folder.path);
    again.exec('INSERT INTO mine VALUES (1)');
    again.close();
  });

  it('that is no database is refused and left as it was', async () => {
    writeFileSync(folder.path, 'not a database at all, '.repeat(100));
    const before = readFileSync(folder.path);
    await expect(folder.open()).rejects.toMatchObject({ code: 'JOURNAL_FOREIGN' });
    expect(readFileSync(folder.path)).toEqual(before);
  });

  it('of a newer version is refused and left as it was', async () => {
    await (await folder.open()).close();
    const db = openSqlite(folder.path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    const before = readFileSync(folder.path);
    await expect(folder.open()).rejects.toMatchObject({
      code: 'JOURNAL_NEWER',
      message: expect.stringContaining('schema version 99') as string,
    });
    expect(readFileSync(folder.path)).toEqual(before);
  });

  it('whose making was cut short is made whole', async () => {
    const db = openSqlite(folder.path);
    db.exec(`PRAGMA application_id = ${String(0x54696465)}`);
    db.close();
    expect((await (await folder.open()).append(tx(1))).offset).toBe(1);
  });

  it.each([
    ['a directory', (): void => mkdirSync(folder.path)],
    ['in a folder that is a file', (): void => writeFileSync(join(folder.baseDir, 'folder'), '')],
  ])('that is %s is an error that names it', async (_, arrange) => {
    arrange();
    const name = existsSync(folder.path) ? 'journal.db' : 'folder/journal.db';
    await expect(folder.open(name)).rejects.toMatchObject({
      code: 'JOURNAL_OPEN_FAILED',
      message: expect.stringContaining(join(folder.baseDir, name)) as string,
    });
  });

  it('gives the space of forgotten entries to new ones', async () => {
    const journal = await folder.open();
    for (let n = 1; n <= 20; n++) {
      await journal.append(tx(n, 500));
      await journal.trim(n);
    }
    expect(journal.report.bytes).toBeLessThan(1_000_000);
  });
});

describe('cursors', () => {
  it('are written a moment later, many at a time, and with the next append', async () => {
    const { journal, disk } = folder.openFaulty();
    await journal.append(tx(1, 5));
    for (let offset = 1; offset <= 5; offset++) await journal.settle('c', offset as Offset);
    expect(commits(disk)).toBe(1);
    await folder.runtime.clock.advance(199);
    expect(commits(disk)).toBe(1);
    await folder.runtime.clock.advance(1);
    expect(commits(disk)).toBe(2);
    await folder.runtime.clock.advance(10_000);
    expect(commits(disk)).toBe(2);
  });

  it('are never ahead of what was settled, whenever the process dies', async () => {
    const journal = await folder.open();
    await journal.append(tx(1, 50));
    for (let offset = 1; offset <= 50; offset++) {
      await journal.settle('c', offset as Offset);
      await folder.runtime.clock.advance(37);
      if (offset % 10 !== 0) continue;
      for (const suffix of ['', '-wal']) copyFileSync(folder.path + suffix, `${folder.path}.copy${suffix}`);
      const copy = await folder.open('journal.db.copy');
      const cursor = await copy.cursor('c');
      expect(cursor).toBeLessThanOrEqual(offset);
      expect(cursor).toBeGreaterThanOrEqual(offset - 6);
      await copy.close();
      rmSync(`${folder.path}.copy`);
    }
  });
});

describe('damage', () => {
  it('a bit that turned in an entry is noticed when it is read', async () => {
    const journal = await folder.open();
    await journal.append(tx(1, 3));
    await journal.close();
    const db = openSqlite(folder.path);
    db.exec(`UPDATE entries SET body = replace(body, '"n":1', '"n":2') WHERE offset = 2`);
    db.close();
    const again = await folder.open();
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
    const journal = await folder.open();
    await journal.append(tx(1, 3));
    await journal.close();
    const db = openSqlite(folder.path);
    db.exec(sql);
    db.close();
    await expect((await folder.open()).read(ORIGIN, 10)).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
  });

  it.each([
    ['the first entries are gone', 'DELETE FROM entries WHERE offset < 3'],
    ['a cursor beyond the head', `UPDATE cursors SET "offset" = 99`],
    ['a name that is another', `UPDATE names SET text = replace(text, 's', 't')`],
    ['a history that is another', `UPDATE sources SET history = replace(history, '000001', '000009')`],
    ['no memory of what was forgotten', 'DELETE FROM trimmed'],
  ])('%s is noticed at the start', async (_, sql) => {
    const journal = await folder.open();
    await journal.append(tx(1, 3));
    await journal.settle('c', 3 as Offset);
    await journal.close();
    const db = openSqlite(folder.path);
    db.exec(sql);
    db.close();
    await expect(folder.open()).rejects.toMatchObject({ code: 'JOURNAL_CORRUPT' });
    // The lock was given back: the file can be looked at.
    openSqlite(folder.path).exec('BEGIN IMMEDIATE; COMMIT');
  });

  it('bits turned anywhere in the file never change an entry that is read', async () => {
    const journal = await folder.open();
    for (let n = 1; n <= 30; n++) await journal.append(tx(n, 5));
    await journal.close();
    const whole = readFileSync(folder.path);
    const intact = await folder.openApart();
    const expected = await ids(intact);
    await intact.close();
    const random = new SeededRandom(7);
    let noticed = 0;
    for (let round = 0; round < 60; round++) {
      const damaged = Buffer.from(whole);
      const at = Math.floor(random.next() * damaged.length);
      damaged[at] = (damaged[at] ?? 0) ^ (1 << Math.floor(random.next() * 8));
      // A file of its own: what is damaged may keep its lock.
      const name = `damaged-${String(round)}.db`;
      writeFileSync(join(folder.baseDir, name), damaged);
      let again: Journal | null = null;
      try {
        again = await folder.openApart(name);
        expect(await ids(again)).toEqual(expected);
        await again.close();
      } catch (error) {
        if (!(error instanceof TidemarkError)) throw error;
        expect(['JOURNAL_CORRUPT', 'JOURNAL_FOREIGN', 'JOURNAL_NEWER', 'JOURNAL_OPEN_FAILED']).toContain(error.code);
        noticed++;
      }
      await again?.close().catch(() => undefined);
    }
    expect(noticed).toBeGreaterThan(8);
  });
});
