import type * as jetstream from '@nats-io/jetstream';
import type { KV } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import { TidemarkError } from '../../errors.ts';
import type { Drivers } from './connect.ts';
import { isRefusal } from './failure.ts';
import type { NatsJournalOptions } from './options.ts';

/** What must hold of the stream, or it would drop, reorder or share what it holds. */
const NEEDED = {
  retention: 'limits',
  storage: 'file',
  discard: 'new',
  max_age: 0,
  max_msgs: -1,
  max_msgs_per_subject: -1,
} as const;

export interface OpenedStream {
  readonly jsm: jetstream.JetStreamManager;
  readonly kv: KV;
  /** When it was made: what it is told apart by from a later one of the same name. */
  readonly created: string;
}

export async function openStream(
  drivers: Drivers,
  connection: NatsConnection,
  options: NatsJournalOptions,
): Promise<OpenedStream> {
  const jsm = await drivers.jetstream.jetstreamManager(connection, { timeout: 2_000 });
  const created = await ensureStream(jsm, options);
  const kvm = new drivers.kv.Kvm(connection);
  const kv = await kvm.create(`${options.stream}-state`, { history: 1, replicas: options.replicas });
  return { jsm, kv, created };
}

async function ensureStream(jsm: jetstream.JetStreamManager, options: NatsJournalOptions): Promise<string> {
  const { stream, replicas, max_bytes = -1 } = options;
  const subjects = [`${stream}.log`];
  try {
    const info = await jsm.streams.info(stream);
    checkConfig(info.config, subjects);
    return info.created;
  } catch (error) {
    if (!isRefusal(error, 'gone')) throw error;
  }
  const config = { name: stream, subjects, num_replicas: replicas, max_bytes, ...NEEDED };
  return (await jsm.streams.add(config)).created;
}

function checkConfig(config: jetstream.StreamConfig, subjects: readonly string[]): void {
  const wrong = Object.entries(NEEDED).filter(
    ([name, value]) => config[name as keyof jetstream.StreamConfig] !== value,
  );
  const found = wrong.map(
    ([name, value]) =>
      `${name} is ${JSON.stringify(config[name as keyof jetstream.StreamConfig])}, not ${JSON.stringify(value)}`,
  );
  if (String(config.subjects) !== String(subjects))
    found.push(`subjects are ${String(config.subjects)}, not ${String(subjects)}`);
  if (found.length > 0) throw new TidemarkError('NATS_STREAM_UNFIT', `${config.name}: ${found.join('; ')}`);
}
