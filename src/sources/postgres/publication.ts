import { TidemarkError } from '../../errors.ts';
import type { Server } from './server.ts';
import type { Sql } from './sql.ts';
import { quoteIdentifier, quoteTable, tableName, type TableName } from './tables.ts';

interface PublicationOptions {
  readonly publication: string;
  readonly tables: readonly string[];
  readonly create: boolean;
}

export interface PublicationState {
  /** It was made just now. A slot that is older cannot be decoded with it. */
  readonly created: boolean;
  readonly warnings: readonly string[];
}

interface Published {
  readonly all: boolean;
  readonly complete: boolean;
  readonly via_root: boolean;
}

interface TableFacts {
  readonly name: string;
  readonly kind: string | null;
  /** `true` when UPDATE and DELETE would be refused by the server as soon as the table is published. */
  readonly no_identity: boolean;
  readonly published: boolean;
  readonly filtered: boolean;
}

/** Makes sure that every table's inserts, updates, deletes and truncations are in the publication. */
export async function ensurePublication(
  sql: Sql,
  server: Server,
  options: PublicationOptions,
): Promise<PublicationState> {
  const { publication, create } = options;
  const tables = options.tables.map(tableName);
  const found = await readPublication(sql, publication);
  const facts = await readTables(sql, server, publication, tables);
  refuseWhatCannotBe(facts);
  const name = quoteIdentifier(publication);
  if (!found) {
    if (!create)
      throw new TidemarkError(
        'POSTGRES_PUBLICATION_MISSING',
        `${name}; create it with: ${creation(name, tables, server)}`,
      );
    await sql.rows(creation(name, tables, server));
    return { created: true, warnings: [] };
  }
  const repairs = [...repairsOf(name, found, facts, tables)];
  if (repairs.length > 0 && !create) {
    throw new TidemarkError('POSTGRES_PUBLICATION_INCOMPLETE', `${name}; run: ${repairs.join('; ')}`);
  }
  for (const repair of repairs) await sql.rows(repair);
  return {
    created: false,
    warnings: facts.filter((fact) => fact.filtered).map((fact) => filterWarning(name, fact.name)),
  };
}

function* repairsOf(
  name: string,
  found: Published,
  facts: readonly TableFacts[],
  tables: readonly TableName[],
): Iterable<string> {
  if (!found.complete) yield `alter publication ${name} set (publish = 'insert, update, delete, truncate')`;
  if (!found.via_root && facts.some((fact) => fact.kind === 'p')) {
    yield `alter publication ${name} set (publish_via_partition_root = true)`;
  }
  const missing = tables.filter((_, i) => facts[i]?.published === false);
  if (missing.length > 0) yield `alter publication ${name} add table ${missing.map(quoteTable).join(', ')}`;
}

function creation(name: string, tables: readonly TableName[], { version }: Server): string {
  // Since 18 stored generated columns can be had; before, contracts that read one are warned about.
  const generated = version >= 180_000 ? ', publish_generated_columns = stored' : '';
  return `create publication ${name} for table ${tables.map(quoteTable).join(', ')} with (publish_via_partition_root = true${generated})`;
}

function refuseWhatCannotBe(facts: readonly TableFacts[]): void {
  const missing = facts.filter((fact) => fact.kind === null).map((fact) => fact.name);
  if (missing.length > 0) throw new TidemarkError('POSTGRES_TABLE_MISSING', missing.join(', '));
  const views = facts.filter((fact) => fact.kind !== 'r' && fact.kind !== 'p').map((fact) => fact.name);
  if (views.length > 0) throw new TidemarkError('POSTGRES_NOT_A_TABLE', views.join(', '));
  // To publish such a table would make the application's own updates fail.
  const bare = facts.filter((fact) => fact.no_identity && !fact.published).map((fact) => fact.name);
  if (bare.length > 0) {
    const fix = bare.map((table) => `alter table ${quoteTable(tableName(table))} replica identity full`).join('; ');
    throw new TidemarkError('POSTGRES_NO_IDENTITY', `${bare.join(', ')}; add a primary key, or run: ${fix}`);
  }
}

function filterWarning(publication: string, table: string): string {
  return `publication ${publication} has a row filter or a column list for ${table}: what it leaves out is never seen, so caches of it can be stale up to their TTL`;
}

async function readPublication(sql: Sql, publication: string): Promise<Published | null> {
  return sql.row<{ all: boolean; complete: boolean; via_root: boolean }>(
    `select puballtables as all, pubinsert and pubupdate and pubdelete and pubtruncate as complete, pubviaroot as via_root
     from pg_publication where pubname = $1`,
    [publication],
  );
}

/** One row for each table, in their order. */
async function readTables(
  sql: Sql,
  { version }: Server,
  publication: string,
  tables: readonly TableName[],
): Promise<TableFacts[]> {
  const filtered = version >= 150_000 ? 'pr.prqual is not null or pr.prattrs is not null' : 'false';
  return sql.rows<TableFacts & Record<string, unknown>>(
    `with wanted as (
       select n as place, schema || '.' || name as name, to_regclass(format('%I.%I', schema, name)) as oid
       from unnest($1::text[], $2::text[]) with ordinality as t (schema, name, n))
     select w.name, c.relkind as kind,
       exists (
         select from (
           select w.oid as leaf where c.relkind = 'r'
           union select relid from pg_partition_tree(w.oid) where isleaf) leaves
         join pg_class l on l.oid = leaf
         where l.relreplident = 'n' or (l.relreplident = 'd'
           and not exists (select from pg_index i where i.indrelid = l.oid and i.indisprimary and i.indisvalid))
       ) as no_identity,
       exists (select from pg_publication p where p.pubname = $3 and (p.puballtables
         or exists (select from pg_publication_rel pr where pr.prpubid = p.oid and pr.prrelid = w.oid)
         ${version >= 150_000 ? 'or exists (select from pg_publication_namespace pn where pn.pnpubid = p.oid and pn.pnnspid = c.relnamespace)' : ''}
       )) as published,
       exists (select from pg_publication p join pg_publication_rel pr on pr.prpubid = p.oid
         where p.pubname = $3 and pr.prrelid = w.oid and (${filtered})) as filtered
     from wanted w left join pg_class c on c.oid = w.oid order by w.place`,
    [tables.map(({ schema }) => schema), tables.map(({ table }) => table), publication],
  );
}
