// Goal: kill -9 at any moment loses no acknowledged event, and gives none a second effect that a reader can see.
// Method: the real daemon under load of senders and readers, killed at a random moment, started again on the same files.
// After each start, exactly this must hold:
//   1. The journal holds every event that was answered with 2xx once, at the offset of the answer, every other event at
//      most once, and its offsets have no hole.
//   2. A load that began before an acknowledged event cannot be stored: its stamp is refused.
//   3. A value that was filled after the start stays: neither recovery nor an event that is sent again ends its trust.
//   4. The projection has been refreshed since the last acknowledged event.
// While it runs, no read may be older than what an answer has said to be applied.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Entry } from '../../src/model/entry.ts';
import { SeededRandom } from '../../src/runtime/virtual.ts';
import { builtCli } from '../support/built.ts';
import { endAll, startCli, startDaemon, type Daemon } from '../support/daemon.ts';
import { cloudEvent, Traffic, type Acknowledged } from '../support/traffic.ts';

const LONG = process.env['TIDEMARK_LONG'] === '1';
const KILLS = LONG ? 200 : 20;
const SEED = Number(process.env['TIDEMARK_SEED'] ?? Math.floor(Math.random() * 1e9));
/** Answers before the kill: from hardly any to some hundred. */
const ANSWERS_MAX = 150;
/** On a machine that is too busy for so many, the time decides. */
const LOAD_MS_MAX = 3_000;
/** Every so many kills hit a daemon that is still starting. */
const KILL_STARTING_EVERY = 5;

let folder = '';
let ledger: Server;
/** What the projection's service answers with. */
let ledgerStatus = 200;
/** Offsets up to which the projection was asked to refresh, in the order of the requests. */
let refreshed: number[] = [];

// Compiling counts for no test, however busy the machine is.
beforeAll(() => void builtCli(), 300_000);

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-crash-'));
  refreshed = [];
  ledgerStatus = 200;
  ledger = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (ledgerStatus === 200) refreshed.push((JSON.parse(body) as { offset: number }).offset);
      response.writeHead(ledgerStatus).end('{}');
    });
  });
  await new Promise<void>((resolve) => ledger.listen(0, '127.0.0.1', resolve));
  const { port } = ledger.address() as AddressInfo;
  writeFileSync(
    join(folder, 'tidemark.yaml'),
    `version: 1
journal: { type: sqlite, path: journal.db }
namespaces: { product: { ttl: 10m } }
projections: { totals: { url: "http://127.0.0.1:${String(port)}/", debounce: 20ms } }
event_invalidation:
  trigger: product.updated
  actions:
    - delete_key: product:{product_id}
    - purge_tag: product-{product_id}
    - refresh_projection: totals
`,
  );
});

afterEach(async () => {
  await endAll();
  ledger.closeAllConnections();
  ledger.close();
  rmSync(folder, { recursive: true });
});

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function json(url: string, init?: RequestInit): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url, init);
  return { status: response.status, body: await response.json() };
}

function send(url: string, method: 'POST' | 'PUT', body: unknown, contentType = 'application/json') {
  return json(url, {
    method,
    headers: { 'content-type': contentType },
    body: JSON.stringify(body),
  });
}

const emit = (daemon: Daemon, event: { id: string; product: number }) =>
  send(`${daemon.url}/v1/events?wait=all`, 'POST', cloudEvent(event), 'application/cloudevents+json');

const cached = (daemon: Daemon, product: number): string => `${daemon.url}/v1/cache/product/product:${String(product)}`;

/** Reads the journal on from where it was left, and holds what must hold of it (1). */
class JournalReader {
  readonly #offsets = new Map<string, number>();
  #read = 0;

