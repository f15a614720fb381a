import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../contracts/finding.ts';
import { TidemarkError } from '../errors.ts';
import { createServer, type HttpServer } from '../http/server.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Tidemark } from '../service.ts';
import { EXIT } from './exit.ts';
import type { Shell } from './shell.ts';

export interface ServeOptions {
  readonly tide: Tidemark;
  readonly runtime: Runtime;
  readonly host: string;
  readonly port: number;
  readonly adminToken?: string | undefined;
  /** The server answers; said once. */
  readonly onListening: (url: string) => void;
  /** New contracts were wrong, the old ones stay in force. */
  readonly onFindings: (findings: readonly Finding[]) => void;
}

/**
 * The daemon from its first answer to its last. SIGTERM and SIGINT drain: requests in flight are answered, what is
 * durable is applied, the journal is closed; nothing acknowledged is lost. A second signal ends the process at once,
 * which loses nothing acknowledged either, but leaves the rest to the next start. SIGHUP reads the contracts again.
 */
export async function serve(options: ServeOptions, shell: Shell): Promise<void> {
  const { tide, runtime } = options;
  const { log } = runtime;
  const stopped = stopSignal(shell, () => {
    log.info({}, 'draining; a second signal ends at once');
  });
  const offReload = shell.onSignal('SIGHUP', () => void reload(options));
  let server: HttpServer | null = null;
  try {
    server = await createServer(tide, httpOptions(options));
    const { url } = await server.listen();
    options.onListening(url);
    await stopped.promise;
  } finally {
    // First the door, so that nothing is accepted which would not be drained.
    await server?.close();
    await tide.close();
    offReload();
    stopped.off();
  }
  log.info({}, 'drained and closed');
}

function httpOptions({ runtime, host, port, adminToken }: ServeOptions): Parameters<typeof createServer>[1] {
  const dashboardDir = fileURLToPath(new URL('../dashboard/', import.meta.url));
  return {
    runtime,
    host,
    port,
    ...(adminToken === undefined ? {} : { adminToken }),
    ...(existsSync(dashboardDir) ? { dashboardDir } : {}),
  };
}

function stopSignal(shell: Shell, onFirst: () => void): { readonly promise: Promise<void>; readonly off: () => void } {
  let stopping = false;
  const offs: (() => void)[] = [];
  const promise = new Promise<void>((resolve) => {
    const stop = (): void => {
      if (stopping) shell.exitNow(EXIT.findings);
      stopping = true;
      onFirst();
      resolve();
    };
    offs.push(shell.onSignal('SIGTERM', stop), shell.onSignal('SIGINT', stop));
  });
  return {
    promise,
    off: () => {
      for (const off of offs) off();
    },
  };
}

async function reload({ tide, runtime: { log }, onFindings }: ServeOptions): Promise<void> {
  try {
    const { ok, findings } = await tide.reload();
    if (ok) log.info({ contracts: tide.contracts().length }, 'the contracts are reloaded');
    else log.error({ findings: findings.length }, 'the new contracts are wrong; the old ones stay in force');
    if (findings.length > 0) onFindings(findings);
  } catch (error) {
    // A file that is gone for a moment must not end a daemon that works.
    const code = error instanceof TidemarkError ? error.code : 'UNEXPECTED';
    log.error({ err: error, code }, 'the contracts could not be reloaded; the old ones stay in force');
  }
}
