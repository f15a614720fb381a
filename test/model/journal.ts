import { CONTRACTS_CHANGED, controlPlan } from '../../src/pipeline/control.ts';
import { GAP } from '../../src/model/event.ts';
import type { Entry } from '../../src/model/entry.ts';
import type { Plan } from '../../src/model/plan.ts';
import type { Offset, Position } from '../../src/model/position.ts';
import type { Database } from './database.ts';
import { type Part, type Move, type Rule } from './product.ts';
import type { Rules } from './rules.ts';
import type { Size } from './size.ts';

export const KEY = 'k';
export const TAG = 'g';
export const NAMESPACE = 'n';

interface Line {
  readonly type: 'row' | 'foreign' | typeof GAP | typeof CONTRACTS_CHANGED;
  /** The transaction that it came from, and where that is in the database's log. */
  readonly tx: number | null;
  readonly position: Position | null;
  readonly commit: boolean;
  readonly plan: Plan;
}

export interface Proof {
  readonly after: number;
  readonly t0: number;
}

/** What one daemon has written down. */
export interface Journal {
  /** How many journals there were before. */
  readonly epoch: number;
  /** How much of the database's feed has been read. */
  readonly fed: number;
  readonly lines: readonly Line[];
  readonly durable: number;
  /** Transactions that no line is about, by the offset that stands for them. */
  readonly missed: readonly (readonly [tx: number, offset: number])[];
  /** Read, and waiting until what came before them is durable. */
  readonly waiting: readonly Proof[];
  readonly proofs: readonly Proof[];
  readonly contracts: number;
  readonly contractsAt: number;
  readonly past: readonly Pick<Journal, 'lines' | 'missed' | 'contracts' | 'contractsAt'>[];
  readonly used: Readonly<Record<'foreign' | 'gaps' | 'crashes', number>>;
}

export function emptyJournal(size: Size): Journal {
  return {
    epoch: 0,
    fed: 0,
    lines: [],
    durable: 0,
    missed: [],
    waiting: [],
    proofs: [],
    // In a world with a reload, nothing is declared at first.
    contracts: size.reloads > 0 ? 0 : 1,
    contractsAt: 0,
    past: [],
    used: { foreign: 0, gaps: 0, crashes: 0 },
  };
}

/** The journal of an epoch, as far as it can be read. */
export function readable(journal: Journal, epoch: number): readonly Line[] {
  return epoch === journal.epoch ? journal.lines.slice(0, journal.durable) : (journal.past[epoch]?.lines ?? []);
}

/** What production code gets to read. */
export function entryOf({ type, tx, position, commit, plan }: Line, offset: number): Entry {
  const source = type === 'row' || type === GAP ? 'db' : type === 'foreign' ? 'app' : 'tidemark';
  const event = { id: String(offset), type, source, data: null };
  return {
    offset: offset as Offset,
    source,
    epoch: 'e',
    position,
    commit,
    event,
    plan,
    receivedAt: 0,
    ...(tx === null ? {} : { xid: String(tx + 1) }),
  };
}

/** Transactions that count as applied once everything up to `watermark` is. */
export function settledTxs(journal: Journal, epoch: number, watermark: number, rules: Rules): number[] {
  const { lines, missed } = epoch === journal.epoch ? journal : (journal.past[epoch] ?? { lines: [], missed: [] });
  // Rows that went out before their commit, and that a watermark has passed, count where nothing waits for the commit.
  const isEarly = !rules.waitsForCommit || !rules.beginsSettled;
  const own = lines.flatMap(({ tx, commit }, i) => (tx !== null && (commit || isEarly) && i < watermark ? [tx] : []));
  return [...new Set([...own, ...missed.filter(([, offset]) => offset <= watermark).map(([tx]) => tx)])];
}

