import { decodeEntry, encodeEntry, type Names, type Unplaced } from '../journal/codec.ts';
import type { Cursors } from '../journal/cursors.ts';
import type { Past } from '../journal/history.ts';
import type { NewLetter } from '../journal/problems.ts';
import { seal, unseal } from '../journal/sealed.ts';
import type { Entry } from '../model/entry.ts';
import type { Offset, SourceId } from '../model/position.ts';
import type { Disk } from './disk.ts';
import type { LetterNote } from './disk-letters.ts';

/**
 * The file of the simulated journal. Each line is a letter and sealed JSON; lines up to an `end` belong together, and
 * those without one were cut off by a crash and count for nothing.
 */
interface End {
  readonly names: readonly string[];
  readonly histories: readonly (readonly [SourceId, Past])[];
  readonly cursors: readonly (readonly [string, Offset])[];
  /** Consumers whose places were forgotten. */
  readonly forgotten: readonly string[];
  readonly letters: readonly LetterNote[];
  readonly first: number;
}

export class NameTable implements Names {
  readonly #texts: string[];
  readonly #ids: Map<string, number>;
  #kept: number;

  constructor() {
    this.#texts = [];
    this.#ids = new Map();
    this.#kept = 0;
  }

  /** Names as they were written. */
  learn(texts: readonly string[]): void {
    for (const text of texts) this.id(text);
    this.keep();
  }

  id(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#texts.push(text) - 1;
      this.#ids.set(text, id);
    }
    return id;
  }

  text(id: number): string {
    const text = this.#texts[id];
    if (text === undefined) throw new Error(`name ${id} is unknown`);
    return text;
  }

  /** Those that are not on disk yet. */
  get fresh(): readonly string[] {
    return this.#texts.slice(this.#kept);
  }

  keep(): void {
    this.#kept = this.#texts.length;
  }
}

/** What goes along with a group's entries. */
export interface Beside {
  readonly first: number;
  readonly forgotten: readonly string[];
  readonly letters: readonly LetterNote[];
}

/** What is written with one flush. */
export class Group {
  readonly entries: Entry[] = [];
  readonly letters: NewLetter[] = [];
  readonly #names: NameTable;
  readonly #lines: string[] = [];
  #head: number;

  constructor(names: NameTable, head: number) {
    this.#names = names;
    this.#head = head;
  }

  get head(): number {
    return this.#head;
  }

  add(entries: readonly Unplaced[], letters: readonly NewLetter[]): void {
    for (const entry of entries) {
      const offset = ++this.#head as Offset;
      const text = encodeEntry(entry, this.#names);
      this.#lines.push(`e${seal(text, offset)}`);
      // What readers get is what was written, not what was meant.
      this.entries.push(decodeEntry(offset, text, this.#names));
    }
    this.letters.push(...letters);
  }

  offsetOf(source: SourceId, id: string): Offset | undefined {
    return this.entries.find((entry) => entry.source === source && entry.event.id === id && entry.position === null)
      ?.offset;
  }

  lines(taken: Iterable<readonly [SourceId, Past]>, cursors: Cursors, beside: Beside): readonly string[] {
    const saved: (readonly [string, Offset])[] = [];
    cursors.save((consumer, offset) => saved.push([consumer, offset]));
    const letters = [...this.letters.map((put) => ({ put })), ...beside.letters];
    const { forgotten, first } = beside;
    const names = this.#names.fresh;
    const end: End = { names, histories: [...taken], cursors: saved, forgotten, letters, first };
    return [...this.#lines, `.${seal(JSON.stringify(end))}`];
  }
}

export interface Recovered {
  readonly names: NameTable;
  readonly entries: readonly Entry[];
  readonly histories: ReadonlyMap<SourceId, Past>;
  readonly cursors: ReadonlyMap<string, Offset>;
  readonly letters: readonly LetterNote[];
  readonly first: number;
}

/** Reads whole groups up to the first line that is not whole, and cuts the rest off. */
export function recover(disk: Disk): Recovered {
  const names = new NameTable();
  const entries: Entry[] = [];
  const histories = new Map<SourceId, Past>();
  const cursors = new Map<string, Offset>();
  const letters: LetterNote[] = [];
  let first = 1;
  let group: string[] = [];
  let whole = 0;
  const lines = disk.read();
  for (const [at, line] of lines.entries()) {
    const isEnd = line.startsWith('.');
    let json: string;
    try {
      json = unseal(line.slice(1), isEnd ? 0 : entries.length + group.length + 1);
    } catch {
      break;
    }
    if (!isEnd) {
      group.push(json);
      continue;
    }
    const end = JSON.parse(json) as End;
    names.learn(end.names);
    for (const text of group) entries.push(decodeEntry((entries.length + 1) as Offset, text, names));
    for (const [source, past] of end.histories) histories.set(source, past);
    for (const [consumer, offset] of end.cursors) cursors.set(consumer, offset);
    for (const consumer of end.forgotten) cursors.delete(consumer);
    letters.push(...end.letters);
    first = end.first;
    group = [];
    whole = at + 1;
  }
  disk.truncate(whole);
  return { names, entries, histories, cursors, letters, first };
}
