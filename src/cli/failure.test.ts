import { describe, expect, test } from 'vitest';
import { TidemarkError } from '../errors.ts';
import { DaemonRefusal } from '../remote/refusal.ts';
import { UsageError } from './exit.ts';
import { exitCodeOf, failureJson, renderFailure } from './failure.ts';
import { PLAIN } from './paint.ts';

const render = (error: unknown): string => renderFailure(error, { paintErr: PLAIN, cwd: '.', columns: 100 });

describe('an error', () => {
  test('says code, what, why and what to do', () => {
    const cause = new Error('listen EADDRINUSE', { cause: new AggregateError([new Error('port 4100')]) });
    expect(render(new TidemarkError('LISTEN_IN_USE', '127.0.0.1:4100', { cause }))).toBe(
      [
        'error: LISTEN_IN_USE  the address to listen on is taken: 127.0.0.1:4100',
        '  why  listen EADDRINUSE',
        '  why  port 4100',
        '  fix  stop the other program (perhaps another `tidemark run`), or choose another with --listen',
        '',
      ].join('\n'),
    );
  });

  test('does not say the same thing twice', () => {
    const error = new TidemarkError('DAEMON_UNREACHABLE', 'boom', { cause: new Error('boom') });
    expect(render(error)).not.toContain('why');
  });

  test('ends also when it is its own cause', () => {
    const error = new Error('round and round');
    error.cause = error;
    expect(render(new TidemarkError('CLOSED', undefined, { cause: error }))).toContain('round and round');
  });

  test('of the daemon is told in its own words', () => {
    const refusal = new DaemonRefusal({ code: 'DEAD_LETTER_UNKNOWN', message: 'no 7', hint: 'list them', status: 404 });
    expect(render(refusal)).toBe('error: DEAD_LETTER_UNKNOWN  no 7\n  fix  list them\n');
  });

  test('of the command line comes with a hint', () => {
    expect(render(new UsageError('which ones?', 'give numbers'))).toBe('error: which ones?\ngive numbers\n');
  });

  test('cannot paint the terminal', () => {
    expect(render(new TidemarkError('FILE_UNREADABLE', '\u001b[2Jx'))).not.toContain('\u001b');
    expect(render('\u001b[2Jx')).not.toContain('\u001b');
  });

  test('is one line of JSON for a program', () => {
    const line = failureJson(new TidemarkError('CLOSED'));
    expect(line.trimEnd()).not.toContain('\n');
    expect(JSON.parse(line)).toMatchObject({ error: { code: 'CLOSED', message: 'Tidemark is closed' } });
    expect(JSON.parse(failureJson(new UsageError('x')))).toMatchObject({ error: { code: 'USAGE' } });
    expect(JSON.parse(failureJson(7))).toMatchObject({ error: { code: 'UNEXPECTED', message: '7' } });
  });
});

test.each([
  ['the command line', new UsageError('x'), 2],
  ['the configuration', new TidemarkError('CONFIG_INVALID'), 78],
  ['an address without a token', new TidemarkError('LISTEN_UNPROTECTED'), 78],
  ['a daemon that does not answer', new TidemarkError('DAEMON_UNREACHABLE'), 1],
  ['a bug', new TypeError('x'), 1],
])('the exit code tells that %s is at fault', (_, error, code) => {
  expect(exitCodeOf(error)).toBe(code);
});