/** Under the first contracts of a world with a reload nothing is declared yet, so nothing can be promised. */
export function isDeclared(journal: Journal, epoch: number, watermark: number): boolean {
  const one = epoch === journal.epoch ? journal : journal.past[epoch];
  return one !== undefined && one.contracts > 0 && watermark >= one.contractsAt;
}

export function positionOf(logged: number): Position {
  return String(logged).padStart(4, '0') as Position;
}

const NO_PLAN: Plan = { contractHash: '', actions: [], problems: [] };

export function journalRules(
  part: Part<Journal>,
  database: Part<Database>,
  places: { journal: number; database: number },
  rules: Rules,
  size: Size,
): Rule[] {
  const alone = { changes: [part as Part<never>], sees: [], places: [{ label: '', at: [places.journal] }] };
  const withFeed = {
    changes: [part as Part<never>],
    sees: [{ of: database as Part<never>, see: (db: Database) => db }],
    places: [{ label: '', at: [places.journal, places.database] }],
  };
  // Where no crash can lose what is not durable, nobody can tell it from what has not been read: one step for both.
  const settle = (next: Journal): Journal => (size.crashes > 0 ? next : (flush(next) ?? next));
  const oneMove = (step: string, next: Journal | null): Move[] => (next ? [{ step, next: [settle(next)] }] : []);
  return [
    { ...withFeed, moves: (journal: Journal, db: Database) => oneMove('feed', feed(journal, db, rules, size)) },
    { ...withFeed, moves: (journal: Journal, db: Database) => oneMove('gap', gap(journal, db, rules, size)) },
    { ...withFeed, moves: (journal: Journal, db: Database) => oneMove('daemon crashes', crash(journal, db, size)) },
    {
      ...withFeed,
      moves: (journal: Journal, db: Database) =>
        oneMove('a new daemon with a new journal', takeOver(journal, db, rules, size)),
    },
    { ...alone, moves: (journal: Journal) => oneMove('flush', flush(journal)) },
    { ...alone, moves: (journal: Journal) => oneMove('foreign event', foreign(journal, size)) },
    { ...alone, moves: (journal: Journal) => oneMove('reload', reload(journal, rules, size)) },
  ];
}

function append(journal: Journal, type: Line['type'], line: Partial<Line>): Journal {
  return {
    ...journal,
    lines: [...journal.lines, { type, tx: null, position: null, commit: true, plan: NO_PLAN, ...line }],
  };
}

function planOf(tx: number, contracts: number, { writes }: Size): Plan {
  const write = writes[tx];
  const target = write === 'other' ? 'other' : write === 'key' ? KEY : TAG;
  const kind = write === 'tag' ? 'purge_tag' : 'delete_key';
  return contracts === 0 ? NO_PLAN : { ...NO_PLAN, actions: [{ kind, target, contract: 'c' }] };
}

function feed(journal: Journal, db: Database, rules: Rules, size: Size): Journal | null {
  const item = db.stream[journal.fed];
  if (!item || (item.kind === 'commit' && rules.gate && !db.visible.includes(item.tx))) return null;
  const fed = { ...journal, fed: journal.fed + 1 };
  if (item.kind === 'echo')
    return passProofs({ ...fed, waiting: [...journal.waiting, { after: journal.lines.length, t0: item.t0 }] });
  const { tx, kind } = item;
  const plan = planOf(tx, journal.contracts, size);
  const position = positionOf(db.log.indexOf(tx) + 1);
  if (kind === 'part') return append(fed, 'row', { tx, position, commit: false, plan });
  // With parts, the rows went out with them and the commit carries none of its own; its entry still marks the end.
  return append(fed, 'row', { tx, position, plan: size.parts > 0 ? NO_PLAN : plan });
}

function flush(journal: Journal): Journal | null {
  return journal.durable === journal.lines.length ? null : passProofs({ ...journal, durable: journal.lines.length });
}

