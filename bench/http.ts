// Question: what do the checks, the journal and the layers cost on top of the framework? Method: one load, in turn against
// fastify alone, our API over a service that does nothing, and the whole daemon with each journal; servers in processes
// of their own, rounds interleaved, the median of the rounds, everything as a ratio to fastify in the same run. The
// processor time of the server says the same on a machine that is busy with something else.
//
//   node scripts/bench.mjs http [rounds] [milliseconds of a round]
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fastify } from 'fastify';
import { Pool } from 'undici';
import { createServer } from '../src/http/server.ts';
import type { Offset } from '../src/model/position.ts';
import type { Operations, Receipt } from '../src/operations.ts';
import { createMetrics } from '../src/runtime/metrics.ts';
import { realRuntime } from '../src/runtime/real.ts';
import { Tidemark } from '../src/service.ts';
import { machine, median } from './support.ts';

const CONNECTIONS = 32;
const [, , roundsText = '5', roundMsText = '1500'] = process.argv;
const ROUNDS = Number(roundsText);
const ROUND_MS = Number(roundMsText);
const BATCH = 100;

const KINDS = ['fastify', 'api', 'memory', 'sqlite'] as const;
type Kind = (typeof KINDS)[number];

async function serve(kind: Kind): Promise<string> {
  if (kind === 'fastify') return bare();
  const operations = kind === 'api' ? idle() : await daemon(kind);
  const server = await createServer(operations, { runtime: realRuntime(), host: '127.0.0.1', port: 0 });
  return (await server.listen()).url;
}

/** Reads bytes, parses JSON, answers as we do: what anybody would write. */
async function bare(): Promise<string> {
  const app = fastify();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  let offset = 0;
  app.post('/v1/events', (request, reply) => {
    JSON.parse((request.body as Buffer).toString());
    return reply.code(202).send({ offset: ++offset, duplicate: false, layers: { local: 'applied' } });
  });
  return app.listen({ host: '127.0.0.1', port: 0 });
}

function idle(): Operations {
  let offset = 0;
  const layers = { local: 'applied' } as const;
  const receipt = (): Receipt => ({
    offset: ++offset as Offset,
    duplicate: false,
    layers: () => layers,
    applied: Promise.resolve(layers),
    processes: () => [],
    everywhere: () => Promise.resolve(),
  });
  return {
    metrics: createMetrics(),
    eventSource: 'app',
    bodyBytesMax: new Map(),
    contracts: () => [],
    receive: (_source, { body }) => {
      JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());
      return Promise.resolve({ ok: true, receipts: [receipt()] });
    },
  } as Partial<Operations> as Operations;
}

async function daemon(journal: 'memory' | 'sqlite'): Promise<Tidemark> {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bench-'));
  process.once('exit', () => {
    rmSync(folder, { recursive: true, force: true });
  });
  const actions = [{ delete_key: 'product:{product_id}' }, { purge_tag: 'product-{product_id}' }];
  return Tidemark.start({
    cwd: folder,
    config: {
      version: 1,
      journal: journal === 'memory' ? { type: 'memory' } : { type: 'sqlite', path: join(folder, 'journal.db') },
      sources: { app: { type: 'http' } },
      layers: { local: { type: 'memory' } },
      namespaces: { product: { ttl: '10m' } },
      contracts: [{ event_invalidation: { trigger: 'product.updated', actions } }],
    },
  });
}

let made = 0;

/** 309 bytes with the longest numbers. */
function event(): string {
  const id = ++made;
  return `{"specversion":"1.0","id":"bench-${String(id)}","source":"/shop","type":"product.updated","time":"2026-01-01T00:00:00Z","data":{"product_id":${String(id % 10_000)},"price":1999,"name":"a product with a name of some length","category":"garden","description":"about as much text as a small event has"}}`;
}

const LOADS = {
  'one event': { events: 1, type: 'application/cloudevents+json', body: event },
  [`batch of ${String(BATCH)}`]: {
    events: BATCH,
    type: 'application/cloudevents-batch+json',
    body: () => `[${Array.from({ length: BATCH }, event).join(',')}]`,
  },
};

interface Server {
  readonly child: ChildProcess;
  readonly pool: Pool;
}

interface Round {
  readonly perSecond: number;
  readonly p99Ms: number;
  readonly cpuUs: number;
}

/** Processor time of the server so far, in microseconds. */
async function cpuUs({ child }: Server): Promise<number> {
  const answer = once(child, 'message');
  child.send('cpu');
  return ((await answer) as [number])[0];
}

/** Requests a second, the latency that 99 of 100 stay below, and the processor time of one request. */
async function round(server: Server, { type, body }: (typeof LOADS)[string]): Promise<Round> {
  const { pool } = server;
  const before = await cpuUs(server);
  const end = performance.now() + ROUND_MS;
  const start = performance.now();
  const latencies: number[] = [];
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      const began = performance.now();
      const answer = await pool.request({
        method: 'POST',
        path: '/v1/events',
        headers: { 'content-type': type },
        body: body(),
      });
      await answer.body.dump();
      if (answer.statusCode !== 202) throw new Error(`answered ${String(answer.statusCode)}`);
      latencies.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, lane));
  const seconds = (performance.now() - start) / 1_000;
  latencies.sort((a, b) => a - b);
  return {
    perSecond: latencies.length / seconds,
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? 0,
    cpuUs: ((await cpuUs(server)) - before) / latencies.length,
  };
}

async function main(): Promise<void> {
  const servers = new Map<Kind, Server>();
  for (const kind of KINDS) {
    const child = fork(process.argv[1] ?? '', ['serve', kind]);
    const [url] = (await once(child, 'message')) as [string];
    servers.set(kind, { child, pool: new Pool(url, { connections: CONNECTIONS }) });
  }
  console.log(machine());
  for (const [name, load] of Object.entries(LOADS)) {
    const results = new Map<Kind, Round[]>(KINDS.map((kind) => [kind, []]));
    for (let at = 0; at <= ROUNDS; at++) {
      for (const [kind, server] of servers) {
        const result = await round(server, load);
        // The first round warms up.
        if (at > 0) results.get(kind)?.push(result);
      }
    }
    console.log(`\n${name}, ${String(CONNECTIONS)} connections, median of ${String(ROUNDS)} rounds`);
    console.table(Object.fromEntries(rows(results, load.events)));
  }
  await Promise.all([...servers.values()].map(({ pool }) => pool.destroy()));
  for (const { child } of servers.values()) child.disconnect();
}

function rows(results: ReadonlyMap<Kind, readonly Round[]>, events: number): [Kind, Record<string, number>][] {
  const of = (kind: Kind, field: keyof Round): number => median(results.get(kind)?.map((one) => one[field]) ?? []);
  return [...results.keys()].map((kind) => [
    kind,
    {
      'requests/s': Math.round(of(kind, 'perSecond')),
      'events/s': Math.round(of(kind, 'perSecond') * events),
      'p99 ms': Number(of(kind, 'p99Ms').toFixed(1)),
      'CPU us/request': Math.round(of(kind, 'cpuUs')),
      'rate to fastify': Number((of(kind, 'perSecond') / of('fastify', 'perSecond')).toFixed(2)),
      'CPU to fastify': Number((of(kind, 'cpuUs') / of('fastify', 'cpuUs')).toFixed(2)),
    },
  ]);
}

const [, , role, kind] = process.argv;
if (role === 'serve') {
  process.once('disconnect', () => process.exit());
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.(user + system);
  });
  process.send?.(await serve(kind as Kind));
} else await main();
