import { readFileSync } from 'node:fs';

/** As the package says, two folders up both from the source and from what is built. */
export function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
