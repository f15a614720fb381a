// The commands that talk to a daemon, in this process, over real HTTP to the real server; only the service is a fake.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { runCli } from '../../src/cli/program.ts';
import type { Entry } from '../../src/model/entry.ts';
import type { Offset } from '../../src/model/position.ts';
import type { Explanation } from '../../src/operations.ts';
import { FakeOperations } from '../support/fake-operations.ts';
import { freePort } from '../support/ports.ts';
import { closeAll, serve } from '../support/http-server.ts';
import { fakeShell, type FakeShell } from '../support/shell.ts';

const TOKEN = 'a-token-that-is-long-enough';

afterEach(closeAll);

interface Ran extends FakeShell {
  readonly code: number;
}

async function cli(url: string, ...argv: string[]): Promise<Ran> {
  const shell = fakeShell({ env: { TIDEMARK_URL: url } });
  const code = await runCli(argv, shell);
  return Object.assign(shell, { code });
}

const finite = (n: number): number | null => (Number.isFinite(n) ? n : null);
const json = (ran: Ran): unknown => JSON.parse(ran.stdout);

describe('emit', () => {
  test('sends a CloudEvent and says where it is durable', async () => {
    const { url, operations } = await serve();
    const ran = await cli(url, 'emit', '--type', 'product.updated', '--data', '{"product_id": 42}', '--id', 'e-1');
    expect(ran.stdout).toBe('durable at #1  (local applied)\n');
    expect(ran.code).toBe(0);
    const [request] = operations.received;
    expect(request?.headers['content-type']).toBe('application/cloudevents+json');
    expect(JSON.parse(Buffer.from(request!.body).toString())).toEqual({
      specversion: '1.0',
      id: 'e-1',
      source: 'tidemark-cli',
      type: 'product.updated',
      data: { product_id: 42 },
    });
  });

  test('says that a repeated id had no second effect', async () => {
    const { url } = await serve();
    await cli(url, 'emit', '--type', 'a.b', '--id', 'same');
    const again = await cli(url, 'emit', '--type', 'a.b', '--id', 'same');
    expect(again.stdout).toBe('duplicate of #1: no second effect  (local applied)\n');
    expect(again.code).toBe(0);
  });

  test('goes to the source that is named', async () => {
    const { url, operations } = await serve();
    await cli(url, 'emit', '--type', 'a.b', '--source', 'shop');
    expect(operations.received[0]?.path).toBe('/v1/events/shop');
  });

  test('with --wait fails when a layer has failed', async () => {
    const operations = new FakeOperations();
    operations.layersApplied = Promise.resolve({ local: 'applied', edge: 'failed' });
    const { url } = await serve({}, operations);
    const ran = await cli(url, 'emit', '--type', 'a.b', '--wait', '--json');
    expect(json(ran)).toMatchObject({ offset: 1, layers: { local: 'applied', edge: 'failed' } });
    expect(ran.code).toBe(1);
  });

  test('with --wait names the processes that have not got it, and fails unless they have ended', async () => {
    const { url, operations } = await serve();
    operations.others = [
      { id: 'a', name: 'shop-1', result: 'applied' },
      { id: 'b', name: 'shop-2', result: 'left', reason: 'it has ended' },
    ];
    const fine = await cli(url, 'emit', '--type', 'a.b', '--wait');
    expect(fine.stdout).toBe(
      'durable at #1  (local applied)\n  1 of 2 other processes applied it\n  shop-2 left: it has ended\n',
    );
    expect(fine.code).toBe(0);
    operations.others = [{ id: 'c', name: 'shop-3', result: 'gone', reason: 'its lease has ended' }];
    const gone = await cli(url, 'invalidate', '--key', 'k', '--wait');
    expect(gone.stdout).toContain('  0 of 1 other processes applied it\n  shop-3 gone: its lease has ended\n');
    expect(gone.code).toBe(1);
  });

  test('without a type, or with data that is not JSON, sends nothing', async () => {
    const { url, operations } = await serve();
    expect((await cli(url, 'emit')).code).toBe(2);
    const ran = await cli(url, 'emit', '--type', 'a.b', '--data', '{product_id: 42}');
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('--data is not JSON');
    expect(operations.received).toEqual([]);
  });
});

