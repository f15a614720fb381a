/**
 * Preloaded (`--import`) into a daemon: from the moment that the file $TIDEMARK_TEST_FAIL exists, no transaction becomes
 * durable: every COMMIT fails as on a broken disk. Whatever is acknowledged for one of them is a lie, however short
 * before its COMMIT it was told, and the daemon lives on to tell it.
 */
import { existsSync } from 'node:fs';
import process from 'node:process';

const fail = process.env.TIDEMARK_TEST_FAIL;
const getBuiltin = process.getBuiltinModule.bind(process);
const { DatabaseSync } = getBuiltin('node:sqlite') ?? (await import('@photostructure/sqlite'));

/** What src/runtime/sqlite.ts uses of a driver. The driver's own methods cannot be replaced. */
class FailingDatabase {
  #db;

  constructor(path, options) {
    this.#db = new DatabaseSync(path, options);
  }

  exec(sql) {
    if (sql === 'COMMIT' && existsSync(fail)) throw Object.assign(new Error('disk I/O error'), { errcode: 10 });
    this.#db.exec(sql);
  }

  prepare(sql) {
    return this.#db.prepare(sql);
  }

  close() {
    this.#db.close();
  }
}

process.getBuiltinModule = (name) => (name === 'node:sqlite' ? { DatabaseSync: FailingDatabase } : getBuiltin(name));
