import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type * as jetstream from '@nats-io/jetstream';
import type * as kv from '@nats-io/kv';
import type * as core from '@nats-io/transport-node';
import { TidemarkError } from '../../errors.ts';
import { failureOf } from './failure.ts';
import type { NatsJournalOptions } from './options.ts';

/** Loaded when a journal is opened: whoever has another one never loads them. */
export interface Drivers {
  readonly core: typeof core;
  readonly jetstream: typeof jetstream;
  readonly kv: typeof kv;
}

const VERSION_MIN = [2, 9] as const;
/** Between two attempts at a connection that was lost. */
const RECONNECT_MS = 250;
/** Also how long the driver waits for a server that was killed while it greeted, before it dials again. */
const CONNECT_MS = 2_000;

export async function connectTo(
  options: NatsJournalOptions,
  baseDir: string,
): Promise<{ drivers: Drivers; connection: core.NatsConnection }> {
  const drivers = await loadDrivers();
  const { user, password, token, credentials } = options;
  const servers = typeof options.servers === 'string' ? options.servers : [...options.servers];
  try {
    const connection = await drivers.core.connect({
      servers,
      name: 'tidemark',
      timeout: CONNECT_MS,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_MS,
      ignoreAuthErrorAbort: true,
      // A server that hangs, or a network that swallows everything, is noticed within three of them.
      pingInterval: 1_000,
      maxPingOut: 2,
      noAsyncTraces: true,
      ...(user !== undefined && { user }),
      ...(password && { pass: password.reveal() }),
      ...(token && { token: token.reveal() }),
      ...(credentials !== undefined && {
        authenticator: drivers.core.credsAuthenticator(await readCredentials(baseDir, credentials)),
      }),
    });
    checkVersion(connection.info?.version ?? '');
    return { drivers, connection };
  } catch (error) {
    const failure = failureOf(error, String(servers));
    throw failure.code === 'NATS_FAILED'
      ? new TidemarkError('NATS_UNREACHABLE', failure.message, { cause: error })
      : failure;
  }
}

async function loadDrivers(): Promise<Drivers> {
  const [core, jetstream, kv] = await Promise.all([
    import('@nats-io/transport-node'),
    import('@nats-io/jetstream'),
    import('@nats-io/kv'),
  ]);
  return { core, jetstream, kv };
}

async function readCredentials(baseDir: string, path: string): Promise<Uint8Array> {
  try {
    return await readFile(resolve(baseDir, path));
  } catch (cause) {
    throw new TidemarkError('NATS_AUTH', `${path} cannot be read`, { cause });
  }
}

function checkVersion(version: string): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < VERSION_MIN[0] || (major === VERSION_MIN[0] && minor < VERSION_MIN[1]);
  if (isOld) throw new TidemarkError('NATS_VERSION', version);
}
