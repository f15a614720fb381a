import { factsOf } from '../client/facts.ts';
import { templatesFor } from '../contracts/explain.ts';
import type { Explanation } from '../operations.ts';
import { EVERY_NAMESPACE } from '../model/plan.ts';
import { NEVER } from '../trust/proofs.ts';
import { asOf, judge, reasonOf } from '../trust/trust.ts';
import type { Engine } from './engine.ts';

/** Newest entries shown, and how far back they are looked for: a tenth of a second of reading. */
const LAST_MAX = 5;
const SEARCH_MAX = 20_000;

/** For a key: what would end its trust, what last did, what is held, and why it may be served now or not. */
export async function explainKey(engine: Engine, key: string): Promise<Explanation> {
  const held = heldOf(engine, key);
  const tags = [...new Set(held.flatMap((one) => one.tags))];
  const targets = [key, ...tags, ...held.map((one) => one.namespace), EVERY_NAMESPACE];
  const { journal, contracts } = engine;
  const mentions = await Promise.all(targets.map((target) => journal.mentions(target, LAST_MAX, SEARCH_MAX)));
  const found = new Map(mentions.flat().map((entry) => [entry.offset, entry]));
  const newest = [...found.values()].sort((a, b) => b.offset - a.offset).slice(0, LAST_MAX);
  return {
    key,
    endedBy: [key, ...tags]
      .flatMap((target) => templatesFor(contracts, target))
      .map(({ contract, action }) => ({
        contract: contract.name,
        triggers: contract.triggers,
        action: `${action.kind}: ${action.template}`,
      })),
    last: newest.map(({ offset, event, source, receivedAt, plan }) => ({
      offset,
      type: event.type,
      source,
      receivedAt,
      via: plan.actions
        .filter((action) => targets.includes(action.target))
        .map((action) => `${action.kind}: ${action.target} (${action.contract})`)
        .join(', '),
    })),
    searched: Math.min(SEARCH_MAX, journal.report.entries),
    held,
  };
}

function heldOf(engine: Engine, key: string): Explanation['held'] {
  const now = engine.runtime.clock.mono();
  return engine.memory.store.held(key).map((entry) => {
    const policy = engine.namespaces.all.get(entry.shelf.name)?.config;
    const facts = factsOf(entry, policy ?? { whenUncertain: 'bypass' });
    const knownAt = asOf(facts);
    return {
      layer: engine.memory.name,
      namespace: entry.shelf.name,
      tags: entry.marks.map((mark) => mark.tag),
      stamp: entry.stamp,
      ageMs: knownAt === NEVER ? Infinity : Math.max(0, now - knownAt),
      verdict: judge(facts, now),
      reason: reasonOf(facts, now),
    };
  });
}
