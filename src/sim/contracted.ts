import type { Config } from '../config/config.ts';
import type { Kinds } from '../config/kinds.ts';
import { compileContracts, type CompiledContract } from '../contracts/compile.ts';
import { imagesOf, type Field, type Frame } from '../contracts/field.ts';
import { loopOver } from '../contracts/loop.ts';
import { judgeContract } from '../contracts/plan.ts';
import { fillTemplate, type Template } from '../contracts/template.ts';
import type { ChangeEvent } from '../model/event.ts';
import { EVERY_NAMESPACE } from '../model/plan.ts';
import { Draw } from './draw.ts';
import type { Announcement, Change, Domain, Fact, Target } from './domain.ts';
import { Entities, type Entity } from './entities.ts';
import type { Write } from './plan.ts';

/** Keys and tags that are read: more than this slows a world down and finds nothing else. */
const TARGETS_MAX = 120;
/** Changes that are tried out to see which keys and tags there are. */
const REHEARSALS = 400;
/** Keys of a namespace that no contract reaches. */
const ORPHANS = 2;

/** Something that a contract says depends on the entity: a key, or a value with a tag. */
interface Dependency {
  readonly id: string;
  readonly key: string;
  readonly tag: string | null;
  readonly namespaces: readonly string[];
  readonly soft: boolean;
}

/**
 * A user's contracts as a world. Its truth: whenever a row that an entity's contracts speak of changes in any way, the keys
 * that their templates name have another value, with the fields as they were before and as they are after. Contracts that
 * leave one of these out (an operation without a trigger, only one side of a change, a namespace that nothing reaches) let
 * an old value be served, and that is found.
 */
export class Contracted implements Domain {
  readonly facts: readonly string[];
  readonly targets: readonly Target[];
  readonly #config: Config;
  readonly #entities: Entities;
  readonly #factOf = new Map<string, Fact>();
  readonly #orphans: readonly string[];

