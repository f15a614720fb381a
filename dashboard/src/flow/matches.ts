import type { Row } from './flow.ts';

/** Whether a row has all words of the filter somewhere in what it shows. */
export function matches(row: Row, filter: string): boolean {
  const text = searchable(row).toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

function searchable(row: Row): string {
  if (row.kind === 'note') return `${row.title} ${row.text}`;
  const actions = row.actions.map((action) => `${action.kind} ${action.target} ${action.contract}`);
  return [
    row.type,
    row.source,
    row.id,
    row.subject ?? '',
    `#${String(row.offset)}`,
    JSON.stringify(row.data),
    ...actions,
  ].join(' ');
}
