import type { Config } from '../config/config.ts';
import { escapeControls, safeJson } from './escape.ts';
import type { Paint } from './paint.ts';

/** The one line that says the daemon is there, with what, and where. For a program: the same as one line of JSON. */
export function startLine(
  { config, url, version }: { readonly config: Config; readonly url: string; readonly version: string },
  json: boolean,
  paint: Paint,
): string {
  const sources = Array.from(config.sources, ([name, { type }]) => ({ name, type }));
  const layers = config.layers.map(({ name, type }) => ({ name, type }));
  if (json) return `${safeJson({ url, version, pid: process.pid, sources, layers })}\n`;
  const list = (parts: readonly { readonly name: string; readonly type: string }[]): string =>
    parts.length === 0
      ? 'none'
      : parts.map(({ name, type }) => escapeControls(name === type ? name : `${name} (${type})`)).join(', ');
  return `Tidemark ${version} on ${paint.name(url)}  sources: ${list(sources)}  layers: ${list(layers)}\n`;
}
