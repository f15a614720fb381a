import { toJson } from '../printable.ts';

export interface Frame {
  /** Absent: the default type, which `EventSource.onmessage` gets. */
  readonly event?: string;
  readonly id?: number;
  readonly data: unknown;
}

/** One server-sent event. JSON has no raw line end, so one `data` line is always enough. */
export function frame({ event, id, data }: Frame): string {
  const head = `${event === undefined ? '' : `event: ${event}\n`}${id === undefined ? '' : `id: ${String(id)}\n`}`;
  return `${head}data: ${toJson(data)}\n\n`;
}

export function comment(text: string): string {
  return `: ${text}\n\n`;
}

/** What a client is to wait before it connects again. */
export function retry(ms: number): string {
  return `retry: ${String(ms)}\n\n`;
}
