import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtCli } from './built.ts';
import { exited, startChild } from './children.ts';

const SCRIPT = join(import.meta.dirname, 'client-process.mjs');

/** A real process whose cache a daemon feeds. */
export class ClientProcess {
  readonly name: string;
  readonly #child: ChildProcess;

  static async start(url: string, name: string): Promise<ClientProcess> {
    const client = new ClientProcess(url, name);
    await client.#answer();
    return client;
  }

  private constructor(url: string, name: string) {
    const entry = pathToFileURL(join(dirname(builtCli()), '..', 'remote', 'index.js')).href;
    this.name = name;
    this.#child = startChild(process.execPath, [SCRIPT, entry, url, name], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
  }

  /** What a reader there gets of `product:1`, which its source holds as `version`. */
  async read(version: number): Promise<number> {
    this.#child.send({ load: version });
    return (await this.#answer()) as number;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends its connection, then itself. */
  async close(): Promise<void> {
    this.#child.send({ close: true });
    await exited(this.#child);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await exited(this.#child);
  }

  async #answer(): Promise<unknown> {
    const [answer] = (await once(this.#child, 'message')) as [unknown];
    return answer;
  }
}
