// Goal: nothing is acknowledged before the journal has it. Method: the whole service in this process on a clock whose
// turns can be held, which keeps the journal from beginning to write; time moves on by an hour, so that every timer that
// could answer early has run. A daemon whose disk fails: `drain.test.ts`.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createServer } from '../../src/http/server.ts';
import type { Offset } from '../../src/model/position.ts';
import { settled, VirtualClock, virtualRuntime } from '../../src/runtime/virtual.ts';
import { Tidemark } from '../../src/service.ts';
import { callerOf } from '../support/http-server.ts';

class HeldClock extends VirtualClock {
  #gate: Promise<void> = Promise.resolve();

  /** No turn is given until the returned function is called. */
  hold(): () => void {
    let release = (): void => undefined;
    this.#gate = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  override async turn(): Promise<void> {
    await this.#gate;
    await super.turn();
  }
}

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tidemark-acknowledgement-'));
});

afterEach(() => {
  rmSync(cwd, { recursive: true });
});

it('no way in is acknowledged while the journal has written nothing, however much time passes', async () => {
  const clock = new HeldClock();
  const runtime = { ...virtualRuntime(), clock };
  const tide = await Tidemark.start({
    cwd,
    runtime,
    config: { sources: { app: { type: 'http' } }, namespaces: { product: { ttl: '10m' } } },
  });
  const server = await createServer(tide, { runtime, host: '127.0.0.1', port: 0 });
  const { url } = await server.listen();
  const call = callerOf(url);
  const event = (id: string): object => ({ specversion: '1.0', id, source: '/e2e', type: 't', data: {} });
  const send = (type: string, body: unknown) =>
    call('POST', '/v1/events', { body, headers: { 'content-type': `application/${type}+json` } });

  const release = clock.hold();
  const told: string[] = [];
  const asked: readonly (readonly [string, Promise<unknown>])[] = [
    ['event', send('cloudevents', event('a'))],
    ['batch', send('cloudevents-batch', [event('b'), event('c')])],
    ['invalidation', call('POST', '/v1/invalidations', { body: { keys: ['k'] } })],
    ['emit', tide.emit({ type: 't', data: {} })],
  ];
  for (const [way, answer] of asked) void answer.then(() => told.push(way));
  // Answered after the requests above were taken, because all come through one event loop.
  for (let i = 0; i < 20; i++) expect((await call('GET', '/livez')).status).toBe(200);
  await clock.advance(3_600_000);
  for (let i = 0; i < 20; i++) expect((await call('GET', '/livez')).status).toBe(200);
  await settled();
  expect(told).toEqual([]);
  expect(tide.head).toBe(0);

  release();
  const answers = (await Promise.all(asked.map(([, answer]) => answer))) as { readonly status?: number }[];
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, undefined]);
  expect(await tide.entries(0 as Offset, 10)).toHaveLength(5);
  await server.close();
  await tide.close();
});
