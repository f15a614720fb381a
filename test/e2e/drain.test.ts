// Goal: SIGTERM under load loses nothing that was acknowledged and ends with 0 within its bound; and nothing is
// acknowledged before it is durable, not even by a moment.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Entry } from '../../src/model/entry.ts';
import { SeededRandom } from '../../src/runtime/virtual.ts';
import { builtCli } from '../support/built.ts';
import { endAll, startDaemon, type Daemon } from '../support/daemon.ts';
import { cloudEvent, Traffic } from '../support/traffic.ts';

/** What docs/cli.md promises: 10 s for requests and 5 s for layers. */
const DRAIN_MS_MAX = 15_000;

let folder = '';
const closers: (() => void)[] = [];

// Compiling counts for no test, however busy the machine is.
beforeAll(() => void builtCli(), 300_000);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-drain-'));
  configure('');
});

afterEach(async () => {
  await endAll();
  for (const close of closers.splice(0)) close();
  rmSync(folder, { recursive: true });
});

function configure(more: string): void {
  writeFileSync(
    join(folder, 'tidemark.yaml'),
    `version: 1
journal: { type: sqlite, path: journal.db }
namespaces: { product: { ttl: 10m } }
${more}
event_invalidation:
  trigger: product.updated
  actions:
    - delete_key: product:{product_id}
    - purge_tag: product-{product_id}
${more === '' ? '' : '    - refresh_projection: totals\n'}`,
  );
}

async function journal(daemon: Daemon): Promise<Entry[]> {
  const all: Entry[] = [];
  for (;;) {
    const response = await fetch(`${daemon.url}/v1/journal?after=${String(all.at(-1)?.offset ?? 0)}&limit=1000`);
    const { entries } = (await response.json()) as { entries: Entry[] };
    if (entries.length === 0) return all;
    all.push(...entries);
  }
}

/** Resolves with the exit code; rejects when the bound is over. */
async function endsInTime(daemon: Daemon): Promise<number | NodeJS.Signals> {
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`still running after ${String(DRAIN_MS_MAX)} ms: ${daemon.stderr}`));
    }, DRAIN_MS_MAX);
    closers.push(() => {
      clearTimeout(timer);
    });
  });
  return Promise.race([daemon.ended, late]);
}

