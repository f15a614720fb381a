import type { Clock, Random } from '../runtime/runtime.ts';
import type { Paint } from './paint.ts';

export type ShellSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** Everything a command may touch of its surroundings, so that a test can be the terminal. */
export interface Shell {
  /** Results. With `--json` nothing else ever goes here. */
  out(text: string): void;
  /** Progress, logs and errors. */
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Colours for standard output and for standard error; plain where that is not a terminal. */
  readonly paintOut: Paint;
  readonly paintErr: Paint;
  /** Whether a person looks at standard error: progress may be drawn over itself. */
  readonly liveErr: boolean;
  /** Width of the terminal; 100 where there is none. */
  readonly columns: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Calls the listener for each signal until the returned function is called; until then the default reaction is off. */
  onSignal(signal: ShellSignal, listener: () => void): () => void;
  readStdin(): Promise<string>;
  /** What the process ends with once everything has been said. */
  exitCode: number;
  /** Ends the process at once, for a second Ctrl-C. */
  exitNow(code: number): void;
}
