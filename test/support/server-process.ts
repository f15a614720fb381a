import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterDeath, exited, startChild } from './children.ts';

/** A private server with its own directory, in which it keeps its `pid`; gone with the process that started it. */
export abstract class ServerProcess {
  readonly dir: string;
  readonly #callOff: () => void;
  #process: ChildProcess | null = null;

  protected constructor(name: string) {
    this.dir = mkdtempSync(join(tmpdir(), `tidemark-${name}-`));
    this.#callOff = afterDeath('kill -CONT $(cat "$1/pid"); kill -KILL $(cat "$1/pid"); rm -rf "$1"', [this.dir]);
    process.once('exit', this.#atExit);
  }

  /** Kills it: what it has not given to the operating system is lost. */
  async crash(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Stops all of it, like a machine that hangs: connections stay and nothing is answered. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Ends it for good and removes its directory. */
  async stop(): Promise<void> {
    await this.end('SIGKILL');
    process.off('exit', this.#atExit);
    this.#callOff();
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Resolves once it has said that it is ready. */
  protected async run(command: string, args: readonly string[], ready: string): Promise<void> {
    this.#process = await startUntil(command, args, ready);
  }

  protected async end(how: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill('SIGCONT');
    child.kill(how);
    await exited(child);
    await closed;
  }

  readonly #atExit = (): void => {
    this.#process?.kill('SIGKILL');
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  };
}

/** A process that has said `ready`. Rejects with what else it said when it ends before. */
export async function startUntil(command: string, args: readonly string[], ready: string): Promise<ChildProcess> {
  let log = '';
  const child = startChild(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer): void => {
      log += chunk.toString();
      if (log.includes(ready)) resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', () => {
      reject(new Error(`${command} ended at once: ${log}`));
    });
    child.once('error', reject);
  });
  return child;
}
