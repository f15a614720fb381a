/**
 * A source faster than its layer must not fill memory: what is not applied yet waits in the journal on disk. A process
 * with a heap of 96 MB takes the whole backlog in, then catches up. Short form 100,000 events; TIDEMARK_LONG=1:
 * ten million.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { builtCli } from '../support/built.ts';

const LONG = process.env['TIDEMARK_LONG'] === '1';
const EVENTS = LONG ? 10_000_000 : 100_000;
const MB = 1024 * 1024;

interface Report {
  readonly head: number;
  readonly applied: number;
  readonly heap: { readonly tenth: number; readonly all: number; readonly caughtUp: number };
  readonly maxRss: number;
  readonly appendSeconds: number;
  readonly catchUpSeconds: number;
}

it.each([
  ['a backlog of any length keeps memory flat', []],
  ['a transaction of any length, open until its last part, keeps memory flat', ['open']],
] as const)(
  '%s',
  async (_, shape) => {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-backlog-'));
    try {
      const script = join(import.meta.dirname, '../support/backlog.mjs');
      const args = [
        '--expose-gc',
        '--max-old-space-size=96',
        script,
        dirname(dirname(builtCli())),
        folder,
        String(EVENTS),
        ...shape,
      ];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
      expect(code).toBe(0);
      const report = JSON.parse(out) as Report;
      console.log(`backlog: ${out.trim()}`);
      expect(report.head).toBe(EVENTS);
      expect(report.applied).toBe(2 * EVENTS);
      // Live heap after everything, against the same after a tenth: only what the engine itself needs.
      expect(report.heap.all).toBeLessThan(report.heap.tenth + 8 * MB);
      expect(report.heap.caughtUp).toBeLessThan(report.heap.tenth + 8 * MB);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  LONG ? 3_600_000 : 300_000,
);
