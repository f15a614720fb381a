import type { Observation } from '../../../src/operations.ts';
import { visible } from '../words.ts';
import type { NoteRow } from './flow.ts';

type Fields = Observation['fields'];
type Note = Omit<NoteRow, 'kind' | 'key'>;

/** The observation as a line for the live list; `null` when it is shown elsewhere or too common to be a line. */
export function notice({ type, at, fields }: Observation): Note | null {
  switch (type) {
    case 'fill:refused':
      return { at, tone: 'good', title: 'late fill refused', text: told(fields, ['key', 'namespace', 'reason']) };
    case 'trust:changed':
      return {
        at,
        tone: trustTone(fields),
        title: 'trust',
        text: told(fields, ['namespace', 'from', 'to', 'trust', 'reason']),
      };
    case 'source:state':
      return {
        at,
        tone: stateTone(fields),
        title: 'source',
        text: told(fields, ['source', 'state', 'code', 'detail', 'message']),
      };
    case 'projection:refreshed':
      return {
        at,
        tone: fields['ok'] === false ? 'bad' : 'calm',
        title: 'projection refreshed',
        text: told(fields, ['projection', 'name', 'ms', 'message']),
      };
    case 'dead-letter':
      return { at, tone: 'bad', title: 'dead letter', text: told(fields, ['source', 'stage', 'code', 'message']) };
    case 'event:received':
    case 'plan':
    case 'layer:applied':
    case 'cache:hit':
    case 'cache:miss':
    case 'fill:stored':
    case 'source:lag':
      return null;
  }
}

function trustTone(fields: Fields): NoteRow['tone'] {
  const now = fields['to'] ?? fields['trust'];
  return now === 'fresh' ? 'good' : 'warn';
}

function stateTone(fields: Fields): NoteRow['tone'] {
  if (fields['state'] === 'streaming' || fields['state'] === 'receiving') return 'good';
  return fields['state'] === 'stopped' ? 'bad' : 'warn';
}

function told(fields: Fields, names: readonly string[]): string {
  return names
    .map((name) => fields[name])
    .filter((value) => value !== undefined && value !== null && value !== '')
    .map((value) => visible(String(value)))
    .join(' · ');
}
