import { widthOf } from './width.ts';

/** Columns aligned by spaces, without rules, so that the output stays easy to cut and search. Cells are escaped and painted by the caller. */
export function table(rows: readonly (readonly string[])[], options: { readonly indent?: string } = {}): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    });
  }
  const lines = rows.map((row) => {
    const cells = row.map((cell, column) =>
      column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)),
    );
    return ((options.indent ?? '') + cells.join('  ')).trimEnd();
  });
  return lines.map((line) => `${line}\n`).join('');
}
