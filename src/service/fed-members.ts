import { TidemarkError } from '../errors.ts';
import type { FeedTime } from '../model/feed.ts';
import type { MemberReport, TimeQuestion } from '../model/member.ts';
import type { Offset } from '../model/position.ts';
import type { Member } from '../journal/relays.ts';
import type { Engine } from './engine.ts';

/**
 * The time, for a process that is fed: by the clock of the relay that feeds it, or else by that of this one. Whoever is not waited for is
 * not told it, so that it can prove nothing; the relay that is asked hears of the process before it is asked.
 *
 * @throws MEMBERS_FULL
 */
export async function timeFor(engine: Engine, question: TimeQuestion): Promise<FeedTime> {
  const { id, name, epoch, watermark, clock: whose } = question;
  const { journal, elsewhere, clockId, runtime } = engine;
  const known = epoch === journal.identity.epoch ? watermark : null;
  if (!elsewhere.report({ id, name, role: 'process', watermark: known, how: 'asked' }))
    throw new TidemarkError('MEMBERS_FULL', name);
  const watermarks: Record<string, Offset> = known === null ? {} : { [engine.memory.name]: known };
  journal.relays?.say({ kind: 'member', member: { id, name, role: 'process', watermarks } });
  const theirs = whose === undefined || whose === clockId ? null : await journal.relays?.timeOf(whose);
  return theirs ?? { clock: clockId, now: runtime.clock.mono() };
}

/** A process that is fed ends. */
export function memberLeft({ elsewhere, journal }: Engine, id: MemberReport['id']): void {
  elsewhere.leave(id);
  journal.relays?.say({ kind: 'left', id });
}

/** What another relay, or a process that is fed by the journal itself, says of a cache. */
export function hearMember({ elsewhere, layers }: Engine, { id, name, role, watermarks }: Member): void {
  // A layer that is shared is nobody's own: it is waited for as a layer.
  const shared = new Set(layers.filter(({ layer }) => layer.resume !== undefined).map(({ layer }) => layer.name));
  const own = Object.entries(watermarks).flatMap(([layer, at]) => (shared.has(layer) ? [] : [at]));
  const watermark = own.length === 0 ? null : (Math.min(...own) as Offset);
  elsewhere.report({ id, name, role, watermark, how: 'told' });
}
