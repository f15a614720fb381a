import type { Entry, PlannedBatch } from '../../model/entry.ts';
import type { Epoch, Millis, Offset, Position, SourceId } from '../../model/position.ts';
import { encodeEntry, entryOf, type Names, type Unplaced } from '../codec.ts';
import type { Past } from '../history.ts';
import type { NewLetter } from '../problems.ts';

/**
 * What the stream holds. Every message carries one header, `Tidemark: ID PREV AT PART PARTS`, and a piece of a JSON text:
 *
 *     ID     of the writing this message is a part of, unique
 *     PREV   the ID of the writing before it that counts; `-` when there is none
 *     AT     the journal's head before it, so that an offset is found by halving
 *     PART   1, 2, ... PARTS
 *
 * All parts together are `[WIRE_VERSION, records]`. A writing counts when all its parts follow each other and PREV is the last
 * one that counted: so every reader skips the same remains of writers that were ended or outrun in the middle.
 */
export const WIRE_VERSION = 1;
export const WIRE_HEADER = 'Tidemark';

/** Where a batch stands in its source; what a reader needs to keep the same `History` as the writer. */
export type Placed = Pick<PlannedBatch, 'source' | 'epoch' | 'first' | 'commit' | 'restart'> & {
  readonly position: Position;
  /** How many events it had, those included that the journal knew. */
  readonly count: number;
};

export type LogRecord =
  /** Offsets follow from where it stands. `placed` is absent for a source without order. */
  | { readonly kind: 'batch'; readonly placed?: Placed; readonly entries: readonly Unplaced[] }
  /** The log was opened. The first of all makes its epoch. */
  | { readonly kind: 'life'; readonly life: number; readonly epoch: Epoch }
  | { readonly kind: 'renewed'; readonly epoch: Epoch }
  /** Somebody owns a piece of work from here on; `relay: null`: nobody does, it was released. */
  | {
      readonly kind: 'term';
      readonly work: string;
      readonly term: number;
      readonly relay: string | null;
      readonly since: Millis;
    }
  /** Entries before this one are gone. */
  | { readonly kind: 'trimmed'; readonly first: Offset }
  | { readonly kind: 'letter'; readonly letter: NewLetter }
  | { readonly kind: 'letter-removed'; readonly id: number }
  /** All that the log before it says, without the entries. */
  | { readonly kind: 'checkpoint'; readonly state: Checkpoint };

export interface Checkpoint {
  readonly head: Offset;
  readonly first: Offset;
  readonly epoch: Epoch;
  readonly highest: number;
  readonly adopted: string | null;
  readonly pasts: readonly (readonly [SourceId, Past])[];
  readonly terms: readonly (readonly [work: string, term: number, relay: string | null, since: Millis])[];
  /** Events of sources without order. */
  readonly ids: readonly (readonly [SourceId, id: string, Offset])[];
  readonly letters: readonly (readonly [id: number, NewLetter])[];
  readonly lastLetter: number;
}

export interface WireMessage {
  readonly header: string;
  readonly body: Uint8Array;
}

export interface Envelope {
  readonly id: string;
  readonly prev: string | null;
  readonly at: Offset;
}

type BatchSlots = [kind: 'batch', names: readonly string[], placed: PlacedSlots | null, entries: readonly unknown[]];
type PlacedSlots = [SourceId, Epoch, Position, first: number, count: number, commit: 0 | 1, restart: 0 | 1];

/** Of records as `textOf` wrote them. */
export function textOfRecords(texts: readonly string[]): string {
  return `[${WIRE_VERSION},[${texts.join(',')}]]`;
}

export function textOf(record: LogRecord): string {
  if (record.kind !== 'batch') return JSON.stringify(record);
  const names = new NamesOfMessage();
  const entries = record.entries.map((entry) => encodeEntry(entry, names));
  const { placed } = record;
  const slots: PlacedSlots | null = placed
    ? [
        placed.source,
        placed.epoch,
        placed.position,
        placed.first,
        placed.count,
        placed.commit ? 1 : 0,
        placed.restart ? 1 : 0,
      ]
    : null;
  return `["batch",${JSON.stringify(names.all)},${JSON.stringify(slots)},[${entries.join(',')}]]`;
}

