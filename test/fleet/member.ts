import { fork, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exited } from '../support/children.ts';

/** How a process of the fleet is started. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** With a channel for messages; `command` is a file of JavaScript then. */
  readonly talks: boolean;
}

/** Below the folder of a run: one file for each process that runs, so that they can be ended when the run itself is killed. */
export const PIDS = 'pids';

/**
 * A process of the fleet that is killed, stopped and started as often as the run pleases. It has a folder of its own, where what it
 * says is in `log`.
 */
export class Member {
  readonly name: string;
  readonly folder: string;
  readonly #pids: string;
  readonly #program: Program;
  #child: ChildProcess | null = null;
  #ending = false;
  /** From whichever process it is at the time. */
  onMessage: (message: unknown) => void = () => undefined;
  starts = 0;
  /** How it ended when nobody had ended it. */
  readonly fell: string[] = [];

  constructor(name: string, root: string, program: Program) {
    this.name = name;
    this.folder = join(root, name);
    this.#pids = join(root, PIDS);
    this.#program = program;
    mkdirSync(this.folder, { recursive: true });
    mkdirSync(this.#pids, { recursive: true });
  }

  start(): void {
    const child = this.#spawn();
    const note = join(this.#pids, String(child.pid));
    writeFileSync(note, this.name);
    this.starts++;
    this.#child = child;
    child.on('message', (message) => {
      this.onMessage(message);
    });
    child.on('error', () => undefined);
    child.once('exit', (code, signal) => {
      rmSync(note, { force: true });
      this.#child = null;
      if (!this.#ending) this.fell.push(`${this.name} ended with ${String(code ?? signal)}`);
    });
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  send(message: object): void {
    this.#child?.send(message, () => undefined);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Sends it `how` and waits until it has gone; a process that is stopped goes on for that. */
  async end(how: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#ending = true;
    child.kill(how);
    child.kill('SIGCONT');
    await exited(child);
    this.#ending = false;
  }

  #spawn(): ChildProcess {
    const { command, args, talks } = this.#program;
    const log = openSync(join(this.folder, 'log'), 'a');
    const options = { cwd: this.folder, env: { PATH: process.env['PATH'] ?? '' } };
    const child = talks
      ? fork(command, args, { ...options, stdio: ['ignore', log, log, 'ipc'] })
      : spawn(command, args, { ...options, stdio: ['ignore', log, log] });
    closeSync(log);
    return child;
  }
}
