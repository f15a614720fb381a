import { text } from 'node:stream/consumers';
import { systemClock, systemRandom } from '../runtime/system.ts';
import { paintFor } from './paint.ts';
import type { Shell } from './shell.ts';

/** The process's own terminal. */
export function realShell(): Shell {
  const { stdout, stderr, stdin, env } = process;
  // `tidemark tail | head` ends when its reader does; that is no failure.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    env,
    cwd: process.cwd(),
    paintOut: paintFor(stdout, env),
    paintErr: paintFor(stderr, env),
    liveErr: stderr.isTTY && env['TERM'] !== 'dumb' && !env['CI'],
    // Undefined where the stream is not a terminal, and 0 on some that do not know, whatever the types say.
    columns: stdout.columns || stderr.columns || 100,
    clock: systemClock,
    random: systemRandom,
    onSignal: (signal, listener) => {
      process.on(signal, listener);
      return () => process.off(signal, listener);
    },
    readStdin: () => text(stdin),
    exitCode: 0,
    exitNow: (code) => process.exit(code),
  };
}