/** Throws when the text is not what `textOfRecords` wrote. */
export function decodeRecords(text: string, at: Offset): readonly LogRecord[] {
  const [version, records] = JSON.parse(text) as [number, (BatchSlots | LogRecord)[]];
  if (version !== WIRE_VERSION) throw new Error(`layout ${String(version)} of the log is unknown`);
  let head: number = at;
  return records.map((record) => {
    if (!Array.isArray(record)) return record;
    const batch = batchOf(record, head);
    head += batch.entries.length;
    return batch;
  });
}

function batchOf(
  [, all, slots, entries]: BatchSlots,
  head: number,
): { kind: 'batch'; placed?: Placed; entries: Entry[] } {
  const names = new NamesOfMessage(all);
  const decoded = entries.map((entry, index) => entryOf((head + index + 1) as Offset, entry, names));
  if (!slots) return { kind: 'batch', entries: decoded };
  const [source, epoch, position, first, count, commit, restart] = slots;
  const placed = {
    source,
    epoch,
    position,
    first,
    count,
    commit: commit === 1,
    ...(restart === 1 && { restart: true as const }),
  };
  return { kind: 'batch', placed, entries: decoded };
}

/** Cuts a writing into messages of at most so many bytes. */
export function messagesOf({ id, prev, at }: Envelope, text: string, bytesMax: number): readonly WireMessage[] {
  const bytes = new TextEncoder().encode(text);
  const parts = Math.max(1, Math.ceil(bytes.length / bytesMax));
  return Array.from({ length: parts }, (_, index) => ({
    header: `${id} ${prev ?? '-'} ${at} ${index + 1} ${parts}`,
    body: bytes.subarray(index * bytesMax, (index + 1) * bytesMax),
  }));
}

/** Of any message of the stream: the head before it. `null`: it is none of ours. */
export function headBefore(header: string): Offset | null {
  return parse(header)?.at ?? null;
}

function parse(header: string): (Envelope & { readonly part: number; readonly parts: number }) | null {
  const match = /^(\S+) (\S+) (\d+) (\d+) (\d+)$/.exec(header);
  if (!match) return null;
  const [, id = '', prev = '', at, part, parts] = match;
  return { id, prev: prev === '-' ? null : prev, at: Number(at) as Offset, part: Number(part), parts: Number(parts) };
}

export interface Writing {
  readonly id: string;
  readonly at: Offset;
  readonly text: () => string;
}

/** Puts parts together and tells which writings count. Given every message of a stream in order, or all behind a checkpoint. */
export class Assembly {
  /** Of the last writing that counted; `undefined`: not known, the first whole one counts. */
  last: string | null | undefined;
  #open: { id: string; bodies: Uint8Array[] } | null = null;

  constructor(last: string | null | undefined) {
    this.last = last;
  }

  /** The writing that this message completes. */
  take(header: string, body: Uint8Array): Writing | null {
    const message = parse(header);
    const open = this.#open;
    this.#open = null;
    if (!message || (this.last !== undefined && message.prev !== this.last)) return null;
    const { id, part, parts, at } = message;
    const before = part === 1 ? [] : open?.id === id ? open.bodies : null;
    if (before?.length !== part - 1) return null;
    const bodies = [...before, body];
    if (part < parts) {
      this.#open = { id, bodies };
      return null;
    }
    this.last = id;
    return { id, at, text: () => textOfParts(bodies) };
  }
}

function textOfParts(bodies: readonly Uint8Array[]): string {
  const [only] = bodies;
  if (only && bodies.length === 1) return new TextDecoder().decode(only);
  const all = new Uint8Array(bodies.reduce((bytes, body) => bytes + body.length, 0));
  let at = 0;
  for (const body of bodies) {
    all.set(body, at);
    at += body.length;
  }
  return new TextDecoder().decode(all);
}

/** The dictionary of one message, which can be read without any other. */
class NamesOfMessage implements Names {
  readonly all: string[];
  readonly #ids = new Map<string, number>();

  constructor(all: readonly string[] = []) {
    this.all = [...all];
  }

  id(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) this.#ids.set(text, (id = this.all.push(text) - 1));
    return id;
  }

  text(id: number): string {
    const text = this.all[id];
    if (text === undefined) throw new Error(`name ${String(id)} is not in the message`);
    return text;
  }
}
