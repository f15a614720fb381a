import { createServer } from 'node:net';
import { join } from 'node:path';
import { startDemo } from '../demo/demo.ts';
import { realRuntime } from '../runtime/real.ts';
import { VERSION } from '../service/version.ts';
import { safeJson } from './escape.ts';
import { untilSignalled } from './lifecycle.ts';
import { shellLog } from './log-lines.ts';
import type { ListenAt, RunOptions } from './options.ts';
import { openApi } from './serve.ts';
import type { Shell } from './shell.ts';

const HOST = '127.0.0.1';
const API_PORT = 4100;
/** Ports tried one after another when the usual one is taken: who plays with two demos has not twenty. */
const PORTS = 20;

/** The shop, its Tidemark and the dashboard, until a signal ends them. */
export async function runDemo(options: RunOptions & { readonly at: ListenAt | null }, shell: Shell): Promise<void> {
  const runtime = realRuntime({ log: shellLog(shell, options.logLevel) });
  const at = options.at ?? { host: HOST, port: await freePort(API_PORT) };
  const directory = join('.tidemark', 'demo');
  const demo = await startDemo({
    directory: join(shell.cwd, directory),
    listen: `${at.host.includes(':') ? `[${at.host}]` : at.host}:${String(at.port)}`,
    // Next to the API where that has a place of its own; next to "any port" is no place.
    port: at.port === 0 ? 0 : await freePort(at.port + 1),
    serve: (tide) => openApi(tide, runtime, at),
    runtime,
  });
  const { paintOut: paint } = shell;
  shell.out(
    options.json
      ? `${safeJson({ url: demo.dashboardUrl, shopUrl: demo.url, version: VERSION, pid: process.pid, directory })}\n`
      : [
          `Tidemark ${VERSION}`,
          `  dashboard  ${paint.name(demo.dashboardUrl)}  the live flow, sources, layers and trust`,
          `  demo shop  ${paint.name(demo.url)}  change a price and watch it arrive; let a slow reader race it`,
          ...elsewhere(demo.dashboardUrl, at),
          `Ctrl-C ends both. They keep their files under ${directory}; remove it to begin afresh.`,
          '',
        ].join('\n'),
  );
  await untilSignalled({ tide: demo.tide, log: runtime.log, end: () => demo.close() }, shell);
}

/** The other commands look at the usual place, where somebody else is or nobody. */
function elsewhere(url: string, { port }: ListenAt): readonly string[] {
  if (port === API_PORT) return [];
  return [`  Other commands find it with  TIDEMARK_URL=${url} tidemark status`];
}

/** The first free port from here on; 0, any, when there is none. Somebody may still be faster; then listening says so. */
async function freePort(from: number): Promise<number> {
  for (let port = from; port < Math.min(from + PORTS, 65_536); port++) if (await isFree(port)) return port;
  return 0;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(false);
    });
    probe.listen(port, HOST, () =>
      probe.close(() => {
        resolve(true);
      }),
    );
  });
}