  async check(daemon: Daemon, acknowledged: Iterable<Acknowledged>): Promise<void> {
    for (;;) {
      const path = `/v1/journal?after=${String(this.#read)}&limit=1000`;
      const { entries } = (await json(daemon.url + path)).body as { entries: Entry[] };
      if (entries.length === 0) break;
      for (const { offset, event } of entries) {
        if (offset !== this.#read + 1) throw new Error(`offset ${String(offset)} follows ${String(this.#read)}`);
        this.#read = offset;
        if (this.#offsets.has(event.id)) throw new Error(`${event.id} stands twice in the journal`);
        this.#offsets.set(event.id, offset);
      }
    }
    const missing = Array.from(acknowledged).filter(({ id, offset, together }) => {
      const found = this.#offsets.get(`shop ${id}`) ?? 0;
      return found > offset || found <= offset - together;
    });
    expect(missing, 'what was acknowledged is in the journal, at its offset').toEqual([]);
  }

  get entries(): number {
    return this.#read;
  }
}

/** 2 and 3: what readers see of events that were acknowledged before the crash. */
async function checkReaders(daemon: Daemon, last: readonly Acknowledged[]): Promise<number> {
  let checks = 0;
  for (const event of last) {
    const value = `filled after the start, ${event.id}`;
    const tags = [`product-${String(event.product)}`];
    const old = await send(cached(daemon, event.product), 'PUT', {
      value: 'loaded before',
      tags,
      stamp: event.offset - event.together,
    });
    expect(old.status, 'a load from before the event is refused').toBe(409);

    const miss = await json(cached(daemon, event.product));
    if (miss.status !== 404) throw new Error('nothing has been stored since the start');
    const fill = await send(cached(daemon, event.product), 'PUT', {
      value,
      tags,
      stamp: (miss.body as { stamp: number }).stamp,
    });
    expect(fill.status).toBe(201);

    const again = await emit(daemon, event);
    expect(again.body).toMatchObject({ duplicate: true });
    const hit = await json(cached(daemon, event.product));
    expect(hit, 'a repeated event does not end the trust of a fresher value').toMatchObject({
      status: 200,
      body: { value },
    });
    checks += 3;
  }
  return checks;
}

/** 4: nothing that was acknowledged is missing from the projection, however often it is refreshed. */
async function checkProjection(upTo: number): Promise<void> {
  await expect
    .poll(() => Math.max(0, ...refreshed), { timeout: 10_000, message: 'the projection was refreshed' })
    .toBeGreaterThanOrEqual(upTo);
}

const newest = (events: ReadonlyMap<string, Acknowledged>): number =>
  Math.max(0, ...Array.from(events.values(), ({ offset }) => offset));

test(
  `kill -9 at ${String(KILLS)} random moments under load loses nothing acknowledged and repeats nothing visible`,
  { timeout: KILLS * 15_000 },
  async () => {
    const random = new SeededRandom(SEED);
    const traffic = new Traffic(random);
    const journal = new JournalReader();
    let checks = 0;
    let verifiedUpTo = 0;

    for (let round = 1; round <= KILLS; round++) {
      if (round % KILL_STARTING_EVERY === 0) {
        const starting = startCli(['run', '--listen', '127.0.0.1:0'], { cwd: folder });
        await pause(random.next() * 1_500);
        starting.child.kill('SIGKILL');
        await starting.ended;
      }
      const daemon = await startDaemon({ cwd: folder });
      await traffic.settle(daemon.url);
      const lately = [...traffic.acknowledged.values()].filter(({ offset }) => offset > verifiedUpTo);
      await journal.check(daemon, lately);
      const perProduct = new Map(lately.map((event) => [event.product, event]));
      checks += await checkReaders(daemon, [...perProduct.values()].slice(-5));
      await checkProjection(newest(traffic.acknowledged));
      verifiedUpTo = newest(traffic.acknowledged);

      const stop = new AbortController();
      const load = traffic.run(daemon.url, stop.signal, { senders: 4, readers: 4 });
      const enough = traffic.acknowledged.size + Math.floor(random.next() * ANSWERS_MAX);
      const latest = performance.now() + LOAD_MS_MAX;
      while (traffic.acknowledged.size < enough && performance.now() < latest) await pause(1);
      await pause(random.next() * 20);
      daemon.kill('SIGKILL');
      expect(await daemon.ended).toBe('SIGKILL');
      stop.abort();
      await load;
    }

    const daemon = await startDaemon({ cwd: folder });
    await traffic.settle(daemon.url);
    // From the first entry on: no crash has cut off what an earlier one had left.
    const whole = new JournalReader();
    await whole.check(daemon, traffic.acknowledged.values());
    await checkProjection(newest(traffic.acknowledged));
    const { body: status } = await json(`${daemon.url}/v1/status`);
    expect(status).toMatchObject({ deadLetters: 0 });
    daemon.kill('SIGTERM');
    expect(await daemon.ended).toBe(0);

    expect(traffic.stale, `seed ${String(SEED)}`).toEqual([]);
    expect(traffic.surprises).toEqual([]);
    // The load was one: otherwise nothing has been shown.
    expect(traffic.acknowledged.size).toBeGreaterThan(KILLS * 5);
    expect(traffic.resent).toBeGreaterThan(0);
    expect(checks).toBeGreaterThan(0);
    process.stdout.write(
      `crash: ${String(KILLS)} kills, seed ${String(SEED)}: ${String(traffic.acknowledged.size)} events acknowledged, ` +
        `${String(traffic.resent)} in doubt and sent again, ${String(whole.entries)} entries, ${String(checks)} checks of fills, ` +
        `${String(traffic.reads)} reads (${String(traffic.hits)} hits, none stale), ${String(traffic.refusedFills)} fills refused\n`,
    );
  },
);

test('the first event of a new journal reaches its projection, though the daemon is killed as soon as it is acknowledged', async () => {
  ledgerStatus = 503;
  const first = await startDaemon({ cwd: folder });
  const { body } = await send(
    `${first.url}/v1/events`,
    'POST',
    cloudEvent({ id: 'only', product: 1 }),
    'application/cloudevents+json',
  );
  first.kill('SIGKILL');
  await first.ended;
  expect(body).toMatchObject({ offset: 1, duplicate: false });
  expect(refreshed).toEqual([]);

  ledgerStatus = 200;
  const second = await startDaemon({ cwd: folder });
  await checkProjection(1);
  second.kill('SIGKILL');
  await second.ended;
}, 60_000);
