/** A real daemon and three real processes that it feeds: `wait=all` is answered once each of them serves the new value, or says who does not. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MemberResult } from '../../src/model/member.ts';
import { builtCli } from '../support/built.ts';
import { ClientProcess } from '../support/client-process.ts';
import { endAll, startDaemon, type Daemon } from '../support/daemon.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 240_000 });

/** The shortest, as no namespace here asks for a bound. */
const LEASE_MS = 3_000;
/** Of a machine that does something else. */
const SLACK_MS = 3_000;
const NAMES = ['shop-1', 'shop-2', 'shop-3'] as const;

interface Answer {
  readonly status: number;
  readonly ms: number;
  /** By name, sorted. */
  readonly processes: readonly (readonly [string, string])[];
  readonly reasons: readonly string[];
}

const cwd = mkdtempSync(join(tmpdir(), 'tidemark-members-'));
let daemon: Daemon;
let clients: ClientProcess[] = [];
let version = 1;

beforeAll(() => {
  // Once, before anything is timed.
  builtCli();
  writeFileSync(
    join(cwd, 'tidemark.yaml'),
    `version: 1
journal: { type: memory }
sources: { app: { type: http } }
namespaces: { product: { ttl: 10m } }
contracts:
  - event_invalidation: { trigger: product.updated, actions: [{ delete_key: 'product:{id}' }] }
`,
  );
});
// One for each test: the processes of another would still be waited for.
beforeEach(async () => {
  daemon = await startDaemon({ cwd });
  clients = await Promise.all(NAMES.map((name) => ClientProcess.start(daemon.url, name)));
});
afterEach(async () => {
  await Promise.all(clients.map((client) => client.kill()));
  await endAll();
});
afterAll(() => {
  rmSync(cwd, { recursive: true, force: true });
});

const readAll = (all = clients): Promise<number[]> => Promise.all(all.map((client) => client.read(version)));

/** Changes the product at its source, and tells of it. */
async function change(query = 'wait=all'): Promise<Answer> {
  const at = performance.now();
  const response = await fetch(`${daemon.url}/v1/events?${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json' },
    body: JSON.stringify({
      specversion: '1.0',
      id: `change-${String(++version)}`,
      source: 'test',
      type: 'product.updated',
      data: { id: 1 },
    }),
  });
  const { processes = [] } = (await response.json()) as { processes?: MemberResult[] };
  return {
    status: response.status,
    ms: performance.now() - at,
    processes: processes.map(({ name, result }) => [name, result] as const).sort(),
    reasons: processes.flatMap(({ reason }) => reason ?? []),
  };
}

const applied = (names: readonly string[] = NAMES): [string, string][] => names.map((name) => [name, 'applied']);

describe('wait=all', () => {
  it('is answered once every process serves the new value', async () => {
    const took: number[] = [];
    for (let n = 0; n < 20; n++) {
      const before = version;
      expect(await readAll()).toEqual(NAMES.map(() => before));
      const { status, processes, ms } = await change();
      expect([status, processes]).toEqual([200, applied()]);
      expect(await readAll()).toEqual(NAMES.map(() => before + 1));
      took.push(ms);
    }
    took.sort((a, b) => a - b);
    process.stderr.write(`wait=all took ${took[10]?.toFixed(0)} ms (p50), ${took[19]?.toFixed(0)} ms at most\n`);
    // Each could have waited for the next of five questions a second.
    expect(took[10]).toBeLessThan(150);
  });

  it('names who hangs, once its lease has ended, and then waits for it no more', async () => {
    await readAll();
    const [first, ...others] = clients;
    first?.signal('SIGSTOP');
    const { status, processes, reasons, ms } = await change();
    expect([status, processes]).toEqual([202, [['shop-1', 'gone'], ...applied(['shop-2', 'shop-3'])]]);
    expect(reasons).toEqual([expect.stringMatching(/^it is at \d+, not heard for 3\.\d s: its lease has ended$/)]);
    // It was heard last up to a fifth of a second before.
    expect(ms).toBeGreaterThan(LEASE_MS - 400);
    expect(ms).toBeLessThan(LEASE_MS + SLACK_MS);
    expect(await readAll(others)).toEqual([version, version]);
    const next = await change();
    expect([next.status, next.processes]).toEqual([200, applied(['shop-2', 'shop-3'])]);
    expect(next.ms).toBeLessThan(LEASE_MS - 500);
    first?.signal('SIGCONT');
    await vi.waitFor(
      async () => {
        expect((await change()).processes).toEqual(applied());
      },
      { timeout: 30_000, interval: 100 },
    );
    expect(await readAll()).toEqual(NAMES.map(() => version));
  });

  it('says who has not got it when the time is over', async () => {
    clients[0]?.signal('SIGSTOP');
    const { status, processes, ms } = await change('wait=all&timeout=300');
    expect([status, processes]).toEqual([202, [['shop-1', 'waiting'], ...applied(['shop-2', 'shop-3'])]]);
    expect(ms).toBeLessThan(LEASE_MS - 500);
  });

  it('waits for nobody who has closed', async () => {
    await clients[0]?.close();
    const { status, processes, ms } = await change();
    expect([status, processes]).toEqual([200, applied(['shop-2', 'shop-3'])]);
    expect(ms).toBeLessThan(LEASE_MS - 500);
  });
});
