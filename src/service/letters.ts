import { TidemarkError } from '../errors.ts';
import { SELF } from '../pipeline/control.ts';
import type { Engine } from './engine.ts';
import { send } from './emission.ts';

/**
 * Tries a dead letter again: its event is planned with today's contracts, its action is applied anew. Either way it
 * goes through the journal as a new entry, so every layer sees it in order. The letter goes when that succeeded.
 *
 * @throws DEAD_LETTER_UNKNOWN
 */
export async function retryLetter(
  engine: Engine,
  id: number,
): Promise<{ readonly ok: boolean; readonly message: string }> {
  const { deadLetters } = engine.journal;
  const letter = await deadLetters.get(id);
  if (!letter) throw new TidemarkError('DEAD_LETTER_UNKNOWN', `number ${id}`);
  const { event, action } = letter;
  if (action?.kind === 'refresh_projection') {
    const projection = engine.projections.get(action.target);
    if (!projection) return { ok: false, message: `there is no projection "${action.target}" any more` };
    projection.ask(engine.journal.head);
    await deadLetters.remove(id);
    return { ok: true, message: `projection "${action.target}" is being refreshed` };
  }
  if (event) {
    const { problems } = engine.planOf(event);
    if (problems[0]) return { ok: false, message: problems[0].message };
    const receipt = await send(engine, event.source, [{ ...event, id: retryId(engine, event.id) }]);
    await deadLetters.remove(id);
    return { ok: true, message: `planned again at offset ${receipt.offset}` };
  }
  if (action && action.kind !== 'refresh_key') {
    const { kind, target, namespace } = action;
    const explicit = [{ kind, target, ...(namespace === undefined ? {} : { namespace }) }];
    const anew = {
      id: retryId(engine, `letter-${id}`),
      type: 'tidemark.invalidation',
      source: SELF,
      data: {},
      explicit,
    };
    const receipt = await send(engine, SELF, [anew]);
    await deadLetters.remove(id);
    return { ok: true, message: `sent again at offset ${receipt.offset}` };
  }
  return { ok: false, message: 'it holds nothing that could be tried again; discard it' };
}

/** Another id, or the journal would take it for the event it already has. */
function retryId(engine: Engine, id: string): string {
  return `${id}~retry~${engine.runtime.random.id()}`;
}
