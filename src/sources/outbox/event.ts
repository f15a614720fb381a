import { UNDECODABLE, type ChangeEvent } from '../../model/event.ts';
import type { Epoch, SourceId } from '../../model/position.ts';
import type { SqliteRow, SqliteValue } from '../../runtime/sqlite.ts';
import { parseStrictJson } from '../../runtime/strict-json.ts';

/** The event that a row announces. A row that cannot be read is one too: skipping it would leave stale what it named. */
export function eventOf(row: SqliteRow, source: SourceId, epoch: Epoch): ChangeEvent {
  const id = text(row['id_event']) || `${epoch.slice(0, 8)}-${String(row['id'])}`;
  const type = row['type'];
  const data = row['data'];
  if (typeof type !== 'string' || type.trim() === '') return undecodable(row, id, source, 'the type is not a text');
  if (data !== null && typeof data !== 'string') return undecodable(row, id, source, 'the data is not a text');
  const json = data === null ? ({ ok: true, value: null } as const) : parseStrictJson(data);
  if (!json.ok) return undecodable(row, id, source, json.message);
  const subject = text(row['subject']);
  const time = text(row['time']);
  return { id, type, source, ...(subject && { subject }), ...(time && { time }), data: json.value };
}

function undecodable(row: SqliteRow, id: string, source: SourceId, reason: string): ChangeEvent {
  return {
    id,
    type: UNDECODABLE,
    source,
    data: { row: String(row['id']), type: printable(row['type']), reason, text: printable(row['data']) },
  };
}

function text(value: SqliteValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Enough of it for a person to see what is wrong; it goes into the journal and a dead letter. */
const PRINTED_MAX = 10_000;

function printable(value: SqliteValue | undefined): string {
  const whole = value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : String(value);
  return whole.slice(0, PRINTED_MAX);
}
