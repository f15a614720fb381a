/** Where something happened. One column each. */
export const COLUMNS = ['source', 'journal', 'layers', 'readers', 'trouble'] as const;
export type Column = (typeof COLUMNS)[number];

export interface Line {
  readonly at: number;
  readonly column: Column;
  readonly words: string;
}

/** Newest lines kept: a shrunk story is far shorter, one that is not shrunk is read from its end. */
const LINES_MAX = 2_000;

/** What happened in a world, for people. Only made when somebody will read it. */
export class Story {
  readonly #lines: Line[] = [];

  tell(at: number, column: Column, words: string): void {
    const last = this.#lines.at(-1);
    if (last?.column === column && last.words === words && last.at === at) return;
    this.#lines.push({ at, column, words });
    if (this.#lines.length > LINES_MAX * 2) this.#lines.splice(0, LINES_MAX);
  }

  get lines(): readonly Line[] {
    return this.#lines.slice(-LINES_MAX);
  }
}
