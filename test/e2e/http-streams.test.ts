import { afterEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../src/model/entry.ts';
import { virtualRuntime } from '../../src/runtime/virtual.ts';
import { FakeOperations } from '../support/fake-operations.ts';
import { closeAll, readAll, serve } from '../support/http-server.ts';
import { openStream } from '../support/sse.ts';

afterEach(closeAll);

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

/** Twelve kilobytes each, so that a few hundred fill every buffer on the way. */
function fill(operations: FakeOperations, count: number): void {
  for (let i = 0; i < count; i++) operations.append('t', 'x'.repeat(12_000));
}

/** A journal without end that counts what is taken of it, and says when nobody takes more. */
class EndlessOperations extends FakeOperations {
  taken = 0;
  readonly left: Promise<void>;
  #leave: () => void = () => undefined;

  constructor() {
    super();
    this.left = new Promise((resolve) => (this.#leave = resolve));
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- always there: that is the point of it
  override async *follow(_after: number, signal: AbortSignal): AsyncIterable<readonly Entry[]> {
    const entry = this.append('t', 'x'.repeat(100_000));
    try {
      while (!signal.aborted) {
        this.taken++;
        yield [{ ...entry, offset: this.taken as Entry['offset'] }];
      }
    } finally {
      this.#leave();
    }
  }
}

describe('GET /v1/journal/stream', () => {
  it('begins at the head, with the offset as the id', async () => {
    const { url, operations } = await serve();
    operations.append('old');
    const stream = await openStream(`${url}/v1/journal/stream`);
    expect(stream.headers.get('content-type')).toBe('text/event-stream');
    await stream.until('retry: 2000\n\n');
    operations.append('new', { product_id: 42 });
    const { event, id, data } = await stream.next();
    expect([event, id]).toEqual([undefined, '2']);
    expect(data).toMatchObject({ offset: 2, event: { type: 'new', data: { product_id: 42 } } });
    stream.leave();
  });

  it.each([
    ['?after=1', undefined, ['2', '3']],
    ['?after=0', undefined, ['1', '2', '3']],
    ['', '2', ['3']],
    ['?after=0', '1', ['2', '3']],
  ])('resumes with %s and Last-Event-ID %s', async (query, last, ids) => {
    const { url, operations } = await serve();
    fill(operations, 3);
    const stream = await openStream(`${url}/v1/journal/stream${query}`, last ? { 'last-event-id': last } : {});
    const seen: (string | undefined)[] = [];
    while (seen.length < ids.length) seen.push((await stream.next()).id);
    expect(seen).toEqual(ids);
    stream.leave();
  });

  it.each(['?after=x', '?after=-1', '?from=1'])('refuses %s', async (query) => {
    const { call } = await serve();
    expect(await call('GET', `/v1/journal/stream${query}`)).toMatchObject({ status: 400, code: 'PARAMETER_INVALID' });
  });

  it('refuses a Last-Event-ID that is no offset', async () => {
    const { call } = await serve();
    const answer = await call('GET', '/v1/journal/stream', { headers: { 'last-event-id': 'e1' } });
    expect(answer).toMatchObject({ status: 400, code: 'PARAMETER_INVALID' });
  });

  it('tells a client that comes back too late what it has missed', async () => {
    const { url, operations } = await serve();
    fill(operations, 5);
    operations.trimmedBelow = 4;
    const stream = await openStream(`${url}/v1/journal/stream`, { 'last-event-id': '1' });
    expect(await stream.next()).toEqual({
      event: 'gap',
      id: '3',
      data: { reason: 'trimmed', after: 1, resumeAfter: 3 },
    });
    expect((await stream.next()).id).toBe('4');
    stream.leave();
  });

  it('tells a client of another journal that its offset means nothing here', async () => {
    const { url, operations } = await serve();
    fill(operations, 2);
    const stream = await openStream(`${url}/v1/journal/stream`, { 'last-event-id': '900' });
    expect(await stream.next()).toEqual({
      event: 'gap',
      id: '2',
      data: { reason: 'reset', after: 900, resumeAfter: 2 },
    });
    operations.append('new');
    expect((await stream.next()).id).toBe('3');
    stream.leave();
  });

  it('loses nothing and doubles nothing for a client that stops reading for a while', async () => {
    const { operations, socket } = await serve();
    const client = await socket();
    client.pause();
    client.write(request('/v1/journal/stream?after=0'));
    fill(operations, 2_000);
    const ids: number[] = [];
    let rest = '';
    await new Promise<void>((resolve) => {
      client.on('data', (chunk: Buffer) => {
        rest += chunk.toString('latin1');
        const lines = rest.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line.startsWith('id: ')) ids.push(Number(line.slice(4)));
        if (ids.length >= 2_000) resolve();
      });
      client.resume();
    });
    expect(ids).toEqual(Array.from({ length: 2_000 }, (_, i) => i + 1));
    client.destroy();
  });

  it('takes no more from the journal than a stalled client takes from it, and cuts that client in the end', async () => {
    const operations = new EndlessOperations();
    const { socket } = await serve({ limits: { streamStallMs: 300 } }, operations);
    const client = await socket();
    client.pause();
    client.write(request('/v1/journal/stream?after=0'));
    await operations.left;
    // What the two sockets' kernel buffers hold, a few megabytes; a server that buffers would take without end.
    expect(operations.taken).toBeLessThan(300);
    client.destroy();
  });

  it('stops following when the client leaves', async () => {
    const operations = new EndlessOperations();
    const { url } = await serve({}, operations);
    const stream = await openStream(`${url}/v1/journal/stream`);
    await stream.next();
    stream.leave();
    await operations.left;
  });

  it('sends a comment from time to time, so that proxies keep it open', async () => {
    const runtime = virtualRuntime();
    const { url } = await serve({ runtime });
    const stream = await openStream(`${url}/v1/journal/stream`);
    await stream.until('retry: ');
    expect(stream.text()).not.toContain(': heartbeat');
    await runtime.clock.advance(15_000);
    await stream.until(': heartbeat\n\n');
    await runtime.clock.advance(15_000);
    await stream.until(': heartbeat\n\n: heartbeat\n\n');
    stream.leave();
  });

  it('ends at shutdown', async () => {
    const { url, server } = await serve();
    const stream = await openStream(`${url}/v1/journal/stream`);
    await Promise.all([server.close(), stream.ended()]);
  });

  it('refuses more streams than it may hold, and frees the place of one that has left', async () => {
    const operations = new EndlessOperations();
    const { url, call } = await serve({ limits: { streamsMax: 1 } }, operations);
    const first = await openStream(`${url}/v1/journal/stream`);
    const refused = await call('GET', '/v1/observations');
    expect(refused).toMatchObject({ status: 503, code: 'STREAMS_FULL' });
    expect(refused.headers.get('retry-after')).toBe('5');
    first.leave();
    await operations.left;
    const second = await openStream(`${url}/v1/observations`);
    expect(second.status).toBe(200);
    second.leave();
  });

  it('ends, and can be resumed, when the journal cannot be read', async () => {
    const { url, operations } = await serve();
    operations.append('t');
    const follow = operations.follow.bind(operations);
    // eslint-disable-next-line @typescript-eslint/require-await -- the seam is asynchronous
    operations.follow = async function* broken() {
      yield [operations.journal[0]!];
      throw new Error('disk');
    };
    const stream = await openStream(`${url}/v1/journal/stream?after=0`);
    expect((await stream.next()).id).toBe('1');
    await stream.ended();
    expect(stream.text()).not.toContain('disk');
    operations.follow = follow;
    operations.append('t');
    const again = await openStream(`${url}/v1/journal/stream`, { 'last-event-id': '1' });
    expect((await again.next()).id).toBe('2');
    again.leave();
  });

  it('keeps one line per event, whatever is in it', async () => {
    const { url, operations } = await serve();
    const data = 'a\r\nid: 99\n\ndata: forged\u2028\u009b31m\u202e\u0000';
    operations.append('t\nevent: gap', data);
    const stream = await openStream(`${url}/v1/journal/stream?after=0`);
    expect(await stream.next()).toMatchObject({ id: '1', data: { event: { type: 't\nevent: gap', data } } });
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(stream.text()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
    stream.leave();
  });
});

describe('GET /v1/observations', () => {
  it('sends what happens as it is', async () => {
    const { url, operations } = await serve();
    const stream = await openStream(`${url}/v1/observations`);
    await stream.until('retry: ');
    operations.emit('event:received', { type: 'product.updated', offset: 7 });
    expect(await stream.next()).toEqual({
      event: 'event:received',
      id: undefined,
      data: { type: 'event:received', at: 1, fields: { type: 'product.updated', offset: 7 } },
    });
    stream.leave();
  });

  it('sends only the types asked for', async () => {
    const { url, operations } = await serve();
    const stream = await openStream(`${url}/v1/observations?types=plan,dead-letter`);
    await stream.until('retry: ');
    operations.emit('cache:hit');
    operations.emit('dead-letter');
    expect((await stream.next()).event).toBe('dead-letter');
    stream.leave();
  });

  it.each(['types=nonsense', 'types=', 'types=plan,,', 'type=plan', 'types=constructor'])(
    'refuses ?%s',
    async (query) => {
      const { call } = await serve();
      expect(await call('GET', `/v1/observations?${query}`)).toMatchObject({ status: 400, code: 'PARAMETER_INVALID' });
    },
  );

  it('counts what there was no room for, and keeps what is rare', async () => {
    const runtime = virtualRuntime();
    const { url, operations } = await serve({ runtime, limits: { observationsMax: 10 } });
    const stream = await openStream(`${url}/v1/observations`);
    await stream.until('retry: ');
    operations.emit('plan');
    expect((await stream.next()).event).toBe('plan');
    // Until time moves nothing more is sent, so all of this is held or counted.
    for (let i = 0; i < 100; i++) operations.emit('cache:hit');
    operations.emit('dead-letter');
    await runtime.clock.advance(100);
    const events: (string | undefined)[] = [];
    for (let i = 0; i < 6; i++) events.push((await stream.next()).event);
    expect(events).toEqual([...Array<string>(5).fill('cache:hit'), 'dead-letter']);
    expect(await stream.next()).toMatchObject({ event: 'dropped', data: { count: 95 } });
    stream.leave();
  });

  it('holds no more than its bound for a client that does not read', async () => {
    const { operations, socket } = await serve({ limits: { streamStallMs: 300, observationFlushMs: 0 } });
    const client = await socket();
    client.pause();
    client.write(request('/v1/observations'));
    const text = 'x'.repeat(10_000);
    // Emits for as long as somebody listens: the server cuts the client, then nobody does.
    let listened = false;
    await new Promise<void>((resolve) => {
      const emit = (): void => {
        for (let i = 0; i < 50; i++) operations.emit('plan', { text });
        listened ||= operations.listeners.size > 0;
        if (listened && operations.listeners.size === 0) resolve();
        else setImmediate(emit);
      };
      emit();
    });
    client.destroy();
  });

  it('unsubscribes when the client leaves, and ends at shutdown', async () => {
    const { url, operations, server } = await serve();
    const first = await openStream(`${url}/v1/observations`);
    const second = await openStream(`${url}/v1/observations`);
    await Promise.all([first.until('retry'), second.until('retry')]);
    expect(operations.listeners.size).toBe(2);
    first.leave();
    await Promise.all([server.close(), second.ended()]);
    expect(operations.listeners.size).toBe(0);
  });
});

describe('closing', () => {
  it('answers what is in flight before it ends', async () => {
    const { call, server, operations } = await serve();
    operations.stallLayers();
    const body = { keys: ['k'] };
    let received: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => (received = resolve));
    const invalidate = operations.invalidate.bind(operations);
    operations.invalidate = (message) => {
      received();
      return invalidate(message);
    };
    const waiting = call('POST', '/v1/invalidations?wait=all', { body });
    await arrived;
    await server.close();
    expect(await waiting).toMatchObject({ status: 202, json: { offset: 1, layers: { local: 'queued' } } });
  });

  it('cancels a replay and still answers with its report', async () => {
    const { call, server, operations } = await serve();
    operations.replayGate = new Promise(() => undefined);
    let started: () => void = () => undefined;
    const running = new Promise<void>((resolve) => (started = resolve));
    const replay = operations.replay.bind(operations);
    operations.replay = (request) => {
      started();
      return replay(request);
    };
    const report = call('POST', '/v1/replays', { body: { from: 1 } });
    await running;
    await server.close();
    expect(await report).toMatchObject({ status: 200, json: { cancelled: true } });
  });

  it('cuts what does not end within its bound', async () => {
    const { url, server, operations } = await serve({ limits: { drainTimeoutMs: 100 } });
    let entered: () => void = () => undefined;
    const inside = new Promise<void>((resolve) => (entered = resolve));
    operations.reload = () => {
      entered();
      return new Promise(() => undefined);
    };
    const hanging = fetch(`${url}/v1/reload`, { method: 'POST' });
    const failed = expect(hanging).rejects.toThrow();
    await inside;
    await server.close();
    await failed;
  });

  it('does not wait for connections that say nothing', async () => {
    const { server, socket } = await serve({ limits: { headersTimeoutMs: 60_000, drainTimeoutMs: 60_000 } });
    const [silent, half] = [await socket(), await socket()];
    half.write('GET /livez HTTP/1.1\r\nHost: loc');
    const gone = Promise.all([readAll(silent), readAll(half)]);
    await server.close();
    await gone;
  });

  it('says that it is closing on a connection that is still open', async () => {
    const { server, socket, operations } = await serve();
    let entered: () => void = () => undefined;
    let leave: () => void = () => undefined;
    const inside = new Promise<void>((resolve) => (entered = resolve));
    operations.reload = () => {
      entered();
      return new Promise((resolve) => {
        leave = () => {
          resolve({ ok: true, findings: [] });
        };
      });
    };
    const client = await socket();
    client.write(
      'POST /v1/reload HTTP/1.1\r\nHost: localhost\r\n\r\nGET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n',
    );
    await inside;
    const said = readAll(client);
    const closed = server.close();
    leave();
    await closed;
    expect(await said).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*connection: close/i);
  });
});