describe('invalidate', () => {
  test('sends one message with all that is named', async () => {
    const { url, operations } = await serve();
    const ran = await cli(url, 'invalidate', '--key', 'a', '--key', 'b', '--tag', 't', '--soft', '--reason', 'by hand');
    expect(ran.stdout).toBe('durable at #1  (local applied)\n');
    expect(operations.journal[0]?.event.data).toEqual({ keys: ['a', 'b'], tags: ['t'], soft: true, reason: 'by hand' });
  });

  test('of nothing is a mistake', async () => {
    const ran = await cli('http://127.0.0.1:9', 'invalidate');
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain('nothing to invalidate');
  });

  test('of an unknown namespace is refused in the daemon’s words', async () => {
    const { url } = await serve();
    const ran = await cli(url, 'invalidate', '--key', 'a', '--namespace', 'missing');
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain('NAMESPACE_UNKNOWN');
    expect(ran.stderr).toContain('add it under `namespaces:`');
  });
});

describe('status', () => {
  test('tells by its exit code whether the daemon is ready', async () => {
    const { url, operations } = await serve();
    expect((await cli(url, 'status')).code).toBe(0);
    operations.ready = false;
    const ran = await cli(url, 'status');
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('source shop-db has not started');
  });

  test('as JSON is exactly what the daemon says', async () => {
    const { url, operations } = await serve();
    expect(json(await cli(url, 'status', '--json'))).toEqual(JSON.parse(JSON.stringify(operations.status())));
  });
});

describe('status among other relays', () => {
  test('tells who does what, by which term and since when, and what nobody does', async () => {
    const { url, operations } = await serve();
    operations.relays = {
      self: 'relay-a',
      work: [
        { name: 'source:db', ours: true, owner: 'relay-a', term: 7, since: 1 },
        { name: 'layer:shared', ours: false, owner: 'relay-b', term: 5, since: 1 },
        { name: 'projections', ours: false },
      ],
    };
    const { stdout } = await cli(url, 'status');
    expect(stdout).toMatch(/WORK +DONE BY +TERM +SINCE/);
    expect(stdout).toMatch(/source:db +this relay +7 +/);
    expect(stdout).toMatch(/layer:shared +relay-b +5 +/);
    expect(stdout).toMatch(/projections +nobody +- +-/);
    expect(stdout).toContain('this relay is relay-a');
  });

  test('says nothing of work when the daemon is alone', async () => {
    const { url } = await serve();
    expect((await cli(url, 'status')).stdout).not.toContain('WORK');
  });
});

describe('explain', () => {
  test('finds a key whatever is in it', async () => {
    const { url } = await serve();
    const key = 'shop/42?a=b&c#d é';
    expect(json(await cli(url, 'explain', key, '--json'))).toMatchObject({ key });
  });

  const why = { kind: 'absent', how: 'evicted', end: null } as const;
  const copy = { layer: 'local', stamp: 7 as Offset, ageMs: 41_200, verdict: 'serve', why };
  const explanation: Explanation = {
    key: 'product:1',
    endedBy: [],
    last: [],
    searched: 3,
    held: [
      { ...copy, namespace: 'product', tags: ['a', 'b'], reason: 'fresh as of 180 ms ago' },
      { ...copy, namespace: 'long-name', tags: [], verdict: 'bypass', ageMs: Infinity, reason: 'never proven' },
    ],
    absent: [{ layer: 'local', namespace: 'stock', reason: 'not resident: evicted to make room', why }],
  };

  test('says in a sentence why each copy may be served or not, and where there is none', async () => {
    const { url, operations } = await serve();
    operations.explain = () => Promise.resolve(explanation);
    expect((await cli(url, 'explain', 'product:1')).stdout).toBe(
      [
        'product:1',
        '',
        'Held by',
        '  local / product    serve   age 41.2s    stamp 7',
        '    fresh as of 180 ms ago',
        '    tags a, b',
        '  local / long-name  bypass  age unknown  stamp 7',
        '    never proven',
        '',
        '  local / stock  not resident: evicted to make room',
        '',
        'No contract can end its trust: only its TTL does.',
        '',
        'Nothing has ended it within the last 3 entries.',
        '',
      ].join('\n'),
    );
  });

  test('of what nobody holds says what is known of that', async () => {
    const { url, operations } = await serve();
    const absent = [{ layer: 'local', namespace: null, reason: 'not resident: last ended by #3', why }];
    operations.explain = () => Promise.resolve({ ...explanation, held: [], absent });
    const { stdout } = await cli(url, 'explain', 'product:1');
    expect(stdout).toContain('No layer holds it.\n\n  local  not resident: last ended by #3\n');
  });

  test('as JSON gives the reasons to programs', async () => {
    const { url, operations } = await serve();
    operations.explain = () => Promise.resolve(explanation);
    const given = { ...explanation, held: explanation.held.map((one) => ({ ...one, ageMs: finite(one.ageMs) })) };
    expect(json(await cli(url, 'explain', 'product:1', '--json'))).toEqual(given);
  });
});

