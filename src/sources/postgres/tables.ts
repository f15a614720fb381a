/** A table as the configuration names it: `schema.table`, or `table` in the schema `public`. Case counts. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

export function tableName(text: string): TableName {
  const dot = text.indexOf('.');
  return dot < 0 ? { schema: 'public', table: text } : { schema: text.slice(0, dot), table: text.slice(dot + 1) };
}

export function qualified({ schema, table }: TableName): string {
  return `${schema}.${table}`;
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteTable({ schema, table }: TableName): string {
  return `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
}

export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
