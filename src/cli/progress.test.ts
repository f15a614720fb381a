import { expect, test } from 'vitest';
import { fakeShell } from '../../test/support/shell.ts';
import { Progress } from './progress.ts';

test('on a terminal the line redraws itself, and is gone at the end', () => {
  const shell = fakeShell({ liveErr: true });
  const progress = new Progress(shell);
  progress.show('1 of 3');
  progress.show('2 of 3, too soon to be drawn');
  progress.clear();
  expect(shell.stderr).toBe('\r\u001b[2K1 of 3\r\u001b[2K');
});

test('in a log there is a line now and then, and none for work that is over at once', async () => {
  const shell = fakeShell();
  const progress = new Progress(shell);
  progress.show('1 of 3');
  expect(shell.stderr).toBe('');
  await shell.clock.advance(5_000);
  progress.show('2 of 3');
  progress.show('3 of 3');
  progress.clear();
  expect(shell.stderr).toBe('2 of 3\n');
});
