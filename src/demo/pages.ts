import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Page {
  readonly type: string;
  readonly body: Buffer;
  /** Its name holds a hash of its content. */
  readonly forever: boolean;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const NOT_BUILT = `<!doctype html><meta charset="utf-8"><title>The demo shop is not built</title>
<h1>The page of the demo shop is not built</h1><p>In a checkout, <code>npm start</code> builds it.</p>`;

/** Beside the built server, or where a checkout builds it. */
const PLACES = ['../dashboard/', '../../dashboard/dist/'].map((place) =>
  fileURLToPath(new URL(place, import.meta.url)),
);

/** The built files by path, read once: what is not in this map cannot be asked for. */
export function readPages(from?: string): ReadonlyMap<string, Page> {
  const dir = (from === undefined ? PLACES : [from]).find((place) => existsSync(join(place, 'shop.html')));
  if (dir === undefined)
    return new Map([['/', { type: 'text/html; charset=utf-8', body: Buffer.from(NOT_BUILT), forever: false }]]);
  const assets = readdirSync(join(dir, 'assets')).map((name) => `assets/${name}`);
  const pages = new Map([...assets, 'favicon.svg'].map((name) => [`/${name}`, page(dir, name)]));
  return pages.set('/', page(dir, 'shop.html'));
}

function page(dir: string, name: string): Page {
  return {
    type: TYPES[extname(name)] ?? 'application/octet-stream',
    body: readFileSync(join(dir, name)),
    forever: name.startsWith('assets/'),
  };
}
