import { createHash } from 'node:crypto';
import { quoteLiteral, tableName } from './tables.ts';

/**
 * SQL that names, in one text value, everything that decides whether the feed tells of every change of the tables: the
 * publication, which tables are in it, the tables' own identity (a table that was dropped and made again, or swapped
 * in by renaming, is another one), their partitions, replica identity and columns. The row versions (`xmin`) are part
 * of it, so that a change that was undone shows as well. DDL is not in the stream; this is how it is noticed.
 */
export function coverageSql(publication: string, tables: readonly string[]): string {
  const names = tables.map(tableName);
  const wanted = names.map(({ schema, table }) => `(${quoteLiteral(schema)}, ${quoteLiteral(table)})`).join(', ');
  return `(
    with wanted as (
      select schema || '.' || name as name, to_regclass(format('%I.%I', schema, name))::oid as oid
      from (values ${wanted}) as w (schema, name)),
    parts as (
      select oid from wanted union select t.relid from wanted, pg_partition_tree(wanted.oid) t),
    pub as (select oid, xmin, puballtables from pg_publication where pubname = ${quoteLiteral(publication)})
    select string_agg(line, ' ' order by line) from (
      select format('publication:%s:%s', oid, xmin) as line from pub
      union all select format('member:%s:%s:%s', r.prrelid, r.oid, r.xmin)
        from pg_publication_rel r join pub on r.prpubid = pub.oid join wanted on wanted.oid = r.prrelid
      union all select format('table:%s:%s', name, oid) from wanted
      union all select format('part:%s:%s', c.oid, c.relreplident) from parts join pg_class c using (oid)
      union all select format('column:%s:%s:%s', a.attrelid, a.attnum, a.xmin)
        from wanted join pg_attribute a on a.attrelid = wanted.oid and a.attnum > 0
    ) lines)`;
}

/** Short enough to be part of an epoch. */
export function coverageHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
