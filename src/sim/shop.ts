import type { Config } from '../config/config.ts';
import type { Kinds } from '../config/kinds.ts';
import { loadConfig } from '../config/load.ts';
import type { JsonObject } from '../model/json.ts';
import { Draw } from './draw.ts';
import type { Announcement, Change, Domain, Fact, Target } from './domain.ts';
import { someOf } from './ledger.ts';
import type { Plan, Shape, Write } from './plan.ts';
import type { Sabotage } from './sabotage.ts';
import { WORLDS } from './worlds.ts';

/** Reads of a page see these many rows, of which the reader knows nothing before it has loaded. */
const ROWS_OF_A_PAGE = 3;

const CONTRACTS = [
  { name: 'row', trigger: 'row.*', actions: [{ delete_key: 'row:{id}' }, { purge_tag: 'row-{id}' }] },
  { name: 'group', trigger: 'row.*', actions: [{ purge_tag: 'group-{group}' }] },
  { name: 'soft', trigger: 'row.*', actions: [{ expire_key: 'soft:{id}' }, { refresh_key: 'warm:{id}' }] },
  { name: 'hook', trigger: 'hook.changed', actions: [{ delete_key: 'hook:{id}' }] },
  { name: 'app', trigger: 'app.changed', actions: [{ delete_key: 'app:{id}' }] },
];
const OTHER = { name: 'other', trigger: 'other.changed', actions: [{ purge_tag: 'other-{id}' }] };

/**
 * The world that the simulator runs by itself: rows in groups behind a change feed, read by key, by group and in pages
 * whose rows are known only after the load; a service that only sends webhooks; an application that sends events.
 */
export class Shop implements Domain {
  readonly #config: JsonObject;
  readonly #otherConfig: JsonObject;
  readonly facts: readonly string[];
  readonly targets: readonly Target[];
  readonly #rows: number;
  readonly #groups: number;
  readonly #outside: number;
  readonly #groupOf: number[];

