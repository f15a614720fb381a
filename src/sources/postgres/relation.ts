import type { RelationMessage } from './pgoutput.ts';
import { valueDecoder, type ValueDecoder } from './value.ts';

export interface Column {
  readonly name: string;
  readonly key: boolean;
  readonly decode: ValueDecoder;
}

/** A table as it was when the changes that follow its announcement were made. */
export interface Relation {
  /** `schema.table`. */
  readonly name: string;
  /** What its rows are called in event types; `null`: published, but of no interest here. */
  readonly entity: string | null;
  readonly columns: readonly Column[];
}

export function relationOf(message: RelationMessage, entities: ReadonlyMap<string, string>): Relation {
  const name = `${message.schema}.${message.table}`;
  return {
    name,
    entity: entities.get(name) ?? null,
    columns: message.columns.map(({ name, key, typeOid }) => ({ name, key, decode: valueDecoder(typeOid) })),
  };
}