  constructor(config: Config, seed: number) {
    this.#config = config;
    this.#entities = new Entities(config, seed);
    const found = new Map<string, { readonly dependency: Dependency; readonly entity: Entity }>();
    for (let i = 0; i < REHEARSALS && found.size < TARGETS_MAX; i++) {
      const draw = new Draw(i, 'rehearsal');
      const entity = this.#entities.pick(draw);
      if (!entity) break;
      const event = this.#entities.change(entity, draw, false);
      for (const dependency of this.#dependencies(entity, event)) found.set(dependency.id, { dependency, entity });
    }
    const reached = new Set([...found.values()].flatMap(({ dependency }) => dependency.namespaces));
    this.#orphans = [...config.namespaces.keys()].filter((name) => !reached.has(name));
    this.facts = [...found.keys(), ...this.#orphans.map((name) => `namespace ${name}`)];
    for (const [fact, id] of this.facts.entries()) this.#factOf.set(id, fact);
    this.targets = [
      ...[...found.values()].flatMap(({ dependency, entity }) => this.#targetsOf(dependency, entity)),
      ...this.#orphans.flatMap((namespace) => this.#orphansOf(namespace)),
    ];
  }

  configure(kinds: Kinds): { config: Config; other: null } {
    const { layers, namespaces, contracts } = this.#config;
    const memory = layers.find(({ type }) => type === 'memory');
    const outer = layers.find(({ type }) => type !== 'memory');
    const asIs = (type: string): unknown => kinds.layers.find((kind) => kind.type === type)?.options.parse({});
    const all = [this.#entities.canProve ? 'feed' : 'app'];
    const config: Config = {
      ...this.#config,
      journal: { type: 'simulated', options: {}, retentionMs: 3_600_000 },
      sources: new Map([
        ['feed', { type: 'simulated-feed', options: { heartbeat: 100 } }],
        ['hooks', { type: 'simulated-webhooks', options: {} }],
        ['app', { type: 'simulated-webhooks', options: {} }],
      ]),
      layers: [
        memory ?? { name: 'local', type: 'memory', options: asIs('memory') },
        ...(outer ? [{ name: outer.name, type: 'simulated-layer', options: {} }] : []),
      ],
      namespaces: new Map(
        Array.from(namespaces, ([name, { sources, ...policy }]) => [
          name,
          { ...policy, sources: sources ? [...new Set(sources.map((one) => this.#entities.simulated(one)))] : all },
        ]),
      ),
      projections: new Map(),
      contracts: compileContracts(
        contracts.contracts.map(({ source, ...contract }) =>
          source === undefined ? contract : { ...contract, source: this.#entities.simulated(source) },
        ),
      ),
    };
    return { config, other: null };
  }

  change({ roll }: Write, isLocked: (fact: Fact) => boolean): Change | null {
    const draw = new Draw(roll, 'write');
    const entity = this.#entities.pick(draw);
    if (!entity) return null;
    const event = this.#entities.change(entity, draw, true);
    const ids = this.#dependencies(entity, event).map(({ id }) => id);
    const orphaned = this.#orphans.filter((name) => name === entity.name || !this.#entities.has(name));
    const facts = [...ids, ...orphaned.map((name) => `namespace ${name}`)].flatMap((id) => this.#factOf.get(id) ?? []);
    if (facts.length === 0 || facts.some(isLocked)) return null;
    return {
      channel: entity.channel,
      words: `${event.type} ${JSON.stringify(event.row ? { before: event.row.before, after: event.row.after } : event.data)}`,
      events: [event],
      facts: [...new Set(facts)],
      parts: 1,
      rollback: false,
    };
  }

  #targetsOf({ id, key, tag, namespaces, soft }: Dependency, entity: Entity): Target[] {
    return namespaces.map((namespace) => ({
      namespace,
      key,
      fact: this.#factOf.get(id) ?? 0,
      tags: [],
      lateTags: tag === null ? null : [tag],
      channel: entity.channel,
      hard: !soft,
    }));
  }

  #orphansOf(namespace: string): Target[] {
    const fact = this.#factOf.get(`namespace ${namespace}`) ?? 0;
    const base = { namespace, fact, tags: [], lateTags: null, channel: 'feed', hard: true } as const;
    return Array.from({ length: ORPHANS }, (_, i) => ({ ...base, key: `${namespace}:${i + 1}` }));
  }

  /** What the contracts of an entity name, whether or not this event is one of their triggers. */
  #dependencies(entity: Entity, announced: Announcement): Dependency[] {
    const event: ChangeEvent = { id: 'change', source: 'feed', ...announced };
    return entity.contracts
      .filter((contract) => judgeContract(contract, event).verdict !== 'no')
      .flatMap((contract) => this.#dependenciesOf(contract, event));
  }

  #dependenciesOf(contract: CompiledContract, event: ChangeEvent): Dependency[] {
    const images: readonly Frame[] = imagesOf(event);
    const looped = contract.loop ? loopOver(contract.loop, images).frames : images;
    const memory = this.#config.layers.find(({ type }) => type === 'memory')?.name ?? 'local';
    return contract.actions.flatMap(({ action, template, perItem }) => {
      if (action.layers?.includes(memory) === false) return [];
      const namespaces = action.namespace === undefined ? [...this.#config.namespaces.keys()] : [action.namespace];
      return (perItem ? looped : images).flatMap((frame) => {
        const filled = fillTemplate(eitherSide(template), frame);
        return filled.state === 'text' ? dependency(action.kind, filled.text, namespaces) : [];
      });
    });
  }
}

function dependency(kind: string, text: string, namespaces: readonly string[]): Dependency[] {
  const id = `${kind} ${text} ${namespaces.join(' ')}`;
  const soft = kind.startsWith('expire') || kind.startsWith('refresh');
  if (kind.endsWith('_key')) return [{ id, key: text, tag: null, namespaces, soft }];
  if (kind.endsWith('_tag')) return [{ id, key: `(tagged ${text})`, tag: text, namespaces, soft }];
  if (kind !== 'purge_namespace') return [];
  const purged = text === EVERY_NAMESPACE ? namespaces : [text];
  return [{ id, key: `(any of ${text})`, tag: null, namespaces: purged, soft }];
}

/** `{before.x}` and `{after.x}` as `{x}`: what depends on a row depends on it as it was and as it is. */
function eitherSide(template: Template): Template {
  const plain = (field: Field): Field =>
    field.scope === 'before' || field.scope === 'after'
      ? { ...field, scope: 'plain', steps: field.steps.slice(1) }
      : field;
  const [literal, ...rest] = template.parts;
  const parts = rest.map((part) => (typeof part === 'string' ? part : { ...part, field: plain(part.field) }));
  return { ...template, parts: [literal, ...parts] };
}
