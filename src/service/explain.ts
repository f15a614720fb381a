import { factsOf } from '../client/facts.ts';
import { templatesFor } from '../contracts/explain.ts';
import type { TagMark } from '../trust/fence.ts';
import { EVERY_NAMESPACE } from '../model/plan.ts';
import type { Explanation } from '../operations.ts';
import { NEVER } from '../trust/proofs.ts';
import { asOf, judge } from '../trust/trust.ts';
import { inWords } from '../trust/words.ts';
import type { Engine } from './engine.ts';

/** Newest entries shown, and how far back they are looked for: a tenth of a second of reading. */
const LAST_MAX = 5;
const SEARCH_MAX = 20_000;

/** For a key: what would end its trust, what last did, what is held, and why it may be served now or not. */
export async function explainKey(engine: Engine, key: string): Promise<Explanation> {
  const [held, absent] = await Promise.all([heldOf(engine, key), absentOf(engine, key)]);
  const { store } = engine.memory;
  const left = store.departures.of(key);
  const tags = [...new Set([...held.flatMap((one) => one.tags), ...left.flatMap(({ marks }) => namesOf(marks))])];
  const parts = [...store.held(key), ...left].flatMap(({ embeds }) => embeds ?? []);
  const namespaces = [...held, ...left, ...parts].map(({ namespace }) => namespace);
  const partNames = parts.flatMap(({ marks }) => namesOf(marks));
  const targets = [...new Set([key, ...tags, ...partNames, ...namespaces, EVERY_NAMESPACE])];
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
    absent,
  };
}

function heldOf(engine: Engine, key: string): Promise<Explanation['held']> {
  const { memory, namespaces, knowing, runtime } = engine;
  const held = memory.store.held(key).flatMap((entry) => {
    const namespace = namespaces.all.get(entry.shelf.name);
    return namespace ? [{ entry, namespace }] : [];
  });
  return Promise.all(
    held.map(async ({ entry, namespace }) => {
      const whyOf = knowing.whyOf(namespace);
      const facts = factsOf(entry, namespace.config);
      const why = await whyOf.recalled(whyOf.of(key, entry));
      const now = runtime.clock.mono();
      const knownAt = asOf(facts);
      return {
        layer: memory.name,
        namespace: entry.shelf.name,
        tags: namesOf(entry.marks),
        stamp: entry.stamp,
        ageMs: knownAt === NEVER ? Infinity : Math.max(0, now - knownAt),
        verdict: judge(facts, now),
        reason: inWords(why),
        why,
      };
    }),
  );
}

function absentOf(engine: Engine, key: string): Promise<Explanation['absent']> {
  const { memory, namespaces, knowing } = engine;
  const holding = new Set(memory.store.held(key).map(({ shelf }) => shelf.name));
  const missing = Array.from(namespaces.all.values(), (namespace) => {
    const whyOf = knowing.whyOf(namespace);
    return { name: namespace.config.name, whyOf, why: whyOf.absent(key) };
  }).filter(({ name }) => !holding.has(name));
  const left = missing.filter(({ why }) => why.how !== 'unknown');
  const newest = missing.sort((a, b) => (b.why.end?.offset ?? 0) - (a.why.end?.offset ?? 0)).slice(0, 1);
  return Promise.all(
    (left.length > 0 || holding.size > 0 ? left : newest).map(async ({ name, whyOf, why: named }) => {
      const why = await whyOf.recalled(named);
      return { layer: memory.name, namespace: named.how === 'unknown' ? null : name, reason: inWords(why), why };
    }),
  );
}

const namesOf = (marks: readonly TagMark[]): string[] => marks.map(({ tag }) => tag);
