import { describe, expect, test } from 'vitest';
import { fakeShell } from '../../test/support/shell.ts';
import { logLine, shellLog } from './log-lines.ts';
import { PLAIN } from './paint.ts';

const at = new Date(2026, 0, 1, 14, 3, 7, 120).toISOString();
const line = (fields: object): string =>
  logLine(JSON.stringify({ level: 40, time: at, msg: 'it restarts', ...fields }), PLAIN);

describe('a log line for reading', () => {
  test('has the time, the level, the sentence and the fields', () => {
    expect(line({ source: 'shop-db', attempt: 3 })).toBe(
      '14:03:07.120  warn   it restarts  source=shop-db attempt=3\n',
    );
  });

  test('has the message of an error and not its stack', () => {
    expect(line({ err: { type: 'Error', message: 'refused', stack: 'Error: refused\n    at x' } })).toContain(
      'err=refused\n',
    );
  });

  test('is one line whatever is in it', () => {
    const shown = line({ key: 'a\nb\u001b[2J', msg: 'forged\nline' });
    expect(shown.trimEnd()).not.toContain('\n');
    expect(shown).not.toContain('\u001b');
  });
});

test('the log is JSON unless a person watches', () => {
  const pipe = fakeShell();
  shellLog(pipe, 'info').warn({ source: 'a' }, 'hello');
  expect(JSON.parse(pipe.stderr)).toMatchObject({ level: 40, source: 'a', msg: 'hello' });
  const terminal = fakeShell({ liveErr: true });
  shellLog(terminal, 'info').warn({ source: 'a' }, 'hello');
  expect(terminal.stderr).toMatch(/warn {3}hello {2}source=a\n$/);
  expect(pipe.stdout + terminal.stdout).toBe('');
});

test('what is below the level asked for is not said', () => {
  const shell = fakeShell();
  shellLog(shell, 'warn').info({}, 'hello');
  expect(shell.stderr).toBe('');
});
