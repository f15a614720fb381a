import { createHash } from 'node:crypto';

/** What is needed of a connection, to one server or to a cluster. */
export interface Caller {
  callBuffer(command: string, args: (string | Buffer | number)[]): Promise<unknown>;
}

/**
 * A script by its digest: one round trip, and no text after the first call. A server that does not know it (new, failed
 * over, flushed) gets the text. Not a FUNCTION: those are named, so two versions of this program would overwrite each
 * other's (decision 71).
 */
export class Script {
  readonly #text: string;
  readonly #sha: string;

  constructor(text: string) {
    this.#text = text;
    this.#sha = createHash('sha1').update(text).digest('hex');
  }

  async run(
    caller: Caller,
    keys: readonly (string | Buffer)[],
    args: readonly (string | Buffer | number)[],
  ): Promise<unknown> {
    const rest = [keys.length, ...keys, ...args];
    try {
      return await caller.callBuffer('EVALSHA', [this.#sha, ...rest]);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return caller.callBuffer('EVAL', [this.#text, ...rest]);
    }
  }
}
