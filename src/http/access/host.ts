import { isIP } from 'node:net';

const HOST = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?)(?::\d{1,5})?$/i;

/**
 * Against DNS rebinding: a page of a name that an attacker points at this machine is, to the browser, of the same
 * origin as this API, and only the `Host` header tells. An IP address cannot be rebound, so every one is fine.
 */
export function hostAllowed(header: string | undefined, allowed: ReadonlySet<string>): boolean {
  const match = HOST.exec(header ?? '');
  if (!match) return false;
  const name = (match[1] ?? match[2] ?? '').toLowerCase();
  return isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || allowed.has(name);
}
