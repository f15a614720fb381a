import type { Server } from './server.ts';
import type { Sql } from './sql.ts';
import { quoteTable, tableName } from './tables.ts';

/** Where a contract's trigger names no entity (`*.updated`), it may read its columns of every one. */
const ANY_ENTITY = '*';

interface TableColumns {
  readonly name: string;
  /** `f` full, `d` primary key, `i` an index, `n` nothing. */
  readonly identity: string;
  readonly columns: readonly string[];
  readonly key_columns: readonly string[];
  readonly generated: readonly string[];
  readonly generated_published: boolean;
}

/**
 * What contracts read and the feed will not tell. A change that moves a row from one group to another tells the old
 * group only if the old value is in the before-image, and that has only the replica identity's columns.
 */
export async function identityWarnings(
  sql: Sql,
  server: Server,
  publication: string,
  entities: ReadonlyMap<string, string>,
  columnsOf: ReadonlyMap<string, ReadonlySet<string>>,
): Promise<readonly string[]> {
  const tables = await readColumns(sql, server, publication, [...entities.keys()]);
  return tables.flatMap((table) => {
    const entity = entities.get(table.name) ?? '';
    const ofAny = [...(columnsOf.get(ANY_ENTITY) ?? [])].filter((column) => table.columns.includes(column));
    const read = [...new Set([...(columnsOf.get(entity) ?? []), ...ofAny])];
    return warningsOf(table, read);
  });
}

function warningsOf(table: TableColumns, read: readonly string[]): string[] {
  const { name, identity, columns, key_columns: keys, generated, generated_published: generatedPublished } = table;
  const warnings: string[] = [];
  const unknown = read.filter((column) => !columns.includes(column));
  if (unknown.length > 0) warnings.push(`contracts read ${list(unknown)} of ${name}, which has no such column`);
  const unsent = generatedPublished ? [] : read.filter((column) => generated.includes(column));
  if (unsent.length > 0) {
    warnings.push(
      `contracts read ${list(unsent)} of ${name}, which is generated, and generated columns are not in the change feed`,
    );
  }
  const uncovered = read.filter((column) => columns.includes(column) && !keys.includes(column));
  if (identity === 'f' || uncovered.length === 0) return warnings;
  const fix = `ALTER TABLE ${quoteTable(tableName(name))} REPLICA IDENTITY FULL`;
  warnings.push(
    `contracts read ${list(uncovered)} of ${name}, whose old value is not in the change feed: what depended on it before an update is not found exactly; fix: ${fix}`,
  );
  return warnings;
}

const list = (names: readonly string[]): string => names.join(', ');

async function readColumns(
  sql: Sql,
  { version }: Server,
  publication: string,
  names: readonly string[],
): Promise<TableColumns[]> {
  const tables = names.map(tableName);
  return sql.rows<TableColumns & Record<string, unknown>>(
    `select n.nspname || '.' || c.relname as name, c.relreplident as identity,
       array_agg(a.attname::text order by a.attnum) as columns,
       array(
         select k.attname::text from pg_index i join pg_attribute k on k.attrelid = c.oid and k.attnum = any (i.indkey)
         where i.indrelid = c.oid and case c.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident end
       ) as key_columns,
       coalesce(array_agg(a.attname::text) filter (where a.attgenerated <> ''), '{}') as generated,
       ${version >= 180_000 ? `coalesce((select pubgencols = 's' from pg_publication where pubname = $3), false)` : `$3::text is null`} as generated_published
     from unnest($1::text[], $2::text[]) as w (schema, name)
     join pg_class c on c.oid = to_regclass(format('%I.%I', w.schema, w.name))
     join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     group by c.oid, n.nspname, c.relname, c.relreplident`,
    [tables.map(({ schema }) => schema), tables.map(({ table }) => table), publication],
  );
}
