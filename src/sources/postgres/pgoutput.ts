import { TidemarkError } from '../../errors.ts';
import type { Millis } from '../../model/position.ts';
import { ByteReader } from './bytes.ts';
import type { Lsn } from './lsn.ts';

/** A column's value in PostgreSQL's text form; `undefined`: a TOAST value that did not change and was not sent. */
export type Field = string | null | undefined;
export type Tuple = readonly Field[];

export interface RelationColumn {
  readonly name: string;
  readonly typeOid: number;
  /** Part of the replica identity. */
  readonly key: boolean;
}

/** What pgoutput says, protocol version 1. */
export type PgMessage =
  | { readonly kind: 'begin'; readonly commitLsn: Lsn; readonly time: Millis | null; readonly xid: number }
  | { readonly kind: 'commit'; readonly commitLsn: Lsn; readonly endLsn: Lsn }
  | RelationMessage
  | InsertMessage
  | UpdateMessage
  | DeleteMessage
  | TruncateMessage
  | LogicalMessage
  /** Origin and type messages: true, and of no use here. */
  | { readonly kind: 'ignored' };

export interface RelationMessage {
  readonly kind: 'relation';
  readonly id: number;
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly RelationColumn[];
}

export interface InsertMessage {
  readonly kind: 'insert';
  readonly relationId: number;
  readonly after: Tuple;
}

export interface OldTuple {
  /** `key`: only the identity columns mean anything. `full`: all of them. */
  readonly has: 'key' | 'full';
  readonly tuple: Tuple;
}

export interface UpdateMessage {
  readonly kind: 'update';
  readonly relationId: number;
  /** `null`: the identity columns did not change. */
  readonly before: OldTuple | null;
  readonly after: Tuple;
}

export interface DeleteMessage {
  readonly kind: 'delete';
  readonly relationId: number;
  readonly before: OldTuple;
}

export interface TruncateMessage {
  readonly kind: 'truncate';
  readonly relationIds: readonly number[];
  readonly cascade: boolean;
  readonly restartIdentity: boolean;
}

/** From `pg_logical_emit_message`. */
export interface LogicalMessage {
  readonly kind: 'message';
  readonly transactional: boolean;
  readonly lsn: Lsn;
  readonly prefix: string;
  readonly content: string;
}

const MILLIS_1970_TO_2000 = 946_684_800_000;

/** Decodes one message. Keeps no reference to the bytes. Throws `POSTGRES_PROTOCOL` on what it does not understand. */
export function decodePgoutput(bytes: Buffer, at = 0): PgMessage {
  const reader = new ByteReader(bytes, at);
  try {
    const message = decode(reader);
    if (message.kind !== 'ignored' && reader.left > 0) throw new RangeError(`${reader.left} bytes left over`);
    return message;
  } catch (cause) {
    if (cause instanceof TidemarkError) throw cause;
    const start = bytes.subarray(at, at + 16).toString('hex');
    throw new TidemarkError('POSTGRES_PROTOCOL', `a message that begins ${start} cannot be read (${String(cause)})`, {
      cause,
    });
  }
}

function decode(reader: ByteReader): PgMessage {
  const type = String.fromCharCode(reader.uint8());
  switch (type) {
    case 'B':
      return { kind: 'begin', commitLsn: reader.uint64(), time: time(reader), xid: reader.uint32() };
    case 'C':
      return commit(reader);
    case 'R':
      return relation(reader);
    case 'I':
      return { kind: 'insert', relationId: reader.uint32(), after: marked(reader, 'N') };
    case 'U':
      return update(reader);
    case 'D': {
      const relationId = reader.uint32();
      return { kind: 'delete', relationId, before: oldTuple(reader, reader.uint8()) };
    }
    case 'T':
      return truncate(reader);
    case 'M': {
      const transactional = (reader.uint8() & 1) === 1;
      const lsn = reader.uint64();
      const prefix = reader.cstring();
      return { kind: 'message', transactional, lsn, prefix, content: reader.text(reader.uint32()) };
    }
    case 'O':
    case 'Y':
      return { kind: 'ignored' };
    default:
      throw new TidemarkError('POSTGRES_PROTOCOL', `a message of the unknown kind ${JSON.stringify(type)}`);
  }
}

function commit(reader: ByteReader): PgMessage {
  reader.uint8();
  const message = { kind: 'commit', commitLsn: reader.uint64(), endLsn: reader.uint64() } as const;
  time(reader);
  return message;
}

/** `null`: the change was replicated from elsewhere, and its origin gave no time. */
function time(reader: ByteReader): Millis | null {
  const micros = reader.int64();
  return micros === 0n ? null : Number(micros / 1000n) + MILLIS_1970_TO_2000;
}

function relation(reader: ByteReader): RelationMessage {
  const id = reader.uint32();
  const schema = reader.cstring() || 'pg_catalog';
  const table = reader.cstring();
  reader.uint8();
  const columns: RelationColumn[] = [];
  for (let left = reader.uint16(); left > 0; left--) {
    const key = (reader.uint8() & 1) === 1;
    const name = reader.cstring();
    columns.push({ key, name, typeOid: reader.uint32() });
    reader.uint32();
  }
  return { kind: 'relation', id, schema, table, columns };
}

function update(reader: ByteReader): UpdateMessage {
  const relationId = reader.uint32();
  const mark = reader.uint8();
  if (mark === 0x4e) return { kind: 'update', relationId, before: null, after: tuple(reader) };
  const before = oldTuple(reader, mark);
  return { kind: 'update', relationId, before, after: marked(reader, 'N') };
}

function oldTuple(reader: ByteReader, mark: number): OldTuple {
  if (mark === 0x4b) return { has: 'key', tuple: tuple(reader) };
  if (mark === 0x4f) return { has: 'full', tuple: tuple(reader) };
  throw new RangeError(`an old row is marked ${mark}`);
}

function marked(reader: ByteReader, mark: string): Tuple {
  const found = String.fromCharCode(reader.uint8());
  if (found !== mark) throw new RangeError(`a row is marked ${JSON.stringify(found)}`);
  return tuple(reader);
}

function tuple(reader: ByteReader): Tuple {
  const count = reader.uint16();
  const fields = new Array<Field>(count);
  for (let i = 0; i < count; i++) fields[i] = field(reader);
  return fields;
}

function field(reader: ByteReader): Field {
  const kind = reader.uint8();
  switch (kind) {
    case 0x74: // t
      return reader.text(reader.uint32());
    case 0x6e: // n
      return null;
    case 0x75: // u
      return undefined;
    default:
      throw new RangeError(`a value of kind ${kind}`);
  }
}

function truncate(reader: ByteReader): TruncateMessage {
  const count = reader.uint32();
  const flags = reader.uint8();
  const relationIds: number[] = [];
  for (let i = 0; i < count; i++) relationIds.push(reader.uint32());
  return { kind: 'truncate', relationIds, cascade: (flags & 1) === 1, restartIdentity: (flags & 2) === 2 };
}