/** As the feed does: a proof goes on only behind everything that was read before it, and that is durable. */
function passProofs(journal: Journal): Journal {
  const ready = journal.waiting.filter(({ after }) => after <= journal.durable);
  const waiting = journal.waiting.filter(({ after }) => after > journal.durable);
  return { ...journal, waiting, proofs: [...journal.proofs, ...ready] };
}

function foreign(journal: Journal, size: Size): Journal | null {
  if (journal.used.foreign >= size.foreign) return null;
  return append({ ...journal, used: { ...journal.used, foreign: journal.used.foreign + 1 } }, 'foreign', {});
}

/** The feed's history up to its head is lost; it goes on from there. */
function gap(journal: Journal, db: Database, rules: Rules, size: Size): Journal | null {
  const mayGoOn = !rules.barrier || db.log.every((tx) => db.visible.includes(tx));
  if (journal.used.gaps >= size.gaps || journal.fed >= db.stream.length || !mayGoOn) return null;
  const lost = db.stream.slice(journal.fed).flatMap((item) => (item.kind === 'commit' ? [item.tx] : []));
  const offset = journal.lines.length + 1;
  const plan = controlPlan({ id: 'gap', type: GAP, source: 'db', data: null }, '', () => null);
  return append(
    {
      ...journal,
      fed: db.stream.length,
      waiting: [],
      missed: [...journal.missed, ...lost.map((tx) => [tx, offset] as const)],
      used: { ...journal.used, gaps: journal.used.gaps + 1 },
    },
    GAP,
    { position: positionOf(db.log.length), plan: rules.gapPurges ? plan : NO_PLAN },
  );
}

function reload(journal: Journal, rules: Rules, size: Size): Journal | null {
  if (journal.contracts > size.reloads - 1) return null;
  const plan = controlPlan({ id: 'reload', type: CONTRACTS_CHANGED, source: 'tidemark', data: null }, '', () => null);
  const next = append({ ...journal, contracts: journal.contracts + 1 }, CONTRACTS_CHANGED, {
    plan: rules.reloadPurges ? plan : NO_PLAN,
  });
  return { ...next, contractsAt: next.lines.length };
}

/** What was not durable is gone; the source resumes behind the last commit that the journal has, and sends again. */
function crash(journal: Journal, db: Database, size: Size): Journal | null {
  if (journal.used.crashes >= size.crashes) return null;
  const lines = journal.lines.slice(0, journal.durable);
  const missed = journal.missed.filter(([, offset]) => offset <= journal.durable);
  const ended = new Set([
    ...lines.flatMap(({ tx, commit }) => (tx !== null && commit ? [tx] : [])),
    ...missed.map(([tx]) => tx),
  ]);
  const resumed = db.stream.findIndex((item) => item.kind !== 'echo' && !ended.has(item.tx));
  const parts = lines.filter(({ tx }) => tx !== null && !ended.has(tx)).length;
  return {
    ...journal,
    lines,
    missed,
    fed: resumed < 0 ? db.stream.length : resumed + parts,
    waiting: [],
    contracts: lines.filter(({ type }) => type === CONTRACTS_CHANGED).length + (size.reloads > 0 ? 0 : 1),
    contractsAt: lines.findLastIndex(({ type }) => type === CONTRACTS_CHANGED) + 1,
    used: { ...journal.used, crashes: journal.used.crashes + 1 },
  };
}

/** The journal is lost, or another machine goes on without it: offsets begin anew, behind the barrier. */
function takeOver(journal: Journal, db: Database, rules: Rules, size: Size): Journal | null {
  const mayBegin = !rules.barrier || db.log.every((tx) => db.visible.includes(tx));
  if (journal.epoch >= size.takeovers || !mayBegin) return null;
  const { missed, contracts, contractsAt } = journal;
  return {
    ...emptyJournal(size),
    epoch: journal.epoch + 1,
    fed: db.stream.length,
    missed: db.log.map((tx) => [tx, 0] as const),
    past: [...journal.past, { lines: readable(journal, journal.epoch), missed, contracts, contractsAt }],
    used: journal.used,
  };
}
