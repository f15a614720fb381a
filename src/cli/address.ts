import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { DaemonAddress } from '../remote/daemon.ts';
import { UsageError } from './exit.ts';
import type { Shell } from './shell.ts';

export const DEFAULT_LISTEN = '127.0.0.1:4100';

/** Where the daemon is: --url, else TIDEMARK_URL, else `server.listen` of the folder's tidemark.yaml, else the default. */
export function daemonAddress(
  options: { readonly url?: string | undefined; readonly token?: string | undefined },
  shell: Pick<Shell, 'env' | 'cwd'>,
): DaemonAddress {
  const given = options.url ?? shell.env['TIDEMARK_URL'];
  return {
    url: given === undefined ? urlOfListen(listenOfFolder(shell)) : checkedUrl(given),
    token: options.token ?? (shell.env['TIDEMARK_ADMIN_TOKEN'] || undefined),
  };
}

function checkedUrl(text: string): string {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : null;
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '' || url.search !== '') {
    throw new UsageError(`--url ${text} is not the address of a daemon`, 'it looks like http://127.0.0.1:4100');
  }
  return url.href;
}

/**
 * Only this one scalar is read, without checking the rest: a client must work where the daemon's environment variables
 * are not set. `run` is where a wrong configuration is an error.
 */
function listenOfFolder(shell: Pick<Shell, 'env' | 'cwd'>): string {
  let listen: unknown;
  try {
    const document: unknown = parse(readFileSync(join(shell.cwd, 'tidemark.yaml'), 'utf8'), { logLevel: 'silent' });
    listen = (document as { server?: { listen?: unknown } } | null)?.server?.listen;
  } catch {
    return DEFAULT_LISTEN;
  }
  if (typeof listen !== 'string') return DEFAULT_LISTEN;
  const resolved = listen.replace(/\$\{(\w+)\}/g, (_, name: string) => shell.env[name] ?? '');
  return URL.canParse(urlOfListen(resolved)) ? resolved : DEFAULT_LISTEN;
}

/** A daemon that listens on every address is reached on loopback. */
export function urlOfListen(listen: string): string {
  return `http://${listen.replace(/^(0\.0\.0\.0|\*)?(?=:\d)/, '127.0.0.1').replace(/^\[::\](?=:\d)/, '[::1]')}`;
}
