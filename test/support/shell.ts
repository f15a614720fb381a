import type { Shell, ShellSignal } from '../../src/cli/shell.ts';
import { PLAIN } from '../../src/cli/paint.ts';
import { VirtualClock, SeededRandom } from '../../src/runtime/virtual.ts';

export interface FakeShell extends Shell {
  /** Everything written so far. */
  readonly stdout: string;
  readonly stderr: string;
  readonly exitedWith: number | null;
  readonly clock: VirtualClock;
  send(signal: ShellSignal): void;
}

/** A terminal made of strings. */
export function fakeShell(
  options: { env?: Record<string, string>; cwd?: string; stdin?: string; liveErr?: boolean } = {},
): FakeShell {
  let stdout = '';
  let stderr = '';
  let exitedWith: number | null = null;
  const listeners: { signal: ShellSignal; listener: () => void }[] = [];
  return {
    out: (text) => (stdout += text),
    err: (text) => (stderr += text),
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    get exitedWith() {
      return exitedWith;
    },
    env: options.env ?? {},
    cwd: options.cwd ?? process.cwd(),
    paintOut: PLAIN,
    paintErr: PLAIN,
    liveErr: options.liveErr ?? false,
    columns: 100,
    clock: new VirtualClock(),
    random: new SeededRandom(1),
    onSignal: (signal, listener) => {
      const entry = { signal, listener };
      listeners.push(entry);
      return () => {
        listeners.splice(listeners.indexOf(entry), 1);
      };
    },
    send: (signal) => {
      for (const entry of listeners.filter((each) => each.signal === signal)) entry.listener();
    },
    readStdin: () => Promise.resolve(options.stdin ?? ''),
    exitCode: 0,
    exitNow: (code) => {
      exitedWith = code;
    },
  };
}
