// Faults over real servers. An append that has resolved is never lost, whatever broke, and nothing is there twice: dead letters
// tell that best, because nobody recognises a letter that is put again.
import { headers, type NatsConnection } from '@nats-io/transport-node';
import * as js from '@nats-io/jetstream';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { RelayJournal } from '../../../test/conformance/relays.ts';
import { NatsServer, natsSuite } from '../../../test/support/nats.ts';
import { newStream, openNats } from '../../../test/support/nats-journal.ts';
import { Line } from '../../../test/support/line.ts';
import type { DeadLetter, PlannedBatch } from '../../model/entry.ts';
import { silentLog } from '../../runtime/log.ts';
import { ORIGIN, type Offset, type Position } from '../../model/position.ts';
import { messagesOf, textOf, textOfRecords, WIRE_HEADER } from './wire.ts';

const suite = await natsSuite();
const open: RelayJournal[] = [];

async function journalOf(...[url, options, sizes]: Parameters<typeof openNats>): Promise<RelayJournal> {
  const journal = await openNats(url, options, sizes);
  open.push(journal);
  return journal;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((journal) => journal.close()));
});

function tx(n: number, count = 1, text = ''): PlannedBatch {
  const events = Array.from({ length: count }, (_, index) => ({
    id: `${n}:${index}`,
    type: 't',
    source: 's',
    data: { text },
  }));
  const position = String(n).padStart(8, '0') as Position;
  const plans = events.map(() => ({ contractHash: 'h', actions: [], problems: [] }));
  return { source: 's', epoch: 'e', position, first: 0, commit: true, events, plans, receivedAt: n };
}

function loose(id: string): PlannedBatch {
  const batch = tx(1);
  return { ...batch, source: 'w', position: null, events: [{ id, type: 't', source: 'w', data: null }] };
}

function letter(n: number): Omit<DeadLetter, 'id'> {
  const nothing = { offset: null, event: null, action: null };
  return { ...nothing, source: 's', stage: 'decode', code: 'C', message: String(n), attempts: 1, at: n };
}

async function ids(journal: RelayJournal): Promise<readonly string[]> {
  return (await journal.read(ORIGIN, 100_000)).map(({ event }) => event.id);
}

