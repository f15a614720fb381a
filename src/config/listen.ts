/** `HOST:PORT`, `:PORT` or `PORT`; IPv6 in brackets. `null` when it is none of these. */
export function parseListen(input: string | number): { readonly host: string; readonly port: number } | null {
  const text = String(input);
  const colon = text.lastIndexOf(':');
  const port = portOf(text.slice(colon + 1));
  const named = colon < 0 ? '' : text.slice(0, colon);
  const bracketed = named.startsWith('[') && named.endsWith(']');
  const host = bracketed ? named.slice(1, -1) : named;
  if (port === null || /[\s[\]/@]/.test(host) || (!bracketed && host.includes(':')) || (bracketed && host === ''))
    return null;
  return { host: host === '' ? '127.0.0.1' : host, port };
}

function portOf(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  return port <= 65_535 ? port : null;
}

/** Addresses that only this machine reaches. A name other than `localhost` may mean anything, so it is none. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
