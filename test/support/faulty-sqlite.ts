import type { SqliteDatabase, SqliteOpen, SqliteStatement } from '../../src/runtime/sqlite.ts';

/** A driver that tells what it was asked and fails where it is told to, as a disk does. */
export class FaultySqlite {
  /** Every statement that ran, in order. */
  readonly ran: string[] = [];
  #fault: { readonly sql: string; readonly errcode: number; left: number } | undefined;
  readonly #open: SqliteOpen;

  constructor(open: SqliteOpen) {
    this.#open = open;
  }

  /** The next `times` statements that begin with `sql` throw; `errcode` is SQLite's. */
  fail(sql: string, errcode: number, times = 1): void {
    this.#fault = { sql, errcode, left: times };
  }

  readonly open: SqliteOpen = (path, options) => {
    const db = this.#open(path, options);
    const wrapped: SqliteDatabase = {
      exec: (sql) => {
        this.#meet(sql);
        db.exec(sql);
      },
      prepare: (sql) => this.#statement(sql, db.prepare(sql)),
      close: () => {
        db.close();
      },
    };
    return wrapped;
  };

  #statement(sql: string, statement: SqliteStatement): SqliteStatement {
    return {
      run: (...values) => {
        this.#meet(sql);
        return statement.run(...values);
      },
      get: (...values) => statement.get(...values),
      all: (...values) => {
        this.#meet(sql);
        return statement.all(...values);
      },
    };
  }

  #meet(sql: string): void {
    this.ran.push(sql);
    const fault = this.#fault;
    if (!fault || !sql.startsWith(fault.sql)) return;
    if (--fault.left <= 0) this.#fault = undefined;
    throw Object.assign(new Error('the disk says no'), { errcode: fault.errcode });
  }
}
