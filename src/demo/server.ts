import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Status } from '../index.ts';
import { PAGE_HEADERS, readBody, refused } from './guard.ts';
import type { Page } from './pages.ts';
import { CATEGORIES, type Change } from './product.ts';
import type { RaceResult } from './race.ts';
import type { Reader, View } from './reader.ts';
import type { Shop } from './shop.ts';
import type { Story, Timeline } from './timeline.ts';
import type { Writer } from './writer.ts';

export interface ServerParts {
  readonly shop: Shop;
  readonly reader: Reader;
  readonly writer: Writer;
  readonly timeline: Timeline;
  readonly race: (id: number) => Promise<RaceResult>;
  readonly status: () => Status;
  readonly dashboardUrl: string;
  readonly files: ShopState['files'];
  readonly pages: ReadonlyMap<string, Page>;
  readonly log: (error: unknown) => void;
}

/** What the page asks for once a second. */
export interface ShopState {
  readonly views: readonly View[];
  /** The product that a race is on about; it is not read meanwhile, so that nothing helps the slow reader. */
  readonly racing: number | null;
  readonly categories: readonly { readonly name: string; readonly products: number }[];
  readonly trust: Status['namespaces'][number] | null;
  readonly source: Status['sources'][number] | null;
  readonly feedIsCut: boolean;
  readonly dashboardUrl: string;
  readonly files: readonly { readonly name: string; readonly text: string }[];
}

const PRICE_MAX_CENTS = 10_000_000;

/** The shop's page and what it calls. Loopback only. */
export class ShopServer {
  readonly #parts: ServerParts;
  readonly #server: Server;
  #racing: number | null = null;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        parts.log(error);
        if (!response.headersSent) json(response, 500, { message: 'the shop could not do this' });
        else response.destroy();
      });
    });
  }

  async listen(port: number): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reason = refused(request);
    if (reason !== null) {
      json(response, 403, { message: reason });
      return;
    }
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const route = `${request.method === 'HEAD' ? 'GET' : (request.method ?? '')} ${path}`;
    if (route === 'GET /api/shop') json(response, 200, await this.#state());
    else if (route === 'GET /api/stories') this.#stories(response);
    else if (route === 'POST /api/race') await this.#race(request, response);
    else if (route === 'POST /api/feed') await this.#feed(request, response);
    else if (route.startsWith('POST /api/products/')) await this.#write(request, response, path);
    else if (route.startsWith('GET /api/products/')) await this.#read(response, path);
    else this.#page(response, request.method, path);
  }

  async #state(): Promise<ShopState> {
    const { shop, reader, status, dashboardUrl, files } = this.#parts;
    const wanted = shop.products().filter(({ id }) => id !== this.#racing);
    const views = await Promise.all(wanted.map(({ id }) => reader.read(id)));
    const { namespaces, sources } = status();
    return {
      views,
      racing: this.#racing,
      categories: shop.categories(),
      feedIsCut: shop.feedIsCut,
      trust: namespaces.find(({ name }) => name === 'product') ?? null,
      source: sources.find(({ name }) => name === 'shop') ?? null,
      dashboardUrl,
      files,
    };
  }

  async #read(response: ServerResponse, path: string): Promise<void> {
    const id = idOf(path);
    if (this.#parts.shop.product(id) === null) json(response, 404, { message: 'there is no such product' });
    else if (id === this.#racing) json(response, 200, null);
    else json(response, 200, await this.#parts.reader.read(id));
  }

  async #write(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const change = changeOf(await readBody(request));
    if (change === null) {
      json(response, 400, { message: 'a price is 0 to 100,000 in cents, a category one of those listed' });
      return;
    }
    const written = this.#parts.writer.write(idOf(path), change);
    if (written) json(response, 200, written);
    else json(response, 404, { message: 'there is no such product' });
  }

  async #race(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = Number((await readBody(request))?.['productId']);
    if (this.#racing !== null) {
      json(response, 409, { message: 'a race is on' });
      return;
    }
    if (this.#parts.shop.product(id) === null) {
      json(response, 404, { message: 'there is no such product' });
      return;
    }
    this.#racing = id;
    try {
      json(response, 200, await this.#parts.race(id));
    } finally {
      this.#racing = null;
    }
  }

  async #feed(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const cut = (await readBody(request))?.['cut'];
    const { shop } = this.#parts;
    if (typeof cut !== 'boolean') {
      json(response, 400, { message: 'cut is true or false' });
      return;
    }
    if (cut) shop.cutFeed();
    else shop.restoreFeed();
    json(response, 200, { cut: shop.feedIsCut });
  }

  #stories(response: ServerResponse): void {
    response.writeHead(200, { ...PAGE_HEADERS, 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const send = (story: Story): void => {
      response.write(`data: ${JSON.stringify(story)}\n\n`);
    };
    response.write(': stories\n\n');
    this.#parts.timeline.stories.forEach(send);
    response.on('close', this.#parts.timeline.follow(send));
  }

  #page(response: ServerResponse, method: string | undefined, path: string): void {
    const page = method === 'GET' || method === 'HEAD' ? this.#parts.pages.get(path) : undefined;
    if (!page) {
      json(response, 404, { message: 'there is no such page' });
      return;
    }
    response.writeHead(200, {
      ...PAGE_HEADERS,
      'content-type': page.type,
      'cache-control': page.forever ? 'public, max-age=31536000, immutable' : 'no-cache',
    });
    response.end(method === 'HEAD' ? undefined : page.body);
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { ...PAGE_HEADERS, 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

function idOf(path: string): number {
  return Number(/^\/api\/products\/(\d{1,9})$/.exec(path)?.[1] ?? NaN);
}

function changeOf(body: Readonly<Record<string, unknown>> | null): Change | null {
  const { priceCents, category } = body ?? {};
  const priced =
    typeof priceCents === 'number' && Number.isInteger(priceCents) && priceCents >= 0 && priceCents <= PRICE_MAX_CENTS;
  const known = CATEGORIES.find((name) => name === category);
  if ((priceCents !== undefined && !priced) || (category !== undefined && !known)) return null;
  if (!priced && !known) return null;
  return { ...(priced ? { priceCents } : {}), ...(known ? { category: known } : {}) };
}
