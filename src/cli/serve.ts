import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HTTP_LIMITS, type HttpLimits } from '../http/options.ts';
import { createServer } from '../http/server.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Tidemark } from '../service.ts';
import type { ListenAt } from './options.ts';

export interface Served {
  readonly url: string;
  /** Requests in flight are answered first. */
  close(): Promise<void>;
}

/** The HTTP API and the dashboard of a service. */
export async function openApi(tide: Tidemark, runtime: Runtime, { host, port }: ListenAt): Promise<Served> {
  const { adminToken, allowedHosts, maxStreams } = tide.config.server;
  // Where the build puts the page; a run from a checkout that was not built has none.
  const dashboardDir = fileURLToPath(new URL('../dashboard/', import.meta.url));
  const server = await createServer(tide, {
    runtime,
    host,
    port,
    limits: limitsFor(maxStreams),
    ...(adminToken === undefined ? {} : { adminToken: adminToken.reveal() }),
    ...(allowedHosts === undefined ? {} : { allowedHosts }),
    ...(existsSync(dashboardDir) ? { dashboardDir } : {}),
  });
  try {
    const { url } = await server.listen();
    return { url, close: () => server.close() };
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** Whoever is fed also asks the time, over a connection beside the stream; as many as without any streams are left for others. */
function limitsFor(streamsMax: number): Partial<HttpLimits> {
  return { streamsMax, connectionsMax: HTTP_LIMITS.connectionsMax + 2 * streamsMax };
}
