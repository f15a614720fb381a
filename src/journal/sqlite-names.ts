import type { SqliteDatabase, SqliteStatement } from '../runtime/sqlite.ts';
import type { Names } from './codec.ts';
import { seal, unseal } from './sealed.ts';

/** The dictionary of names, in memory as a whole. New ones become durable with the entries that use them, or not at all. */
export class SqliteNames implements Names {
  readonly #insert: SqliteStatement;
  readonly #ids = new Map<string, number>();
  readonly #texts = new Map<number, string>();
  #unsaved: { readonly id: number; readonly text: string }[] = [];
  #next = 1;

  constructor(db: SqliteDatabase) {
    this.#insert = db.prepare('INSERT INTO names (id, text) VALUES (?, ?)');
    for (const row of db.prepare('SELECT id, text FROM names').all()) {
      this.#learn(Number(row['id']), JSON.parse(unseal(row['text'] as string)) as string);
    }
  }

  id(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const id = this.#next;
    this.#learn(id, text);
    this.#unsaved.push({ id, text });
    return id;
  }

  text(id: number): string {
    const text = this.#texts.get(id);
    if (text === undefined) throw new Error(`name ${String(id)} is unknown`);
    return text;
  }

  /** Within a transaction; `keep` after it has become durable, `drop` when it has not. */
  save(): void {
    for (const { id, text } of this.#unsaved) this.#insert.run(id, seal(JSON.stringify(text)));
  }

  keep(): void {
    this.#unsaved = [];
  }

  drop(): void {
    for (const { id, text } of this.#unsaved) {
      this.#ids.delete(text);
      this.#texts.delete(id);
    }
    this.#unsaved = [];
  }

  #learn(id: number, text: string): void {
    this.#ids.set(text, id);
    this.#texts.set(id, text);
    this.#next = Math.max(this.#next, id + 1);
  }
}