const emit = (daemon: Daemon, id: string, query = '') =>
  fetch(`${daemon.url}/v1/events${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json' },
    body: JSON.stringify(cloudEvent({ id, product: 1 })),
  });

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s under load loses nothing acknowledged and ends with 0 within the bound',
  { timeout: 120_000 },
  async (signal) => {
    const daemon = await startDaemon({ cwd: folder });
    const traffic = new Traffic(new SeededRandom(7));
    const stop = new AbortController();
    const load = traffic.run(daemon.url, stop.signal, { senders: 8, readers: 4 });
    await expect.poll(() => traffic.acknowledged.size, { timeout: 30_000, interval: 1 }).toBeGreaterThan(50);
    daemon.kill(signal);
    expect(await endsInTime(daemon)).toBe(0);
    stop.abort();
    await load;
    expect(daemon.stderr).toContain('drained and closed');
    // What the signal met in flight was answered or refused; nobody was told anything else.
    expect(traffic.surprises).toEqual([]);
    expect(traffic.stale).toEqual([]);

    const again = await startDaemon({ cwd: folder });
    const ids = (await journal(again)).map(({ event }) => event.id);
    expect(new Set(ids).size).toBe(ids.length);
    const missing = [...traffic.acknowledged.keys()].filter((id) => !ids.includes(`shop ${id}`));
    expect(missing).toEqual([]);
    again.kill('SIGKILL');
    await again.ended;
  },
);

const FAILING_COMMIT = pathToFileURL(join(import.meta.dirname, '../support/failing-commit.mjs')).href;

// No timing has a part in it: whatever is told of a write before its commit has ended is told of one that fails.
test.each([false, true])(
  'an acknowledgement is never ahead of the disk: with commits that fail, everything told is there (while draining: %s)',
  { timeout: 120_000 },
  async (draining) => {
    const fail = join(folder, 'fail');
    const env = { NODE_OPTIONS: `--import=${FAILING_COMMIT}`, TIDEMARK_TEST_FAIL: fail };
    const daemon = await startDaemon({ cwd: folder, env });
    const traffic = new Traffic(new SeededRandom(8));
    const load = traffic.run(daemon.url, new AbortController().signal, { senders: 8, readers: 0 });
    await expect.poll(() => traffic.acknowledged.size, { timeout: 30_000, interval: 1 }).toBeGreaterThan(50);
    writeFileSync(fail, '');
    if (draining) daemon.kill('SIGTERM');
    // Every sender goes on until it is refused.
    await load;
    daemon.kill('SIGKILL');
    await daemon.ended;
    expect(traffic.inDoubt).toBeGreaterThanOrEqual(8);
    expect(traffic.surprises).toEqual([]);

    const again = await startDaemon({ cwd: folder });
    const ids = new Set((await journal(again)).map(({ event }) => event.id));
    expect([...traffic.acknowledged.keys()].filter((id) => !ids.has(`shop ${id}`))).toEqual([]);
    again.kill('SIGKILL');
    await again.ended;
  },
);

test(
  'a request that waits for a slow projection does not hold the end up, and the refresh is made up for',
  { timeout: 120_000 },
  async () => {
    const held: ServerResponse[] = [];
    const offsets: number[] = [];
    let answering = false;
    const ledger = createServer((request, response) => {
      request.resume();
      request.on('end', () => {
        offsets.push(held.length);
        if (answering) response.end('{}');
        else held.push(response);
      });
    });
    await new Promise<void>((resolve) => ledger.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      ledger.closeAllConnections();
      ledger.close();
    });
    const { port } = ledger.address() as AddressInfo;
    configure(`projections: { totals: { url: "http://127.0.0.1:${String(port)}/", debounce: 1ms } }`);

    const daemon = await startDaemon({ cwd: folder });
    expect((await emit(daemon, 'e-1')).status).toBe(202);
    await expect.poll(() => held.length, { timeout: 10_000 }).toBe(1);
    daemon.kill('SIGTERM');
    expect(await endsInTime(daemon)).toBe(0);

    answering = true;
    const asked = offsets.length;
    const again = await startDaemon({ cwd: folder });
    await expect.poll(() => offsets.length, { timeout: 10_000 }).toBeGreaterThan(asked);
    again.kill('SIGTERM');
    expect(await endsInTime(again)).toBe(0);
  },
);

test('followers of streams do not hold the end up', { timeout: 60_000 }, async () => {
  const daemon = await startDaemon({ cwd: folder });
  const streams = await Promise.all([fetch(`${daemon.url}/v1/journal/stream`), fetch(`${daemon.url}/v1/observations`)]);
  await emit(daemon, 'e-1', '?wait=all');
  daemon.kill('SIGTERM');
  expect(await endsInTime(daemon)).toBe(0);
  // They were ended, not cut: a client sees a whole answer.
  for (const stream of streams) await expect(stream.text()).resolves.toContain('retry:');
});

test(
  'a second signal ends it at once, however long a request takes, and loses nothing either',
  { timeout: 60_000 },
  async () => {
    const daemon = await startDaemon({ cwd: folder });
    expect((await emit(daemon, 'e-1')).status).toBe(202);
    const { hostname, port } = new URL(daemon.url);
    const slow = connect(Number(port), hostname);
    closers.push(() => slow.destroy());
    slow.on('error', () => undefined);
    // A body that never ends keeps the request in flight.
    slow.write(
      'POST /v1/events HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{',
    );
    await new Promise((resolve) => slow.once('ready', resolve));
    // Answered after the slow request was taken, because both arrive through one event loop.
    await (await fetch(`${daemon.url}/livez`)).text();
    daemon.kill('SIGTERM');
    await expect.poll(() => daemon.stderr, { timeout: 10_000 }).toContain('a second signal ends at once');
    daemon.kill('SIGTERM');
    expect(await daemon.ended).toBe(1);

    const again = await startDaemon({ cwd: folder });
    expect((await journal(again)).map(({ event }) => event.id)).toEqual(['shop e-1']);
    again.kill('SIGKILL');
    await again.ended;
  },
);
