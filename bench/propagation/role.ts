import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { RoleOptions, Seen, WriterOptions } from './roles.ts';

/** A process of ours, and what it has seen once that is everything. */
export class Role {
  readonly #child: ChildProcess;
  readonly seen: Promise<Seen>;

  private constructor(child: ChildProcess, name: string) {
    this.#child = child;
    this.seen = new Promise((resolve, reject) => {
      child.on('message', (message) => {
        if (typeof message === 'object') resolve(message as Seen);
      });
      child.once('exit', () => {
        reject(new Error(`${name} ended before it had seen everything`));
      });
    });
    this.seen.catch(() => undefined);
  }

  static async start(name: 'write' | 'apply' | 'listen', options: RoleOptions | WriterOptions): Promise<Role> {
    const child = fork(process.argv[1] ?? '', [name, JSON.stringify(options)]);
    const role = new Role(child, name);
    await Promise.race([once(child, 'message'), role.seen]);
    return role;
  }

  begin(): void {
    this.#child.send('begin');
  }

  end(): void {
    this.#child.disconnect();
  }
}
