import type { ShardFill } from '../../src/trust/shard-fill.ts';
import { Caches } from './cache.ts';
import { databaseRule, EMPTY_DATABASE, type Database } from './database.ts';
import { emptyJournal, journalRules, type Journal } from './journal.ts';
import { Processes, type Process } from './process.ts';
import { Part, textOf, type Check, type Move, type Product, type Rule, type Sight } from './product.ts';
import type { Rules } from './rules.ts';
import { Sessions, type Session } from './session.ts';
import { SharedLayers, type SharedLayer } from './shared.ts';
import type { Size } from './size.ts';

/** Fills on their way to the shared layer. More are lost, which may happen to any. */
const FILLS_MAX = 2;

/**
 * A database, its feed, a journal, processes with their caches, a shared layer, and a user: which of them meet, and in
 * what. What they do is theirs; what production code has for it, production code does.
 */
export function world(rules: Rules, size: Size): Product {
  if (size.shards > 0 && size.parts > 0) throw new Error('the applier of the shared layer knows no parts yet');
  if (size.reads > 0 && size.parts + size.foreign + size.gaps + size.reloads + size.takeovers > 0)
    throw new Error('sessions need a journal in which the n-th commit is the n-th entry');
  const caches = new Caches(rules, size);
  const processes = new Processes(rules, size, caches);
  const layers = new SharedLayers(rules, size);
  const sessions = new Sessions(rules, size);
  const part = {
    database: new Part<Database>('database'),
    journal: new Part<Journal>('journal'),
    process: new Part<Process>('process'),
    wire: new Part<readonly ShardFill[]>('wire'),
    layer: new Part<SharedLayer>('shared layer'),
    session: new Part<Session>('session'),
  };
  const parts: Part<never>[] = [];
  const start: unknown[] = [];
  const place = <S>(one: Part<S>, state: S): number => {
    start.push(state);
    return parts.push(one as Part<never>) - 1;
  };
  const database = place(part.database, EMPTY_DATABASE);
  const journal = place(part.journal, emptyJournal(size));
  const names = ['p', 'q']
    .slice(0, size.processes)
    .map((name) => ({ name, at: place(part.process, processes.start()) }));
  const rulesOfWorld: Rule[] = [
    databaseRule(part.database, database, size),
    ...journalRules(part.journal, part.database, { journal, database }, rules, size),
  ];
  const checks: Check[] = [];
  // With one process there is nobody to be told apart from.
  const label = (name: string): string => (size.processes > 1 ? `${name} ` : '');
  const each = (...others: number[]): Rule['places'] =>
    names.map(({ name, at }) => ({ label: label(name), at: [at, ...others] }));
  const on = <S>(of: Part<S>, see: (state: S) => unknown): Sight => ({ of: of as Part<never>, see });
  const changes = (...of: readonly unknown[]): Part<never>[] => of as Part<never>[];

  rulesOfWorld.push(
    {
      changes: changes(part.process),
      sees: [on(part.journal, asRead)],
      places: each(journal),
      moves: (process: Process, read: Journal) => processes.follow(process, read),
    },
    {
      changes: changes(part.process),
      sees: [on(part.database, (db) => (size.replicas > 0 ? db : { ...db, stream: [], replica: 0 }))],
      places: each(database),
      moves: (process: Process, db: Database) => processes.load(process, db),
    },
    {
      changes: changes(part.process),
      sees: [],
      places: each(),
      moves: (process: Process) => [...processes.evict(process), ...processes.promote(process)],
    },
  );
  checks.push(
    {
      sees: [on(part.process, (process) => process), on(part.journal, asRead)],
      places: names.map(({ at }) => [at, journal]),
      broken: (process: Process, read: Journal) => processes.brokenI1(process, read),
    },
    {
      sees: [on(part.process, (process) => process), on(part.database, ({ visible }) => visible)],
      places: names.map(({ at }) => [at, database]),
      broken: (process: Process, visible: Database['visible']) => processes.brokenI2(process, visible),
    },
  );

  if (size.shards === 0) {
    const land = (process: Process): Move[] =>
      processes.land(process).map(({ process: next, ...move }) => ({ ...move, next: [next] }));
    rulesOfWorld.push({ changes: changes(part.process), sees: [], places: each(), moves: land });
  } else addSharedLayer();
  if (size.reads > 0) addSession();
  const alike = names.length > 1 ? ([names[0]?.at ?? 0, names[1]?.at ?? 0] as const) : null;
  return { parts, start, rules: rulesOfWorld, checks, alike };

  function addSharedLayer(): void {
    const wire = place(part.wire, []);
    const shard = place(part.layer, layers.start());
    const isSplit = size.shards > 1;
    const marks = isSplit ? place(part.layer, layers.start()) : shard;
    const shards = isSplit
      ? [
          { at: shard, label: 'the entry’s shard ', holds: (kind: string) => kind !== 'purge_tag' },
          { at: marks, label: 'the tag’s shard ', holds: (kind: string) => kind !== 'delete_key' },
        ]
      : [{ at: shard, label: 'the shared layer ', holds: () => true }];
    for (const { at, label: of, holds } of shards) {
      rulesOfWorld.push(
        {
          changes: changes(part.layer),
          sees: [on(part.journal, asRead)],
          places: [{ label: of, at: [at, journal] }],
          moves: (layer: SharedLayer, read: Journal) => layers.follow(layer, read, holds),
        },
        {
          changes: changes(part.layer),
          sees: [],
          places: [{ label: of, at: [at] }],
          moves: (layer: SharedLayer) => layers.live(layer),
        },
      );
    }
    rulesOfWorld.push(
      {
        changes: changes(part.process, part.wire),
        sees: [],
        places: each(wire),
        moves: (process: Process, fills: readonly ShardFill[]) =>
          processes
            .land(process)
            .map(({ process: next, fill, ...move }) => ({ ...move, next: [next, fill ? send(fills, fill) : fills] })),
      },
      {
        changes: changes(part.layer, part.wire),
        sees: [],
        places: [{ label: '', at: [shard, wire] }],
        moves: (layer: SharedLayer, fills: readonly ShardFill[]) =>
          fills.map((fill, i) => ({
            step: `the shared layer gets a fill stamped ${fill.stamp}`,
            next: [layers.take(layer, fill), fills.filter((_, j) => j !== i)],
          })),
      },
      {
        changes: changes(part.process),
        sees: [
          on(part.layer, (layer) => layers.shown(layer)),
          on(part.database, ({ visible }) => (rules.foreignAge === 'when it was asked for' ? visible.length : 0)),
        ],
        places: each(shard, database),
        moves: (process: Process, shown: ReturnType<SharedLayers['shown']>, now: number) =>
          processes.ask(process, shown?.reading ?? null, isSplit ? null : (shown?.tags ?? null), now),
      },
    );
    if (isSplit)
      rulesOfWorld.push({
        changes: changes(part.process),
        sees: [on(part.layer, (layer) => layers.shown(layer)?.tags ?? null)],
        places: each(marks),
        moves: (process: Process, tags: Parameters<Processes['askForTags']>[1]) => processes.askForTags(process, tags),
      });
    checks.push({
      sees: [
        on(part.layer, (layer) => layers.shown(layer)),
        on(part.layer, (layer) => layers.shown(layer)?.tags ?? null),
        on(part.journal, asRead),
      ],
      places: [[shard, marks, journal]],
      broken: (...[shown, tags, read]: Parameters<SharedLayers['brokenI1']>) => layers.brokenI1(shown, tags, read),
    });
  }

  function addSession(): void {
    const session = place(part.session, sessions.start());
    rulesOfWorld.push(
      {
        changes: changes(part.session),
        sees: [on(part.process, (process) => processes.shown(process))],
        places: names.map(({ name, at }) => ({ label: `at ${name} `, at: [session, at] })),
        moves: (one: Session, shown: ReturnType<Processes['shown']>) => sessions.read(one, shown),
      },
      {
        changes: changes(part.session),
        sees: [on(part.database, ({ log, visible }) => ({ log, visible }))],
        places: [{ label: '', at: [session, database] }],
        moves: (one: Session, db: Database) => sessions.load(one, db),
      },
    );
  }
}

/** A journal to whoever follows it: what is not durable has not been said. */
function asRead(journal: Journal): Journal {
  const { durable, missed } = journal;
  return {
    ...journal,
    lines: journal.lines.slice(0, durable),
    missed: missed.filter(([, offset]) => offset <= durable),
    fed: 0,
    waiting: [],
    used: { foreign: 0, gaps: 0, crashes: 0 },
  };
}

function send(fills: readonly ShardFill[], fill: ShardFill): readonly ShardFill[] {
  if (fills.length >= FILLS_MAX) return fills;
  return [...fills, fill].sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
}
