import type { Finding } from './finding.ts';
import type { Place } from './yaml-tree.ts';

/** More than a person reads at a time; a file that has them is mended from the top. Bounds the time for a hostile one. */
export const FINDINGS_MAX = 200;

/** Collects the findings of one file. */
export class Report {
  readonly file: string;
  readonly #findings: Finding[] = [];
  #errors = 0;
  #dropped = 0;
  #firstDropped: Finding | null = null;

  constructor(file: string) {
    this.file = file;
  }

  error(code: string, place: Place, what: string, why: string, fix: string): void {
    this.#add({ severity: 'error', code, file: this.file, line: place.line, column: place.column, what, why, fix });
  }

  warning(code: string, place: Place, what: string, why: string, fix: string): void {
    this.#add({ severity: 'warning', code, file: this.file, line: place.line, column: place.column, what, why, fix });
  }

  add(findings: readonly Finding[]): void {
    for (const finding of findings) this.#add(finding);
  }

  /** Counts those beyond the bound too. */
  get errors(): number {
    return this.#errors;
  }

  get findings(): readonly Finding[] {
    if (this.#firstDropped === null) return this.#findings;
    const rest: Finding = {
      ...this.#firstDropped,
      severity: 'error',
      code: 'MORE_FINDINGS',
      what: `${this.#dropped} more mistakes are not shown`,
      why: `at most ${FINDINGS_MAX} are`,
      fix: 'correct these first, then check again',
    };
    return [...this.#findings, rest];
  }

  #add(finding: Finding): void {
    if (finding.severity === 'error') this.#errors++;
    if (this.#findings.length < FINDINGS_MAX) {
      this.#findings.push(printable(finding));
      return;
    }
    this.#firstDropped ??= finding;
    this.#dropped++;
  }
}

/** What a file holds may be repeated in a terminal: control characters come out escaped. */
function printable(finding: Finding): Finding {
  return { ...finding, what: escaped(finding.what), why: escaped(finding.why), fix: escaped(finding.fix) };
}

function escaped(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cs}\u2028\u2029]/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** What is said at the place of a mistake in the YAML itself, or of a missing variable, follows from it. */
export function withoutEchoes(findings: readonly Finding[]): readonly Finding[] {
  const at = ({ file, line, column }: Finding): string => `${file}:${line}:${column}`;
  const isCause = ({ code }: Finding): boolean => code.startsWith('YAML_') || code.startsWith('ENV_');
  const causes = new Set(findings.filter(isCause).map(at));
  return findings.filter((finding) => isCause(finding) || !causes.has(at(finding)));
}

/** As a person reads a file: from the top. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}