describe('dead-letters', () => {
  test('list groups by cause, most frequent first', async () => {
    const { url, operations } = await serve();
    for (const id of [1, 2, 3]) operations.putLetter(id);
    operations.letters.set(9, { ...operations.letters.get(1)!, id: 9, code: 'TEMPLATE_MISSING', stage: 'plan' });
    const ran = await cli(url, 'dead-letters', 'list');
    expect(ran.stdout.indexOf('LAYER_DOWN at layer:local, 3 dead letters')).toBe(0);
    expect(ran.stdout).toContain('TEMPLATE_MISSING at plan, 1 dead letter\n');
    expect(ran.stdout).toContain('4 dead letters.');
  });

  test('list reads all of them, page by page', async () => {
    const { url, operations } = await serve();
    for (let id = 1; id <= 1_200; id++) operations.putLetter(id);
    expect(json(await cli(url, 'dead-letters', 'list', '--json'))).toHaveLength(1_200);
  });

  test('show tells of one, and says when it is gone', async () => {
    const { url, operations } = await serve();
    operations.putLetter(7);
    expect((await cli(url, 'dead-letters', 'show', '7')).stdout).toContain('LAYER_DOWN  refused');
    const gone = await cli(url, 'dead-letters', 'show', '8');
    expect(gone.code).toBe(1);
    expect(gone.stderr).toContain('DEAD_LETTER_UNKNOWN');
  });

  test('retry goes on after one that fails, and fails as a whole', async () => {
    const { url, operations } = await serve();
    for (const id of [1, 2]) operations.putLetter(id);
    const ran = await cli(url, 'dead-letters', 'retry', '1', '2', '5');
    expect(ran.stdout).toBe('1  failed  the layer still refuses\n2  ok  done\n5  failed  there is no dead letter 5\n');
    expect(ran.code).toBe(1);
    expect([...operations.letters.keys()]).toEqual([1]);
  });

  test('discard --all forgets all of them', async () => {
    const { url, operations } = await serve();
    for (const id of [1, 2, 3]) operations.putLetter(id);
    const ran = await cli(url, 'dead-letters', 'discard', '--all', '--json');
    expect(json(ran)).toEqual([1, 2, 3].map((id) => ({ id, ok: true, message: 'discarded' })));
    expect(operations.letters.size).toBe(0);
  });

  test.each([[[]], [['1', '--all']], [['one']]])('retry of %j is a mistake', async (args) => {
    expect((await cli('http://127.0.0.1:9', 'dead-letters', 'retry', ...args)).code).toBe(2);
  });
});

describe('replay', () => {
  const filled = (events: number): FakeOperations => {
    const operations = new FakeOperations();
    for (let n = 0; n < events; n++) {
      const entry = operations.append('product.updated');
      operations.journal[n] = { ...entry, receivedAt: Date.UTC(2026, 0, 1) + n * 60_000 };
    }
    return operations;
  };

  test('counts first, then replays the range', async () => {
    const operations = filled(10);
    const { url } = await serve({}, operations);
    const ran = await cli(url, 'replay', '--from', '3', '--to', '7', '--type', 'product.*', '--rate', '50');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toBe('done: 10 entries read, 10 of 10 events replayed: no actions\n');
    const [preview, real] = operations.replays;
    expect(preview).toMatchObject({ from: 3, to: 7, types: ['product.*'], dryRun: true });
    expect(real).toMatchObject({ from: 3, to: 7, types: ['product.*'], rate: 50 });
    expect(real?.dryRun).toBeUndefined();
  });

  test.each([
    ['an offset', ['--from', '4'], 4, 10],
    ['a time', ['--from', '2026-01-01T00:03:00Z'], 4, 10],
    ['a time between two events', ['--from', '2026-01-01T00:02:30Z'], 4, 10],
    ['a time before the first', ['--from', '2025-01-01'], 1, 10],
    ['a range of times', ['--from', '2026-01-01T00:01:00Z', '--to', '2026-01-01T00:04:00Z'], 2, 5],
    ['an end beyond the head', ['--from', '8', '--to', '99'], 8, 10],
  ])('finds its range from %s', async (_, args, from, to) => {
    const operations = filled(10);
    const { url } = await serve({}, operations);
    await cli(url, 'replay', ...args, '--dry-run');
    expect(operations.replays).toHaveLength(1);
    expect(operations.replays[0]).toMatchObject({ from, to });
  });

  test('of a time after everything replays nothing', async () => {
    const operations = filled(10);
    const { url } = await serve({}, operations);
    const ran = await cli(url, 'replay', '--from', '2026-02-01');
    expect(ran.stdout).toBe('There is nothing in that range.\n');
    expect(operations.replays).toEqual([]);
  });

  test('of many events must be meant', async () => {
    const operations = filled(1_001);
    const { url } = await serve({}, operations);
    const asked = await cli(url, 'replay', '--from', '1');
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain('this would replay 1,001 events');
    expect(operations.replays.map((request) => request.dryRun)).toEqual([true]);
    expect((await cli(url, 'replay', '--from', '1', '--yes')).code).toBe(0);
  });

  test('is cancelled by Ctrl-C, in the daemon too', async () => {
    const operations = filled(10);
    let started = (): void => undefined;
    const running = new Promise<void>((resolve) => (started = resolve));
    const replay = operations.replay.bind(operations);
    operations.replay = async (request) => {
      if (!request.dryRun) {
        operations.replayGate = new Promise(() => undefined);
        started();
      }
      return replay(request);
    };
    const { url } = await serve({}, operations);
    const shell = fakeShell({ env: { TIDEMARK_URL: url } });
    const ended = runCli(['replay', '--from', '1'], shell);
    await running;
    shell.send('SIGINT');
    expect(await ended).toBe(1);
    expect(shell.stdout).toMatch(/^cancelled/);
    await expect.poll(() => operations.replays[1]?.signal?.aborted).toBe(true);
  });

  test.each([
    ['without --from', []],
    ['with a range that ends before it begins', ['--from', '9', '--to', '3']],
    ['from no place', ['--from', 'yesterday']],
    ['at no rate', ['--from', '1', '--rate', '0']],
  ])('%s is a mistake', async (_, args) => {
    const { url } = await serve({}, filled(10));
    expect((await cli(url, 'replay', ...args)).code).toBe(2);
  });
});

