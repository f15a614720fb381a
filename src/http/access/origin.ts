type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Whether a browser sends this on behalf of another site. Programs send neither header; a browser sends at least one
 * with every request that can do harm. There is no CORS here, so no other site has a reason to ask.
 */
export function isCrossSite(headers: Headers): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true;
  const origin = headers['origin'];
  if (origin === undefined) return false;
  return typeof origin !== 'string' || hostOf(origin) !== headers['host']?.toString().toLowerCase();
}

/** Without the scheme: a proxy that ends TLS leaves us only the host to compare. `null` of a sandboxed page is nobody. */
function hostOf(origin: string): string | null {
  const match = /^https?:\/\/([^/]+)$/i.exec(origin);
  return match?.[1]?.toLowerCase() ?? null;
}
