import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Finding } from '../contracts/finding.ts';
import { renderFindings } from './findings.ts';
import { shownPath } from './gather.ts';
import type { Paint } from './paint.ts';
import type { Shell } from './shell.ts';

/** Findings with the lines of the files that they are about, as those are now. */
export function reportFindings(
  findings: readonly Finding[],
  shell: Pick<Shell, 'cwd' | 'columns'>,
  paint: Paint,
): string {
  const textOf = (file: string): string | null => {
    try {
      return readFileSync(resolve(shell.cwd, file), 'utf8');
    } catch {
      return null;
    }
  };
  const named = findings.map((finding) => ({ ...finding, file: shownPath(finding.file, shell.cwd) }));
  return renderFindings(named, { paint, textOf, columns: shell.columns });
}