describe('tail', () => {
  /** Runs until as many lines have come as expected, then presses Ctrl-C. */
  async function watch(
    url: string,
    args: readonly string[],
    until: (shell: FakeShell) => boolean,
    meanwhile: () => void,
  ) {
    const shell = fakeShell({ env: { TIDEMARK_URL: url } });
    const ended = runCli(['tail', ...args], shell);
    await expect
      .poll(
        () => {
          meanwhile();
          return until(shell);
        },
        { timeout: 10_000 },
      )
      .toBe(true);
    shell.send('SIGINT');
    expect(await ended).toBe(0);
    return shell;
  }

  test('shows events as they become durable, and what comes of them', async () => {
    const { url, operations } = await serve();
    const shell = await watch(
      url,
      [],
      ({ stdout }) => stdout.includes('product.updated') && stdout.includes('fill:refused'),
      () => {
        operations.append('product.updated');
        operations.emit('fill:refused', { key: 'product:42' });
      },
    );
    expect(shell.stdout).toMatch(/#\d+ {2}product\.updated {2}from app\n {4}no contract asks for anything\n/);
    expect(shell.stdout).toMatch(/fill:refused {2}key=product:42\n/);
  });

  test('as JSON is one object a line, from the oldest when asked', async () => {
    const { url, operations } = await serve();
    for (const type of ['a', 'b', 'c']) operations.append(type);
    const ran = await cli(url, 'tail', '--from', '0', '--limit', '3', '--events', '--json');
    const lines = ran.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { entry: Entry });
    expect(lines.map(({ entry }) => entry.event.type)).toEqual(['a', 'b', 'c']);
  });

  test('keeps to the types asked for', async () => {
    const { url, operations } = await serve();
    for (const type of ['order.created', 'product.updated', 'order.updated']) operations.append(type);
    const ran = await cli(url, 'tail', '--from', '0', '--limit', '2', '--type', 'order.*', '--json', '--events');
    expect(ran.stdout).not.toContain('product.updated');
  });

  test('says when the journal has forgotten what it was asked for', async () => {
    const { url, operations } = await serve();
    for (const type of ['a', 'b', 'c']) operations.append(type);
    operations.trimmedBelow = 3;
    const ran = await cli(url, 'tail', '--from', '1', '--limit', '1', '--events');
    expect(ran.stderr).toContain('entries after #1 are missing (the journal has forgotten them); going on after #2');
  });

  test('connects again and misses nothing when the daemon restarts', async () => {
    const operations = new FakeOperations();
    operations.append('before');
    const { url, server, port } = await serve({}, operations);
    const shell = fakeShell({ env: { TIDEMARK_URL: url } });
    const ended = runCli(['tail', '--events', '--from', '0', '--limit', '3', '--json'], shell);
    await expect.poll(() => shell.stdout).toContain('before');
    await server.close();
    operations.append('while it was away');
    await expect.poll(() => shell.stderr).toContain('connecting again');
    await serve({ port }, operations);
    operations.append('after');
    await expect
      .poll(async () => {
        await shell.clock.advance(1_000);
        return shell.stdout.trimEnd().split('\n');
      })
      .toHaveLength(3);
    expect(await ended).toBe(0);
    const seen = shell.stdout.trimEnd().split('\n');
    expect(seen.map((line) => (JSON.parse(line) as { entry: Entry }).entry.offset)).toEqual([1, 2, 3]);
  });
});

