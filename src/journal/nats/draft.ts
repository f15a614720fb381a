import { TidemarkError } from '../../errors.ts';
import type { Appended, PlannedBatch } from '../../model/entry.ts';
import type { Offset, SourceId } from '../../model/position.ts';
import { adoptionOf, checkAdopted } from '../adoption.ts';
import { eventKey } from '../event-key.ts';
import { freshOf } from '../fresh.ts';
import { lettersOf } from '../problems.ts';
import type { LogState, Term } from './log-state.ts';
import { textOf, type LogRecord, type Placed } from './wire.ts';

/** Longest text of an entry, as in the other journals that keep them. */
const ENTRY_CHARACTERS_MAX = 64 * 1024 * 1024;

/** What several writes that go into the log together would make of its state. Thrown away when somebody else wrote first. */
export class Draft {
  readonly state: LogState;
  readonly records: LogRecord[] = [];
  readonly texts: string[] = [];
  characters = 0;
  head: Offset;
  highest: number;
  adopted: string | null;
  first: Offset;
  readonly #terms = new Map<string, Term>();
  readonly #ids = new Map<string, Offset>();
  readonly #removed = new Set<number>();
  #lastLetter: number;

  constructor(state: LogState) {
    this.state = state;
    this.head = state.head;
    this.highest = state.highest;
    this.adopted = state.adopted;
    this.first = state.first;
    this.#lastLetter = state.letters.lastId;
  }

  term(work: string): Term | undefined {
    return this.#terms.get(work) ?? this.state.terms.get(work);
  }

  add(record: LogRecord): void {
    this.#push(record, textOf(record));
    if (record.kind === 'term') {
      this.#terms.set(record.work, record);
      this.highest = Math.max(this.highest, record.term);
    } else if (record.kind === 'life') this.highest = record.life;
    else if (record.kind === 'trimmed') this.first = record.first;
  }

  /** Returns the id that the letter is going to have. */
  addLetter(record: LogRecord & { kind: 'letter' }): number {
    this.#push(record, textOf(record));
    return ++this.#lastLetter;
  }

  /** False when there is no such letter. */
  removeLetter(id: number): boolean {
    if (!this.state.letters.has(id) || this.#removed.has(id)) return false;
    this.#removed.add(id);
    this.add({ kind: 'letter-removed', id });
    return true;
  }

  /** `owned`: the term in which the caller owns the source. Throws for a batch that must not be appended, and has then taken nothing. */
  append(batch: PlannedBatch, owned: number | undefined): Appended {
    checkOwned(batch, this.term(`source:${batch.source}`), owned);
    checkAdopted(batch, this.adopted);
    const { history } = this.state;
    const fresh = freshOf(batch, history, (ids) => this.#known(batch.source, ids));
    const before = this.head;
    const after = (before + fresh.entries.length) as Offset;
    const offset = fresh.knownOffset ?? after;
    const appended = { offset, duplicates: fresh.duplicates };
    const isNew = fresh.placement ? fresh.placement.what !== 'known' : fresh.entries.length > 0;
    if (!isNew) return appended;
    const placed = placedOf(batch);
    const record: LogRecord = { kind: 'batch', entries: fresh.entries, ...(placed && { placed }) };
    this.#push(record, textOfBatch(record));
    this.#lastLetter += lettersOf(fresh.entries, before + 1).length;
    this.head = after;
    if (placed && fresh.placement) history.take(batch, placed.position, fresh.placement, { before, offset });
    fresh.entries.forEach(({ event, position }, index) => {
      this.adopted = adoptionOf(event) ?? this.adopted;
      if (position === null) this.#ids.set(eventKey(batch.source, event.id), (before + index + 1) as Offset);
    });
    return appended;
  }

  #push(record: LogRecord, text: string): void {
    this.records.push(record);
    this.texts.push(text);
    this.characters += text.length;
  }

  #known(source: SourceId, ids: readonly string[]): ReadonlyMap<string, Offset> {
    const known = new Map<string, Offset>();
    for (const id of ids) {
      const offset = this.#ids.get(eventKey(source, id)) ?? this.state.ids.get(source, id);
      if (offset !== undefined) known.set(id, offset);
    }
    return known;
  }
}

/** @throws RELAY_DEPOSED for a batch of an ordered source that another relay than the one which owns it has read. */
export function checkOwned(
  { source, position }: PlannedBatch,
  term: Term | undefined,
  owned: number | undefined,
): void {
  if (position !== null && term && term.term !== owned)
    throw new TidemarkError('RELAY_DEPOSED', `source ${source} is read by ${term.relay ?? 'nobody now'}`);
}

function placedOf({ source, epoch, position, first, commit, restart, events }: PlannedBatch): Placed | null {
  if (position === null) return null;
  return { source, epoch, position, first, commit, count: events.length, ...(restart && { restart }) };
}

function textOfBatch(record: LogRecord & { kind: 'batch' }): string {
  try {
    const text = textOf(record);
    if (text.length <= ENTRY_CHARACTERS_MAX) return text;
    for (const entry of record.entries)
      if (JSON.stringify(entry.event).length > ENTRY_CHARACTERS_MAX)
        throw new TidemarkError('EVENT_UNSTORABLE', `source ${entry.source}, event ${entry.event.id.slice(0, 100)}`);
    return text;
  } catch (cause) {
    if (cause instanceof TidemarkError) throw cause;
    throw new TidemarkError('EVENT_UNSTORABLE', `source ${record.entries[0]?.source ?? ''}`, { cause });
  }
}