async function messages(journal: RelayJournal): Promise<readonly string[]> {
  return (await journal.deadLetters.list({ limit: 10_000 })).map(({ message }) => message);
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

suite('the journal on one nats-server', () => {
  let server: NatsServer;
  let client: NatsConnection;
  let stream = '';
  const lastSeq = async (): Promise<number> =>
    (await (await js.jetstreamManager(client)).streams.info(stream)).state.last_seq;

  beforeAll(async () => {
    server = await NatsServer.start();
    client = await server.connect();
  });
  afterEach(() => (stream = ''));
  afterAll(async () => {
    await client.close();
    await server.stop();
  });

  test(
    'a server that is killed in the middle loses nothing that was resolved, and nothing comes twice',
    { timeout: 60_000 },
    async () => {
      stream = newStream();
      const journal = await journalOf(server.url, { stream });
      let resolved = 0;
      const all: Promise<unknown>[] = [];
      for (const round of range(4)) {
        for (const n of range(60)) {
          const id = (round - 1) * 60 + n;
          all.push(
            journal.append(tx(id)).then(() => resolved++),
            journal.deadLetters.put(letter(id)),
          );
          if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
          if (n === 30) {
            await server.crash();
            await server.start();
          }
        }
      }
      await Promise.all(all);
      expect(resolved).toBe(240);
      const expected = range(240).map((n) => `${n}:0`);
      expect(await ids(journal)).toEqual(expected);
      expect([...(await messages(journal))].sort()).toEqual(range(240).map(String).sort());
      const again = await journalOf(server.url, { stream });
      expect(await ids(again)).toEqual(expected);
      expect(await messages(again)).toEqual(await messages(journal));
    },
  );

  test('a write whose confirmation was lost is there once', { timeout: 60_000 }, async () => {
    stream = newStream();
    const line = await Line.open(server.port);
    const journal = await journalOf(`nats://127.0.0.1:${line.port}`, { stream });
    const before = await lastSeq();
    line.mute();
    const put = journal.deadLetters.put(letter(1));
    await until(async () => (await lastSeq()) > before);
    line.away();
    line.mend();
    await put;
    await journal.deadLetters.put(letter(2));
    expect(await messages(journal)).toEqual(['1', '2']);
    expect(await messages(await journalOf(server.url, { stream }))).toEqual(['1', '2']);
    await journal.close();
    await line.close();
  });

  test('a write that never arrived is there once the server can be reached again', { timeout: 60_000 }, async () => {
    stream = newStream();
    const line = await Line.open(server.port);
    const journal = await journalOf(`nats://127.0.0.1:${line.port}`, { stream });
    line.away();
    const appended = journal.append(tx(1));
    await new Promise((resolve) => setTimeout(resolve, 500));
    line.mend();
    expect(await appended).toEqual({ offset: 1, duplicates: 0 });
    await journal.close();
    await line.close();
  });

  test(
    'what two openings append at once is one order without holes, the same for both',
    { timeout: 60_000 },
    async () => {
      stream = newStream();
      const journals = [await journalOf(server.url, { stream }), await journalOf(server.url, { stream })];
      const [one, other] = journals as [RelayJournal, RelayJournal];
      await Promise.all(
        journals.map(async (journal, index) => {
          for (const n of range(150)) {
            // Every third event is sent to both.
            const event = n % 3 === 0 ? `both ${n}` : `${index} ${n}`;
            await journal.append(loose(event));
            await journal.deadLetters.put(letter(index * 1_000 + n));
          }
        }),
      );
      await until(() => one.head === 250 && other.head === 250);
      const order = await ids(one);
      expect(new Set(order).size).toBe(250);
      expect(await ids(other)).toEqual(order);
      expect(await ids(await journalOf(server.url, { stream }))).toEqual(order);
      await until(() => one.deadLetters.count === 300 && other.deadLetters.count === 300);
      expect(await messages(one)).toEqual(await messages(other));
    },
  );

  test('what a writer left unfinished is passed over by those who write and by those who read', async () => {
    stream = newStream();
    const first = await journalOf(server.url, { stream });
    await first.append(tx(1));
    await first.close();
    const info = await js.jetstream(client).streams.get(stream);
    const last = (await info.getMessage({ seq: await lastSeq() }))?.header.get(WIRE_HEADER).split(' ')[0] ?? '';
    const text = textOfRecords([textOf({ kind: 'batch', entries: [] })]);
    const [part] = messagesOf({ id: 'left', prev: last, at: 1 as Offset }, text, 5);
    const head = headers();
    head.set(WIRE_HEADER, part?.header ?? '');
    await js.jetstream(client).publish(`${stream}.log`, part?.body, { headers: head });
    await js.jetstream(client).publish(`${stream}.log`, 'somebody else');
    const journal = await journalOf(server.url, { stream });
    await journal.append(tx(2));
    expect(await ids(journal)).toEqual(['1:0', '2:0']);
    expect(await ids(await journalOf(server.url, { stream }))).toEqual(['1:0', '2:0']);
  });

  test('a stream that is deleted ends everything with one clear error', { timeout: 60_000 }, async () => {
    stream = newStream();
    const journal = await journalOf(server.url, { stream });
    await journal.append(tx(1));
    await (await js.jetstreamManager(client)).streams.delete(stream);
    await expect(journal.append(tx(2))).rejects.toMatchObject({ code: 'NATS_STREAM_GONE' });
    await expect(journal.read(ORIGIN, 1)).rejects.toMatchObject({ code: 'NATS_STREAM_GONE' });
    await journal.close();
    const again = await journalOf(server.url, { stream });
    expect([again.head, await again.resumeAt('s')]).toEqual([0, null]);
    expect(again.identity.epoch).not.toBe(journal.identity.epoch);
  });

  test('a long log is read in pages, and opened from its checkpoint', { timeout: 60_000 }, async () => {
    stream = newStream();
    const sizes = { checkpointEvery: 40, purgeFrom: 10 };
    const journal = await journalOf(server.url, { stream }, sizes);
    for (const n of range(100)) await journal.append(tx(n, 50));
    await journal.close();
    const again = await journalOf(server.url, { stream }, sizes);
    const read: number[] = [];
    for (let after = ORIGIN; ; after = read.at(-1) as Offset) {
      const page = await again.read(after, 333);
      if (page.length === 0) break;
      read.push(...page.map(({ offset }) => offset));
    }
    expect(read).toEqual(range(5_000));
    expect((await again.read(2_345 as Offset, 1))[0]?.event.id).toBe('47:45');
    expect(await again.trim(50)).toBe(2_450);
    const { state } = await (await js.jetstreamManager(client)).streams.info(stream);
    expect(state.first_seq).toBeGreaterThan(40);
    expect((await again.read(ORIGIN, 1))[0]?.event.id).toBe('50:0');
    const third = await journalOf(server.url, { stream }, sizes);
    expect([third.first, third.head]).toEqual([2_451, 5_000]);
    expect(await third.resumeAt('s')).toEqual({ epoch: 'e', position: tx(100).position });
    expect((await third.append(tx(100, 50))).duplicates).toBe(50);
  });

  test('a full stream refuses, and takes more when old entries are forgotten', { timeout: 60_000 }, async () => {
    stream = newStream();
    const journal = await journalOf(server.url, { stream, max_bytes: 200_000 });
    const fill = async (): Promise<number> => {
      for (let n = journal.head + 1; ; n++) {
        await journal.resumeAt('s');
        const error = await journal.append(tx(n, 1, 'x'.repeat(2_000))).then(
          () => null,
          (failed: unknown) => failed,
        );
        if (!error) continue;
        expect(error).toMatchObject({ code: 'NATS_STREAM_FULL', reaction: 'retry' });
        return n;
      }
    };
    const full = await fill();
    expect(full).toBeGreaterThan(50);
    await journal.trim(Infinity);
    expect(await fill()).toBeGreaterThan(full + 50);
  });
});

suite('opening a journal on nats', () => {
  async function codeOf(server: NatsServer | string, options: Record<string, unknown> = {}): Promise<unknown> {
    const url = typeof server === 'string' ? server : server.url;
    return openNats(url, { stream: newStream(), ...options }).then(
      async (journal) => {
        await journal.close();
        return 'opened';
      },
      (error: unknown) => (error as { code?: string }).code,
    );
  }

  test('nobody listens there', async () => {
    expect(await codeOf('nats://127.0.0.1:1')).toBe('NATS_UNREACHABLE');
    expect(await codeOf('nats://nowhere.invalid')).toBe('NATS_UNREACHABLE');
  });

  test('a server without JetStream', { timeout: 60_000 }, async () => {
    const server = await NatsServer.start({ jetstream: false });
    expect(await codeOf(server)).toBe('NATS_NO_JETSTREAM');
    await server.stop();
  });

  test('a user that is refused, and one that is not', async () => {
    const server = await NatsServer.start({ lines: ['authorization { user: a, password: b }'] });
    expect(await codeOf(server)).toBe('NATS_AUTH');
    expect(await codeOf(server, { user: 'a', password: 'x' })).toBe('NATS_AUTH');
    expect(await codeOf(server, { user: 'a', password: 'b' })).toBe('opened');
    expect(await codeOf(server, { credentials: 'not-there.creds' })).toBe('NATS_AUTH');
    await server.stop();
  });

  test('a stream that would lose what it holds', async () => {
    const server = await NatsServer.start();
    const client = await server.connect();
    const stream = newStream();
    await (await js.jetstreamManager(client)).streams.add({ name: stream, subjects: [`${stream}.log`], max_age: 1e12 });
    expect(await codeOf(server, { stream })).toBe('NATS_STREAM_UNFIT');
    await client.close();
    await server.stop();
  });
});

suite('the journal on a cluster', () => {
  test(
    'a leader that is killed loses nothing that was resolved, and nothing comes twice',
    { timeout: 120_000 },
    async () => {
      const servers = await NatsServer.cluster();
      const stream = newStream();
      const journal = await journalOf(servers[0]!.url, { stream, replicas: 3, servers: servers.map(({ url }) => url) });
      const client = await servers[0]!.connect();
      const leader = (await (await js.jetstreamManager(client)).streams.info(stream)).cluster?.leader;
      await client.close();
      const all: Promise<unknown>[] = [];
      for (const n of range(300)) {
        all.push(journal.append(tx(n)), journal.deadLetters.put(letter(n)));
        if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        if (n === 150) await servers.find(({ name }) => name === leader)?.crash();
      }
      await Promise.all(all);
      expect(await ids(journal)).toEqual(range(300).map((n) => `${n}:0`));
      expect([...(await messages(journal))].sort()).toEqual(range(300).map(String).sort());
      await journal.close();
      await Promise.all(servers.map((server) => server.stop()));
    },
  );

  test('an opening waits while there is no majority', { timeout: 120_000 }, async () => {
    const servers = await NatsServer.cluster();
    const options = { stream: newStream(), replicas: 3 };
    const before = await journalOf(servers[0]!.url, options);
    await before.append(tx(1));
    await before.close();
    const [, second, third] = servers;
    await Promise.all([second?.crash(), third?.crash()]);
    let warnings = 0;
    const opening = openNats(servers[0]!.url, options, {}, { ...silentLog, warn: () => ++warnings });
    await until(() => warnings > 0);
    await second?.start();
    const journal = await opening;
    expect(await ids(journal)).toEqual(['1:0']);
    await journal.close();
    await Promise.all(servers.map((server) => server.stop()));
  });
});
