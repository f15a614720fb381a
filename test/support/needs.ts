import { describe, it } from 'vitest';

/** `null` when what is needed is there, else the reason why not. */
export type Probe = () => Promise<string | null>;

export type Suite = (title: string, body: () => void) => void;

/**
 * A `describe` for tests that need something of the machine. Without it the whole suite is one skipped test with one
 * visible line; where `CI` is `true` it is one failed test, because there a hole must not pass for a success.
 */
export async function needs(what: string, probe: Probe): Promise<Suite> {
  const reason = await probe().catch((error: unknown) => String(error));
  if (reason === null) return (title, body) => void describe(title, body);
  const note = `needs ${what}: ${reason}`;
  process.stderr.write(`SKIPPED ${note}\n`);
  return (title) => {
    describe(title, () => {
      it(`needs ${what}`, (context) => {
        if (process.env['CI'] === 'true') throw new Error(note);
        context.skip(note);
      });
    });
  };
}
