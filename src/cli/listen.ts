import { UsageError } from './exit.ts';

/** `HOST:PORT`, `:PORT` or `PORT`; IPv6 in brackets. */
export function parseListen(text: string): { readonly host: string; readonly port: number } {
  const match = /^(?:(?<host>\[[0-9a-f:.]+\]|[^:[\]\s]*):)?(?<port>\d{1,5})$/i.exec(text);
  const port = Number(match?.groups?.['port']);
  if (!match || port > 65_535) {
    throw new UsageError(
      `--listen ${text} is no address to listen on`,
      'it looks like 127.0.0.1:4100, [::1]:4100 or 4100',
    );
  }
  const host = (match.groups?.['host'] ?? '').replace(/^\[|\]$/g, '');
  return { host: host === '' ? '127.0.0.1' : host, port };
}
