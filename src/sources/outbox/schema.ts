/** A table name that needs no quoting anywhere: it becomes part of SQL. */
export const TABLE_NAME = /^(?!sqlite_)[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** Columns that an application may leave out of a table of its own. */
export const OPTIONAL_COLUMNS = ['id_event', 'subject', 'time'] as const;

/**
 * SQL for an outbox table in SQLite: an application inserts a row in the transaction of the change that it announces.
 * Running it again changes nothing.
 *
 * - `type` is the event's type, `data` its JSON; `id_event`, `subject` and `time` may stay NULL.
 * - AUTOINCREMENT is a must: without it SQLite gives the numbers of deleted rows again.
 * - The second table holds one random word that tells this outbox from one that was made in its place.
 */
export function outboxSchema(table = 'outbox'): string {
  if (!TABLE_NAME.test(table)) throw new RangeError(`"${table}" is not a table name of letters, digits and _`);
  return `
CREATE TABLE IF NOT EXISTS ${table} (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  type TEXT NOT NULL,
  data TEXT,
  id_event TEXT,
  subject TEXT,
  time TEXT
);
CREATE TABLE IF NOT EXISTS ${epochTable(table)} (epoch TEXT NOT NULL);
INSERT INTO ${epochTable(table)} SELECT lower(hex(randomblob(16))) WHERE NOT EXISTS (SELECT 1 FROM ${epochTable(table)});
`;
}

export function epochTable(table: string): string {
  return `${table}_epoch`;
}