  constructor({ shape, seed, world }: Pick<Plan, 'shape' | 'seed' | 'world'>, sabotages: ReadonlySet<Sabotage>) {
    const contracts = CONTRACTS.filter(({ name }) => name !== 'group' || !sabotages.has('contract-missing'));
    const draw = new Draw(seed, 'shop');
    this.#rows = shape.scale * 3;
    this.#groups = shape.scale;
    this.#outside = shape.scale;
    this.#groupOf = Array.from({ length: this.#rows }, () => draw.below(this.#groups));
    const { isShared } = WORLDS[world];
    this.#config = configOf(shape, contracts, isShared);
    this.#otherConfig = configOf(shape, [...contracts, OTHER], isShared);
    this.facts = [
      ...names('row', this.#rows),
      ...names('group', this.#groups),
      ...names('page', this.#groups),
      ...names('hook', this.#outside),
      ...names('app', this.#outside),
    ];
    this.targets = this.#makeTargets();
  }

  configure(kinds: Kinds): { config: Config; other: Config } {
    return { config: loaded(this.#config, kinds), other: loaded(this.#otherConfig, kinds) };
  }

  change({ roll }: Write, isLocked: (fact: Fact) => boolean): Change | null {
    const draw = new Draw(roll, 'write');
    const what = draw.next();
    if (what < 0.1) return this.#outsideChange('webhook', 'hook', draw);
    if (what < 0.2) return this.#outsideChange('app', 'app', draw);
    if (what < 0.205) return this.#truncate(isLocked);
    const count = what < 0.28 ? 2 + draw.below(this.#rows) : 1;
    const rows = distinct(draw, this.#rows, count).filter((row) => !isLocked(row));
    if (rows.length === 0) return null;
    const facts = new Set<Fact>();
    const rollback = draw.chance(0.05);
    const drift = draw.chance(0.01);
    const events = rows.map((row) => this.#update(row, draw, facts, { rollback, drift }));
    return {
      channel: 'feed',
      words: `${rollback ? 'roll back' : 'change'} ${someOf(rows.map((row) => `row:${row}`))}`,
      events,
      facts: [...facts],
      parts: rows.length > 1 && draw.chance(0.5) ? 2 + draw.below(Math.min(3, rows.length - 1)) : 1,
      rollback,
    };
  }

  #update(
    row: number,
    draw: Draw,
    facts: Set<Fact>,
    { rollback, drift }: { rollback: boolean; drift: boolean },
  ): Announcement {
    const from = this.#groupOf[row] ?? 0;
    const to = draw.chance(0.3) ? draw.below(this.#groups) : from;
    if (!rollback) this.#groupOf[row] = to;
    facts.add(row);
    facts.add(this.#rows + from);
    facts.add(this.#rows + to);
    for (let page = 0; page < this.#groups; page++) if (this.#onPage(page, row)) facts.add(this.#page(page));
    const before = { id: row, group: from };
    const after = drift ? { id: row } : { id: row, group: to };
    return {
      type: 'row.updated',
      data: after,
      row: { relation: 'public.row', op: 'updated', before, after, beforeHas: 'full' },
    };
  }

  #truncate(isLocked: (fact: Fact) => boolean): Change | null {
    const facts = Array.from({ length: this.#rows + 2 * this.#groups }, (_, fact) => fact);
    if (facts.some(isLocked)) return null;
    const row = { relation: 'public.row', op: 'truncated', before: null, after: null, beforeHas: 'none' } as const;
    const events = [{ type: 'row.truncated', data: null, row }];
    return { channel: 'feed', words: 'truncate', events, facts, parts: 1, rollback: false };
  }

  #outsideChange(channel: 'webhook' | 'app', kind: 'hook' | 'app', draw: Draw): Change {
    const id = draw.below(this.#outside);
    const fact = this.#rows + 2 * this.#groups + (kind === 'hook' ? 0 : this.#outside) + id;
    const events = [{ type: `${kind}.changed`, data: { id } }];
    return { channel, words: `change ${kind}:${id}`, events, facts: [fact], parts: 1, rollback: false };
  }

  #page(page: number): Fact {
    return this.#rows + this.#groups + page;
  }

  #onPage(page: number, row: number): boolean {
    return (row + this.#rows - page) % this.#rows < ROWS_OF_A_PAGE;
  }

  #makeTargets(): Target[] {
    const base = { tags: [], lateTags: null, channel: 'feed', hard: true } as const;
    const targets: Target[] = [];
    for (let row = 0; row < this.#rows; row++) {
      for (const namespace of ['bypass', 'revalidate', 'serve', 'error', 'ttl'])
        targets.push({ ...base, namespace, key: `row:${row}`, fact: row });
      targets.push({ ...base, namespace: 'bypass', key: `soft:${row}`, fact: row, hard: false });
      targets.push({ ...base, namespace: 'ttl', key: `warm:${row}`, fact: row, hard: false });
    }
    for (let group = 0; group < this.#groups; group++) {
      const fact = this.#rows + group;
      const tags = [`group-${group}`];
      for (const namespace of ['bypass', 'ttl'])
        targets.push({ ...base, namespace, key: `group:${group}`, fact, tags });
      const rows = Array.from({ length: this.#rows }, (_, row) => row).filter((row) => this.#onPage(group, row));
      const lateTags = rows.map((row) => `row-${row}`);
      for (const namespace of ['bypass', 'serve', 'ttl'])
        targets.push({ ...base, namespace, key: `page:${group}`, fact: this.#page(group), lateTags });
    }
    const outside = this.#rows + 2 * this.#groups;
    for (let id = 0; id < this.#outside; id++) {
      targets.push({ ...base, namespace: 'hook', key: `hook:${id}`, fact: outside + id, channel: 'webhook' });
      targets.push({ ...base, namespace: 'app', key: `app:${id}`, fact: outside + this.#outside + id, channel: 'app' });
    }
    return targets;
  }
}

function loaded(object: JsonObject, kinds: Kinds): Config {
  const { config, findings } = loadConfig({ object, kinds });
  if (!config) throw new Error(findings.map(({ what, line }) => `${line}: ${what}`).join('\n'));
  return config;
}

function names(kind: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${kind}:${i}`);
}

function distinct(draw: Draw, among: number, count: number): number[] {
  const first = draw.below(among);
  return Array.from({ length: Math.min(count, among) }, (_, i) => (first + i) % among);
}

function configOf(shape: Shape, contracts: readonly JsonObject[], isShared: boolean): JsonObject {
  const { ttlMs: ttl, maxStalenessMs, heartbeatMs, retentionMs, maxEntries, tombstonesMax } = shape;
  const bound = (when_uncertain: string): JsonObject => ({
    ttl,
    max_staleness: maxStalenessMs,
    when_uncertain,
    sources: ['feed'],
  });
  return {
    version: 1,
    journal: { type: 'simulated', retention: retentionMs },
    sources: {
      feed: { type: 'simulated-feed', heartbeat: heartbeatMs },
      hooks: { type: 'simulated-webhooks' },
      app: { type: 'http' },
    },
    layers: {
      local: { type: 'memory', max_entries: maxEntries, max_tombstones: tombstonesMax },
      ...(isShared && { shared: { type: 'simulated-shared', tombstones: tombstonesMax } }),
      outer: { type: 'simulated-layer' },
    },
    namespaces: {
      bypass: bound('bypass'),
      revalidate: bound('revalidate'),
      serve: bound('serve'),
      error: bound('error'),
      ttl: { ttl, jitter: 0.2, sources: ['feed'] },
      hook: { ttl: Math.min(ttl, 5_000), sources: ['hooks'] },
      app: { ttl: Math.min(ttl, 5_000), sources: ['app'] },
    },
    contracts,
  };
}
