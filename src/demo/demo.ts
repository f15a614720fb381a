import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tidemark, type Observation } from '../index.ts';
import type { Log } from '../runtime/log.ts';
import { realRuntime } from '../runtime/real.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { readPages } from './pages.ts';
import type { Product } from './product.ts';
import { race } from './race.ts';
import { Reader } from './reader.ts';
import { ShopServer, type ServerParts } from './server.ts';
import { Shop } from './shop.ts';
import { CONTRACT_TEXT, configText } from './texts.ts';
import { Timeline } from './timeline.ts';
import { UnfencedCache } from './unfenced.ts';
import { Writer } from './writer.ts';

export interface DemoOptions {
  /** Holds the shop's database, the journal, and the configuration as files that anyone may read. */
  readonly directory: string;
  /** Where the daemon's API shall listen; written into the configuration. Default `127.0.0.1:4100`. */
  readonly listen?: string;
  /** Of the shop's own page. 0 takes any free one. */
  readonly port: number;
  /** Serves the API and the dashboard of the Tidemark that the demo has started; the shop's page links to it. */
  readonly serve: (tide: Tidemark) => Promise<{ readonly url: string; close(): Promise<void> }>;
  /** Directory of the built pages. Default: beside the built package, or where a checkout builds them. */
  readonly pages?: string;
  readonly log?: Log;
  readonly runtime?: Runtime;
}

export interface Demo {
  readonly url: string;
  readonly dashboardUrl: string;
  readonly tide: Tidemark;
  close(): Promise<void>;
}

const TTL_MS = 600_000;

/** A small shop with its truth in SQLite, a Tidemark beside it, and a page to play with both. */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const runtime = options.runtime ?? realRuntime(options.log ? { log: options.log } : {});
  const files = await writeFiles(options.directory, options.listen ?? '127.0.0.1:4100');
  const shop = await Shop.open(join(options.directory, 'shop.db'), () => runtime.random.id());
  const opened: (() => Promise<void> | void)[] = [() => shop.close()];
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0).reverse()) await one();
  };
  try {
    const tide = await Tidemark.start({
      config: join(options.directory, 'tidemark.yaml'),
      projections: { 'category-membership': () => shop.recount() },
      runtime,
    });
    opened.push(() => tide.close());
    const api = await options.serve(tide);
    opened.push(() => api.close());
    const server = assemble(tide, shop, runtime, { dashboardUrl: api.url, files, pages: readPages(options.pages) });
    opened.push(() => server.close());
    return { url: await server.listen(options.port), dashboardUrl: api.url, tide, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function assemble(
  tide: Tidemark,
  shop: Shop,
  runtime: Runtime,
  page: Pick<ServerParts, 'dashboardUrl' | 'files' | 'pages'>,
): ShopServer {
  const { clock } = runtime;
  const timeline = new Timeline(clock);
  const cache = tide.cache<Product>('product');
  const unfenced = new UnfencedCache<Product>(clock, TTL_MS);
  const parts = { shop, cache, unfenced, timeline, clock };
  const reader = new Reader(parts);
  const writer = new Writer(shop, timeline);

  tide.observe((observation) => {
    timeline.observe(observation);
  });
  tide.on('plan', ({ fields }) => {
    for (const key of deletedKeys(fields['actions'])) unfenced.delete(key);
  });

  return new ShopServer({
    ...page,
    shop,
    reader,
    writer,
    timeline,
    race: (id) => race({ ...parts, reader, writer }, id),
    status: () => tide.status(),
    log: (error) => runtime.log.error({ err: error }, 'the demo shop could not answer'),
  });
}

const DELETE = 'delete_key: ';

function deletedKeys(actions: Observation['fields'][string] | undefined): readonly string[] {
  if (typeof actions !== 'object' || actions === null) return [];
  return actions.filter((action) => action.startsWith(DELETE)).map((action) => action.slice(DELETE.length));
}

interface DemoFile {
  readonly name: string;
  readonly text: string;
}

async function writeFiles(directory: string, listen: string): Promise<readonly DemoFile[]> {
  const files = [
    { name: 'tidemark.yaml', text: configText(listen) },
    { name: 'contracts/product.yaml', text: CONTRACT_TEXT },
  ];
  await mkdir(join(directory, 'contracts'), { recursive: true });
  for (const { name, text } of files) await writeFile(join(directory, name), text);
  return files;
}
