// What the daemon says of its part.
import { readFileSync } from 'node:fs';
import type { Daemon } from '../../test/support/daemon.ts';

/** Ticks of /proc a second, which Linux has made the same everywhere. */
const TICK_MS = 10;

export interface Spent {
  readonly cpuMs: number;
  readonly appends: number;
  /** Seconds in which appends were under way. */
  readonly appendSum: number;
}

export async function spentBy({ child, url }: Daemon): Promise<Spent> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const metric = (name: string): number => Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
  const ticks =
    readFileSync(`/proc/${String(child.pid)}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ')
      .slice(11, 13) ?? [];
  return {
    cpuMs: ticks.reduce((sum, one) => sum + Number(one), 0) * TICK_MS,
    appends: metric('tidemark_journal_append_seconds_count'),
    appendSum: metric('tidemark_journal_append_seconds_sum'),
  };
}

interface JournalPage {
  readonly entries: readonly {
    readonly offset: number;
    readonly receivedAt: number;
    readonly plan: { readonly actions: readonly { readonly target: string }[] };
  }[];
}

/** By row: when the daemon had read its commit, before the gate. By the wall clock, in whole milliseconds. */
export async function receivedOf({ url }: Daemon, rows: number): Promise<number[]> {
  const received = new Array<number>(rows);
  for (let after = 0, left = rows; left > 0;) {
    const page = (await (await fetch(`${url}/v1/journal?after=${String(after)}&limit=1000`)).json()) as JournalPage;
    if (page.entries.length === 0) throw new Error('the journal does not have every commit');
    for (const { offset, receivedAt, plan } of page.entries) {
      after = offset;
      const row = /^item:(\d+)$/.exec(plan.actions[0]?.target ?? '')?.[1];
      if (row === undefined) continue;
      received[Number(row)] = receivedAt;
      left--;
    }
  }
  return received;
}
