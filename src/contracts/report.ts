import type { Finding } from './finding.ts';
import type { Place } from './yaml-tree.ts';

/** Collects the findings of one file. */
export class Report {
  readonly file: string;
  readonly findings: Finding[] = [];

  constructor(file: string) {
    this.file = file;
  }

  error(code: string, place: Place, what: string, why: string, fix: string): void {
    this.#add('error', code, place, what, why, fix);
  }

  warning(code: string, place: Place, what: string, why: string, fix: string): void {
    this.#add('warning', code, place, what, why, fix);
  }

  add(findings: readonly Finding[]): void {
    this.findings.push(...findings);
  }

  get errors(): number {
    return this.findings.filter((finding) => finding.severity === 'error').length;
  }

  #add(
    severity: Finding['severity'],
    code: string,
    { line, column }: Place,
    what: string,
    why: string,
    fix: string,
  ): void {
    this.findings.push({ severity, code, file: this.file, line, column, what, why, fix });
  }
}

/** As a person reads a file: from the top. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) =>
    a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column,
  );
}
