import type { Absent, Echo, End, HoldUp, Known, Since, TrustReason } from '../model/reason.ts';

/** A reason as one sentence, for people. */
export function inWords(reason: TrustReason): string {
  switch (reason.kind) {
    case 'fresh':
      return `fresh ${asOf(reason.known)}, proven ${by(reason.known)}, within the bound of ${span(reason.boundMs)}`;
    case 'ttl':
      return `no max_staleness asked for: ${ttlLeft(reason.endsInMs)}; ${known(reason.known)}`;
    case 'unproven':
      return reason.since
        ? `not provable within ${span(reason.boundMs)} since ${ago(reason.since)}: ${holdUp(reason.heldBy)}; ${known(reason.known)}`
        : `never proven, so not within ${span(reason.boundMs)}: ${holdUp(reason.heldBy)}`;
    case 'expired':
      return `expired softly, last ${reason.end ? `by ${end(reason.end)}` : 'by what is no longer remembered'}; ${known(reason.known)}`;
    case 'ttl-over':
      return `its ttl ended ${ago(reason.since)}`;
    case 'absent':
      return `not resident: ${absence(reason)}`;
    case 'loaded':
      return `${loaded(reason)}${before(reason.before)}`;
  }
}

function ttlLeft(endsInMs: number | null): string {
  return endsInMs === null ? 'the ttl bounds the age' : `its ttl ends in ${span(endsInMs)}`;
}

function loaded({ from, known }: Extract<TrustReason, { kind: 'loaded' }>): string {
  if (from === 'source') return 'loaded from the source for this read';
  return `loaded for this read, from what is ${known ? `known to be current ${asOf(known)}` : 'of no known age'}`;
}

/** That it was not there, and nobody knows why, is how every value begins. */
function before(was: TrustReason | null): string {
  const nothing = was === null || (was.kind === 'absent' && was.how === 'unknown' && was.end === null);
  return nothing ? '' : `; before that ${inWords(was)}`;
}

function absence({ how, end: by }: Absent): string {
  switch (how) {
    case 'ended':
      return by ? lastEnd(by) : 'ended, and by what is no longer remembered';
    case 'ttl':
      return 'its ttl ended';
    case 'evicted':
      return 'evicted to make room';
    case 'unknown':
      return by ? lastEnd(by) : 'nothing that is remembered has ended it';
  }
}

const lastEnd = (by: End): string => `last ended by ${end(by)}`;

function known(is: Known | null): string {
  return is === null ? 'nothing has proven it' : `known to be current ${asOf(is)} ${by(is)}`;
}

function asOf({ ageMs, asOf: at }: Known): string {
  return `as of ${ago({ at, agoMs: ageMs })}`;
}

function by({ by: who, echo }: Known): string {
  if (who === 'load') return 'by its own load';
  return echo ? echoOf(echo) : 'by a proof through its sources';
}

function echoOf({ source, offset, position, of }: Echo): string {
  const oldest = of > 1 ? `, the oldest of ${String(of)} sources` : '';
  return `by an echo through ${source} at #${String(offset)}${position ? ` (position ${position})` : ''}${oldest}`;
}

function end({ offset, target, name, embedded, event }: End): string {
  const what = target === 'everything' ? 'everything' : `${embedded ? 'the embedded ' : ''}${target} "${name}"`;
  if (event === null) return `#${String(offset)}, which ended ${what}`;
  const { type, source, received, action } = event;
  const how = action
    ? `with ${action.kind} of ${OWN[action.contract] ?? `contract "${action.contract}"`}${action.widened ? ' (widened)' : ''}`
    : 'more widely than planned';
  return `${type} (#${String(offset)} from ${source}, received ${ago(received)}), which ended ${what} ${how}`;
}

/** What stands in a plan in place of a contract. */
const OWN: Readonly<Record<string, string>> = {
  explicit: 'an explicit message',
  gap: 'a gap',
  'contracts-changed': 'changed contracts',
  undecodable: 'a change that could not be read',
};

function holdUp(is: HoldUp): string {
  switch (is.kind) {
    case 'no-source':
      return 'it has no source that can prove freshness';
    case 'cannot-prove':
      return `${is.source} (${is.type}) cannot prove freshness`;
    case 'down':
      return `${is.source} is down since ${ago(is.since)}, last with ${failure(is)}`;
    case 'gap':
      return `${is.source} told of a gap ${ago(is.since)}, ${failure(is)}, and has proven nothing since`;
    case 'not-streaming':
      return `${is.source} is ${is.state}${is.detail === null ? '' : `: ${cut(is.detail)}`}`;
    case 'behind':
      return `an echo through ${is.source} waits for #${String(is.waitsFor)}, ${entries(is.entries)} beyond what is applied${open(is)}`;
    case 'gate':
      return `${is.source} holds back a commit until readers see transaction ${is.transaction}`;
    case 'suspended':
      return `this machine was suspended for ${span(is.ms)} until ${ago(is.since)}, and no echo sent since has come back through ${is.source}`;
    case 'stalled':
      return `the event loop stood still for ${span(is.ms)} until ${ago(is.since)}, and no echo sent since has come back through ${is.source}`;
    case 'never-proven':
      return `${is.source} is streaming and has proven nothing since the start ${ago(is.since)}`;
    case 'silent':
      return `${is.source} is streaming and no echo sent later than ${ago(is.since)} has come back`;
  }
}

function failure({ code, message }: { readonly code: string; readonly message: string }): string {
  return message === '' ? code : `${code}: ${cut(message)}`;
}

function open({ open: is }: Extract<HoldUp, { kind: 'behind' }>): string {
  return is === null ? '' : `: a transaction of ${is.source} is open since #${String(is.from)}`;
}

const entries = (n: number): string => (n === 1 ? '1 entry' : `${String(n)} entries`);

/** Messages come from servers and drivers, and a reason is one sentence. */
const MESSAGE_MAX = 200;

const cut = (text: string): string => (text.length > MESSAGE_MAX ? `${text.slice(0, MESSAGE_MAX)}...` : text);

const ago = ({ at, agoMs }: Since): string => `${span(agoMs)} ago (${new Date(at).toISOString()})`;

const UNITS = [
  { unit: 'h', ms: 3_600_000 },
  { unit: 'min', ms: 60_000 },
  { unit: 's', ms: 1_000 },
] as const;

/** From ten of a unit on in that unit: `9999 ms`, `10 s`, `600 s`, `10 min`. */
function span(ms: number): string {
  const { unit, ms: size } = UNITS.find((one) => ms >= 10 * one.ms) ?? { unit: 'ms', ms: 1 };
  return `${String(Math.round(ms / size))} ${unit}`;
}
