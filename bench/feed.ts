// Question: what does each process that a daemon feeds cost it? Method: a daemon in a process of its own takes events at a steady rate
// while 0, 10, 50 and 200 connections read its feed and count; processor time of the daemon, bytes and pages by entry. A connection
// that does not get every entry fails the run.
//
//   node scripts/bench.mjs feed [events a second] [seconds]
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from '../src/http/server.ts';
import { realRuntime } from '../src/runtime/real.ts';
import { Tidemark } from '../src/service.ts';
import { machine } from './support.ts';

const SUBSCRIBERS = [0, 10, 50, 200] as const;
const [, , rateText = '200', secondsText = '5'] = process.argv;

async function serve(): Promise<void> {
  process.once('disconnect', () => process.exit());
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-feed-'));
  process.once('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  const runtime = realRuntime();
  const actions = [{ delete_key: 'product:{product_id}' }, { purge_tag: 'product-{product_id}' }];
  const tide = await Tidemark.start({
    cwd: folder,
    runtime,
    config: {
      version: 1,
      journal: { type: 'sqlite', path: join(folder, 'journal.db') },
      sources: { app: { type: 'http' } },
      layers: { local: { type: 'memory' } },
      namespaces: { product: { ttl: '10m' } },
      contracts: [{ event_invalidation: { trigger: 'product.updated', actions } }],
    },
  });
  // What a daemon allows is its configuration's to say; here it must not be in the way.
  const limits = { streamsMax: 1_000 };
  const server = await createServer(tide, { runtime, host: '127.0.0.1', port: 0, limits });
  const { url } = await server.listen();
  let made = 0;
  process.on('message', ({ rate, seconds }: { rate: number; seconds: number }) => {
    const began = performance.now();
    const before = process.cpuUsage();
    const look = (): void => {
      const ms = Math.min(performance.now() - began, seconds * 1_000);
      const sent: Promise<unknown>[] = [];
      for (let due = Math.floor((ms * rate) / 1_000); count < due; count++)
        sent.push(tide.emit({ type: 'product.updated', data: { product_id: made++ % 10_000, price: 1999 } }));
      if (ms < seconds * 1_000) setTimeout(look, 1);
      else
        void Promise.all(sent).then(() => {
          const { user, system } = process.cpuUsage(before);
          process.send?.({ events: count, cpuUs: user + system, head: tide.head });
        });
    };
    let count = 0;
    look();
  });
  process.send?.(url);
}

/** One that is fed: what has come, without looking at it more than is needed. */
class Subscriber {
  bytes = 0;
  pages = 0;
  entries = 0;
  readonly #request;

  private constructor(url: string, begun: () => void) {
    this.#request = get(`${url}/v1/feed`, { agent: false }, (response) => {
      response.on('data', (chunk: Buffer) => {
        this.bytes += chunk.length;
        const text = chunk.toString('latin1');
        this.pages += count(text, 'event: page');
        // A word that each entry has once; one that is cut by a chunk is not worth the looking.
        this.entries += count(text, '"offset":');
        begun();
      });
    });
    this.#request.on('error', () => undefined);
  }

  static start(url: string): Promise<Subscriber> {
    return new Promise((resolve) => {
      const one: Subscriber = new Subscriber(url, () => {
        resolve(one);
      });
    });
  }

  zero(): void {
    this.bytes = this.pages = this.entries = 0;
  }

  end(): void {
    this.#request.destroy();
  }
}

function count(text: string, word: string): number {
  return text.split(word).length - 1;
}

interface Ran {
  readonly events: number;
  readonly cpuUs: number;
}

async function run(daemon: ChildProcess, rate: number, seconds: number): Promise<Ran> {
  const answer = once(daemon, 'message');
  daemon.send({ rate, seconds });
  return ((await answer) as [Ran])[0];
}

async function main(): Promise<void> {
  const [rate, seconds] = [Number(rateText), Number(secondsText)];
  const daemon = fork(process.argv[1] ?? '', ['serve']);
  const [url] = (await once(daemon, 'message')) as [string];
  await run(daemon, rate, 1);
  const rows: Record<string, Record<string, string>> = {};
  let alone = 0;
  for (const many of SUBSCRIBERS) {
    const fed = await Promise.all(Array.from({ length: many }, () => Subscriber.start(url)));
    for (const one of fed) one.zero();
    const { events, cpuUs } = await run(daemon, rate, seconds);
    // The last page is on its way, and cut words are few.
    const late = performance.now() + 30_000;
    while (fed.some(({ entries }) => entries < events * 0.98)) {
      if (performance.now() > late) throw new Error('not every process was told of every entry');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    if (many === 0) alone = cpuUs / events;
    const sum = (of: (one: Subscriber) => number): number => fed.reduce((all, one) => all + of(one), 0);
    rows[many] = {
      'CPU us/event': (cpuUs / events).toFixed(0),
      'of a core': `${((cpuUs / seconds / 1e6) * 100).toFixed(0)} %`,
      'CPU us/event each': many ? ((cpuUs / events - alone) / many).toFixed(1) : '',
      'bytes/event each': many ? (sum(({ bytes }) => bytes) / many / events).toFixed(0) : '',
      'events/page': many ? (sum(({ entries }) => entries) / sum(({ pages }) => pages)).toFixed(1) : '',
    };
    for (const one of fed) one.end();
  }
  console.log(
    `${machine()}; ${rateText} events a second for ${secondsText} s, by the number of processes that are fed`,
  );
  console.table(rows);
  daemon.disconnect();
}

if (process.argv[2] === 'serve') await serve();
else await main();
