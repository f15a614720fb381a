import type { Finding } from '../contracts/finding.ts';
import { TidemarkError } from '../errors.ts';
import { DaemonRefusal } from '../remote/refusal.ts';
import { EXIT, UsageError } from './exit.ts';
import { escapeControls, escapeLines, safeJson } from './escape.ts';
import { summarise } from './findings.ts';
import { reportFindings } from './report.ts';
import type { Shell } from './shell.ts';

const CONFIGURATION_CODES: ReadonlySet<string> = new Set(['CONFIG_INVALID', 'CONFIG_MISSING', 'LISTEN_UNPROTECTED']);

/** A program that stops by itself with one of these cannot be helped by starting it again (see exit.ts). */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT.usage;
  return error instanceof TidemarkError && CONFIGURATION_CODES.has(error.code) ? EXIT.configuration : EXIT.findings;
}

/** An error for a person: code, what, why (its causes), what to do. Only an error that nobody foresaw shows its stack. */
export function renderFailure(error: unknown, shell: Pick<Shell, 'paintErr' | 'cwd' | 'columns'>): string {
  const { paintErr: paint } = shell;
  if (error instanceof UsageError) {
    return `${paint.bad('error:')} ${escapeLines(error.message)}\n${error.hint ? `${escapeLines(error.hint)}\n` : ''}`;
  }
  if (!(error instanceof TidemarkError || error instanceof DaemonRefusal)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${paint.bad('error:')} ${escapeLines(text)}\n`;
  }
  const findings = findingsOf(error);
  if (findings !== null) {
    const list = reportFindings(findings, shell, paint);
    return `${list}\n${paint.bad('error:')} ${paint.strong(error.code)}  the configuration has ${summarise(findings)}\n`;
  }
  const why = causesOf(error);
  return [
    `${paint.bad('error:')} ${paint.strong(error.code)}  ${escapeControls(error.message)}`,
    ...why.map((cause) => `${paint.faint('  why')}  ${escapeControls(cause)}`),
    ...(error.hint === '' ? [] : [`${paint.faint('  fix')}  ${escapeControls(error.hint)}`]),
    '',
  ].join('\n');
}

/** The same for a program, one line on standard error. */
export function failureJson(error: unknown): string {
  const body =
    error instanceof TidemarkError || error instanceof DaemonRefusal
      ? { code: error.code, message: error.message, causes: causesOf(error), hint: error.hint }
      : error instanceof UsageError
        ? { code: 'USAGE', message: error.message, causes: [], hint: error.hint ?? '' }
        : { code: 'UNEXPECTED', message: error instanceof Error ? error.message : String(error), causes: [], hint: '' };
  const findings = findingsOf(error);
  return `${safeJson({ error: findings === null ? body : { ...body, findings } })}\n`;
}

/** By its shape: the class lives beside the drivers, which a command that fails early should not load. */
function findingsOf(error: unknown): readonly Finding[] | null {
  if (!(error instanceof TidemarkError) || error.code !== 'CONFIG_INVALID' || !('findings' in error)) return null;
  return error.findings as readonly Finding[];
}

/** The messages of the causes, outermost first. A cause that only repeats what is above it is left out. */
function causesOf(error: Error): string[] {
  const causes: string[] = [];
  let said = error.message;
  // Five is deeper than any chain that tells something; the bound also ends a chain that contains itself.
  for (let cause = error.cause, depth = 0; cause !== undefined && depth < 5; depth++) {
    const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
    const text = first instanceof Error ? first.message : typeof first === 'string' ? first : '';
    if (text !== '' && !said.includes(text)) {
      causes.push(text);
      said += text;
    }
    cause = first instanceof Error ? first.cause : undefined;
  }
  return causes;
}
