import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { builtCli } from './built.ts';
import { exited, startChild } from './children.ts';

export interface StartLine {
  readonly url: string;
  readonly pid: number;
  readonly version: string;
}

/** The real program as a process of its own, in a folder of its own. */
export interface CliProcess {
  readonly child: ChildProcess;
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves with the exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export interface CliOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

const running = new Set<CliProcess>();

/** For `afterEach`: a test that fails half-way must not leave a daemon behind. */
export async function endAll(): Promise<void> {
  await Promise.all(
    Array.from(running, ({ child, ended }) => {
      child.kill('SIGKILL');
      return ended;
    }),
  );
}

export function startCli(args: readonly string[], { cwd, env = {} }: CliOptions): CliProcess {
  const child = startChild(process.execPath, [builtCli(), ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
  const started: CliProcess = {
    child,
    get stdout() {
      return said.stdout;
    },
    get stderr() {
      return said.stderr;
    },
    ended: exited(child).then(() => {
      running.delete(started);
      return child.exitCode ?? child.signalCode ?? -1;
    }),
  };
  running.add(started);
  return started;
}

export interface Daemon extends CliProcess {
  readonly url: string;
  kill(signal: NodeJS.Signals): void;
}

/** `tidemark run` on a free port, once it answers. Rejects with what it said when it ends before that. */
export async function startDaemon(options: CliOptions, args: readonly string[] = []): Promise<Daemon> {
  const process = startCli(['run', '--json', '--listen', '127.0.0.1:0', ...args], options);
  const { child } = process;
  const lines = createInterface({ input: child.stdout! });
  const first = once(lines, 'line') as Promise<[string]>;
  const line = await Promise.race([first.then(([text]) => text), process.ended.then(() => null)]);
  if (line === null) throw new Error(`the daemon ended before it listened: ${process.stderr}`);
  const { url } = JSON.parse(line) as StartLine;
  return Object.assign(Object.create(process) as CliProcess, {
    url,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
  });
}