describe('what comes from outside', () => {
  test('cannot move the cursor or forge a line in any view', async () => {
    const { url, operations } = await serve();
    const hostile = '\u001b[2J\u009b1m\r\nforged\u202e';
    operations.append(hostile, { hostile });
    operations.letters.set(1, {
      id: 1,
      offset: null,
      source: hostile,
      stage: hostile,
      code: hostile,
      message: hostile,
      event: operations.journal[0]!.event,
      action: null,
      attempts: 1,
      at: 1,
    });
    operations.explain = (key) =>
      Promise.resolve({
        key,
        endedBy: [{ contract: hostile, triggers: [hostile], action: hostile }],
        last: [{ offset: 1 as Offset, type: hostile, source: hostile, receivedAt: 1, via: hostile }],
        searched: 1,
        held: [
          {
            layer: hostile,
            namespace: hostile,
            tags: [hostile],
            stamp: 1 as Offset,
            ageMs: 1,
            verdict: hostile,
            reason: hostile,
            why: { kind: 'absent', how: 'unknown', end: null },
          },
        ],
        absent: [
          { layer: hostile, namespace: hostile, reason: hostile, why: { kind: 'absent', how: 'unknown', end: null } },
        ],
      });
    for (const args of [
      ['tail', '--from', '0', '--limit', '1', '--events'],
      ['dead-letters', 'list'],
      ['dead-letters', 'show', '1'],
      ['explain', 'a'],
    ]) {
      for (const format of [[], ['--json']]) {
        const { stdout } = await cli(url, ...args, ...format);
        expect(stdout).toContain('forged');
        // eslint-disable-next-line no-control-regex -- what must not come through
        expect(stdout, args.join(' ')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|^forged/m);
      }
    }
  });
});

describe('a daemon', () => {
  test('that is not there is said so, with what to do', async () => {
    const nobody = `http://127.0.0.1:${String(await freePort())}`;
    const ran = await cli(nobody, 'status');
    expect(ran.code).toBe(1);
    expect(ran.stdout).toBe('');
    expect(ran.stderr).toBe(
      [
        `error: DAEMON_UNREACHABLE  no Tidemark daemon answers: at ${nobody}`,
        '  why  connection refused: nothing listens there',
        '  fix  start one with `tidemark run` or `tidemark dev`, or name another with --url',
        '',
      ].join('\n'),
    );
  });

  test.each(['status', 'tail', 'explain x', 'dead-letters list', 'replay --from 1'])(
    'that is not there is one line of JSON on standard error of `%s --json`',
    async (command) => {
      const ran = await cli('http://127.0.0.1:9', ...command.split(' '), '--json');
      expect(ran.stdout).toBe('');
      expect(JSON.parse(ran.stderr)).toMatchObject({ error: { code: 'DAEMON_UNREACHABLE' } });
    },
  );

  test('that wants a token is told one', async () => {
    const { url } = await serve({ adminToken: TOKEN });
    const without = await cli(url, 'status');
    expect(without.code).toBe(1);
    expect(without.stderr).toContain('give it with --token or in TIDEMARK_ADMIN_TOKEN');
    expect((await cli(url, 'status', '--token', TOKEN)).code).toBe(0);
  });

  test.each([
    ['a web page', 200, '<html>'],
    ['an error page', 404, '<html>'],
    ['other JSON errors', 404, '{"message":"x"}'],
    ['a redirect', 302, ''],
  ])('is not what answers with %s', async (_, status, body) => {
    const other = createServer((_request, response) => {
      response.writeHead(status, { location: 'http://127.0.0.1:9/' }).end(body);
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${String((other.address() as AddressInfo).port)}`;
    try {
      for (const command of ['status', 'tail']) {
        const ran = await cli(url, command);
        expect(ran.code).toBe(1);
        expect(ran.stderr).toContain('what answers there is not a Tidemark daemon');
      }
    } finally {
      other.close();
    }
  });
});
