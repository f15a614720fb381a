import { FAULT_KINDS, FAULTS } from './faults.ts';
import { COLUMNS, type Column, type Line } from './story.ts';
import { faultsOf, readsOf, type Totals } from './totals.ts';
import type { Violation } from './violation.ts';

const TITLES: Readonly<Record<Column, string>> = {
  source: 'source of truth',
  journal: 'journal',
  layers: 'Tidemark says',
  readers: 'readers',
  trouble: 'trouble',
};

const TIME_WIDTH = 10;
const GUTTER = 2;

/** A story as columns of text, the time from above to below. What readers of other keys did is left out. */
export function renderStory(lines: readonly Line[], violation: Violation, width: number): string {
  const { key } = violation;
  const told = lines.filter(({ column, words }) => column !== 'readers' || key === undefined || words.includes(key));
  const columns = COLUMNS.filter((column) => told.some((line) => line.column === column));
  const each = Math.max(16, Math.floor((width - TIME_WIDTH) / Math.max(1, columns.length)) - GUTTER);
  const gutter = ' '.repeat(GUTTER);
  const rows = [
    row(
      'ms',
      columns.map((column) => TITLES[column]),
      each,
      gutter,
    ),
  ];
  rows.push('-'.repeat(Math.min(width, rows[0]?.length ?? width)));
  for (const line of told) {
    const parts = wrap(line.words, each);
    for (const [i, part] of parts.entries()) {
      const cells = columns.map((column) => (column === line.column ? part : ''));
      rows.push(row(i === 0 ? line.at.toFixed(1) : '', cells, each, gutter));
    }
  }
  return `${rows.join('\n')}\n`;
}

function row(time: string, cells: readonly string[], each: number, gutter: string): string {
  return [time.padStart(TIME_WIDTH - GUTTER), ...cells.map((cell) => cell.padEnd(each))].join(gutter).trimEnd();
}

function wrap(words: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of words.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
    while (line.length > width) {
      lines.push(line.slice(0, width));
      line = line.slice(width);
    }
  }
  return line === '' ? lines : [...lines, line];
}

export function renderViolation(seed: number, { invariant, at, words }: Violation): string {
  return `seed ${seed}: ${invariant === 'error' || invariant === 'liveness' ? invariant : `SPEC ${invariant}`} does not hold after ${at.toFixed(1)} ms: ${words}`;
}

/** How often each fault took effect. */
export function renderFaults({ faults }: Pick<Totals, 'faults'>): string {
  const count = Math.max(...FAULT_KINDS.map((kind) => String(faults[kind]).length));
  const name = Math.max(...FAULT_KINDS.map((kind) => kind.length));
  return FAULT_KINDS.map(
    (kind) => `${String(faults[kind]).padStart(count)}  ${kind.padEnd(name)}  ${FAULTS[kind]}\n`,
  ).join('');
}

/** The last line of a run. */
export function renderTotals(totals: Totals): string {
  const { seeds, violations } = totals;
  return `${seeds} seeds, ${readsOf(totals)} reads checked, ${faultsOf(totals)} faults injected, ${violations} violations\n`;
}
