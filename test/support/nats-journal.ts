import { natsJournal, openNatsJournal } from '../../src/journal/nats/index.ts';
import { SIZES, type Sizes } from '../../src/journal/nats/retention.ts';
import { silentLog, type Log } from '../../src/runtime/log.ts';
import { realRuntime } from '../../src/runtime/real.ts';
import type { RelayJournal } from '../conformance/relays.ts';

let streams = 0;

/** A name that no other test of the run has. */
export function newStream(): string {
  return `t${process.pid}-${++streams}`;
}

export function openNats(
  url: string,
  options: Record<string, unknown>,
  sizes: Partial<Sizes> = {},
  log: Log = silentLog,
): Promise<RelayJournal> {
  const parsed = natsJournal.options.parse({ servers: url, ...options });
  return openNatsJournal({ runtime: realRuntime({ log }), baseDir: '' }, parsed, { ...SIZES, ...sizes });
}
