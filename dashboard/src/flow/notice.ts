import type { Observation } from '../../../src/operations.ts';
import { count, span, visible } from '../words.ts';
import type { NoteRow } from './flow.ts';

type Fields = Observation['fields'];
type Note = Omit<NoteRow, 'kind' | 'key'>;

/** The observation as a line for the live list; `null` when it is shown elsewhere or too common to be a line. */
export function notice({ type, at, fields }: Observation): Note | null {
  switch (type) {
    case 'fill:refused':
      return {
        at,
        tone: 'good',
        title: 'Late fill refused',
        text: `${said(fields, 'key')} in ${said(fields, 'namespace')}: ${refusal(fields)}`,
      };
    case 'trust:changed':
      return trustChanged(at, fields);
    case 'clock:suspended':
      return {
        at,
        tone: 'warn',
        title: 'Clock caught up',
        text: `this machine stood still for ${span(Number(fields['ms']))}, or its clock was set forward: ages have grown`,
      };
    case 'loop:stalled':
      return {
        at,
        tone: 'warn',
        title: 'Event loop stalled',
        text: `for ${span(Number(fields['ms']))}: events and proofs waited behind one task`,
      };
    case 'source:state':
      return sourceState(at, fields);
    case 'projection:refreshed':
      return {
        at,
        tone: 'calm',
        title: 'Projection refreshed',
        text: `${said(fields, 'projection')} up to #${said(fields, 'offset')}, took ${took(fields)}`,
      };
    case 'dead-letter':
      return {
        at,
        tone: 'bad',
        title: 'Dead letter',
        text: `${said(fields, 'stage')} ${said(fields, 'code')}: ${said(fields, 'message')}`,
      };
    case 'audit:violation':
      return {
        at,
        tone: 'bad',
        title: 'Wrong value found',
        text: `${said(fields, 'key')} in ${said(fields, 'namespace')} is not what its source has: ${said(fields, 'where')}. ${said(fields, 'why')}`,
      };
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

const REFUSALS: Readonly<Record<string, string>> = {
  'key-invalidated': 'the key was ended',
  'tag-invalidated': 'one of its tags was ended',
  'namespace-purged': 'the namespace was ended',
  'no-stamp': 'it is not known what its load has seen',
  'foreign-part': 'a part of it is fed by a source that its namespace does not name',
  'below-floor': 'invalidations up to the floor may be forgotten, which stands',
  'older-than-stored': 'a newer value was stored',
};

function refusal(fields: Fields): string {
  const { stamp, endedAt } = fields;
  const reason = said(fields, 'reason');
  const why = `${REFUSALS[reason] ?? reason}${typeof endedAt === 'number' ? ` at #${count(endedAt)}` : ''}`;
  return typeof stamp === 'number' ? `the load had seen up to #${count(stamp)}, then ${why}` : why;
}

function trustChanged(at: number, fields: Fields): Note {
  const fresh = fields['trust'] === 'fresh';
  const name = said(fields, 'namespace');
  return fresh
    ? { at, tone: 'good', title: 'Trust returned', text: `${name} is proven fresh again` }
    : { at, tone: 'warn', title: 'Trust withdrawn', text: `${name} is ${said(fields, 'reason') || 'not provable'}` };
}

/** A source that starts is the normal course; the status panel shows it. */
function sourceState(at: number, fields: Fields): Note | null {
  const name = said(fields, 'source');
  switch (fields['state']) {
    case 'failed':
      return {
        at,
        tone: 'bad',
        title: 'Source failed',
        text: `${name}: ${said(fields, 'code')} ${said(fields, 'message')}`,
      };
    case 'waiting':
      return {
        at,
        tone: 'warn',
        title: 'Source waits',
        text: `${name} tries again in ${span(Number(fields['retryInMs'] ?? 0))}`,
      };
    default:
      return null;
  }
}

function took(fields: Fields): string {
  return typeof fields['tookMs'] === 'number' ? span(fields['tookMs']) : 'no time told';
}

function said(fields: Fields, name: string): string {
  const value = fields[name];
  return value === undefined || value === null ? '' : visible(Array.isArray(value) ? value.join('; ') : String(value));
}
