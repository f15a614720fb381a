import type { Finding } from '../contracts/finding.ts';
import { count } from './amounts.ts';
import { escapeControls } from './escape.ts';
import type { Paint } from './paint.ts';
import { widthOf } from './width.ts';

/** The text of a file that findings point into; `null` when it cannot be read (again). */
export type SourceText = (file: string) => string | null;

/** Findings of one report, each as `file:line:column  code  what`, the line with a caret, why and fix. */
export function renderFindings(
  findings: readonly Finding[],
  options: { readonly paint: Paint; readonly textOf: SourceText; readonly columns: number },
): string {
  const lines = new Map<string, readonly string[] | null>();
  const lineOf = (finding: Finding): string | undefined => {
    if (!lines.has(finding.file)) lines.set(finding.file, options.textOf(finding.file)?.split(/\r\n|\n|\r/) ?? null);
    return lines.get(finding.file)?.[finding.line - 1];
  };
  return findings.map((finding) => renderFinding(finding, lineOf(finding), options.paint, options.columns)).join('\n');
}

function renderFinding(finding: Finding, sourceLine: string | undefined, paint: Paint, columns: number): string {
  const place = `${escapeControls(finding.file)}:${String(finding.line)}:${String(finding.column)}`;
  const code = finding.severity === 'error' ? paint.bad(finding.code) : paint.warn(finding.code);
  const mark = finding.severity === 'warning' ? ` ${paint.warn('(warning)')}` : '';
  const head = `${paint.strong(place)}  ${code}${mark}  ${escapeControls(finding.what)}\n`;
  const gutter = String(finding.line).padStart(5);
  const excerpt = sourceLine === undefined ? null : caretLines(sourceLine, finding.column, Math.max(40, columns - 10));
  const source = excerpt
    ? `${paint.faint(`${gutter} |`)} ${excerpt.line}\n${paint.faint(`${' '.repeat(gutter.length)} |`)} ${paint.bad(excerpt.caret)}\n`
    : '';
  const why = `${paint.faint('      why')}  ${escapeControls(finding.why)}\n`;
  const fix = finding.fix === '' ? '' : `${paint.faint('      fix')}  ${escapeControls(finding.fix)}\n`;
  return head + source + why + fix;
}

/** The part of a line around a column (from 1) that fits, and a caret under it, both by cells and not by characters. */
export function caretLines(text: string, column: number, cells: number): { line: string; caret: string } {
  const at = Math.max(0, Math.min(column - 1, text.length));
  const shown = (part: string): string => escapeControls(part.replaceAll('\t', '  '));
  let before = shown(text.slice(0, at));
  // A long line is cut on the left so that the caret stands within the first two thirds.
  const leftCells = Math.floor((cells * 2) / 3);
  if (widthOf(before) > leftCells) {
    while (widthOf(before) > leftCells - 1) before = [...before].slice(1).join('');
    before = `…${before}`;
  }
  let after = '';
  let room = cells - widthOf(before);
  for (const char of text.slice(at)) {
    const piece = shown(char);
    room -= widthOf(piece);
    if (room < 1) {
      after += '…';
      break;
    }
    after += piece;
  }
  return { line: before + after, caret: `${' '.repeat(widthOf(before))}^` };
}

/** `2 errors and 1 warning`; `no findings` when there are none. */
export function summarise(findings: readonly Finding[]): string {
  const errors = findings.filter((finding) => finding.severity === 'error').length;
  const warnings = findings.length - errors;
  const parts = [...(errors ? [count(errors, 'error')] : []), ...(warnings ? [count(warnings, 'warning')] : [])];
  return parts.length === 0 ? 'no findings' : parts.join(' and ');
}
