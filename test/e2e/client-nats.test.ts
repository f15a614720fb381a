// `tidemark/client` on the journal in NATS: what can happen to servers, relays and the log while processes read it themselves.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { outboxSchema } from '../../src/index.ts';
import type { Status } from '../../src/model/status.ts';
import { connect, type Connection } from '../../src/remote/index.ts';
import { loadSqlite } from '../../src/runtime/sqlite.ts';
import { endAll, startDaemon, type Daemon } from '../support/daemon.ts';
import { Fed } from '../support/fed.ts';
import { openNats } from '../support/nats-journal.ts';
import { NatsServer, natsSuite } from '../support/nats.ts';
import { until } from '../support/until.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const withNats = await natsSuite();
const open = await loadSqlite();

const proven = (connection: Connection): Promise<void> =>
  until('a proof', () => (connection.status().namespaces[0]?.proofAgeMs ?? Infinity) < 1_000);

withNats('a process that reads the log itself', () => {
  let fed: Fed | null = null;
  afterEach(() => fed?.close());

  const started = async (): Promise<[Fed, Connection]> => {
    fed = await Fed.start('nats');
    const near = await fed.connect();
    await proven(near);
    return [fed, near];
  };
  const read = (id: number, of: Fed, connection: Connection): Promise<number> =>
    connection.cache<number>('product').getOrSet({ key: `product:${id}`, factory: () => of.version(id) });

  it('goes on where it was when the server is killed and comes back', async () => {
    const [shop, near] = await started();
    await read(1, shop, near);
    await read(2, shop, near);
    await shop.nats?.crash();
    await until('the silence', () => near.status().state === 'silent');
    shop.change(1);
    await shop.nats?.start();
    await until('the end', () => near.cache('product').peek('product:1') === undefined);
    await proven(near);
    expect(near.cache('product').peek('product:2')).toBe(0);
    expect(near.status().losses).toBe(0);
  });

  it('is waited for by a relay until it has applied an entry, and not once it has closed', async () => {
    const [shop, near] = await started();
    const other = await shop.connect();
    const end = async (): Promise<string[]> => {
      await read(1, shop, near);
      const receipt = await shop.tide.invalidate({ keys: ['product:1'] });
      await receipt.everywhere(new AbortController().signal);
      expect(near.cache('product').peek('product:1')).toBeUndefined();
      return receipt.processes().map(({ result }) => result);
    };
    await until('both', async () => (await end()).length === 2);
    expect(await end()).toEqual(['applied', 'applied']);
    await other.close();
    expect(await end()).toEqual(['applied']);
  });

  it('learns what namespaces there are from a relay that is there', async () => {
    const [shop, near] = await started();
    const other = await shop.relay({ namespaces: { fresh: { ttl: '1m' } } });
    await read(1, shop, near);
    expect(() => near.cache('fresh')).toThrow('fresh');
    await shop.down();
    await until('the other relay', () => near.status().losses === 1);
    expect(near.cache('fresh').namespace).toBe('fresh');
    await other.close();
  });

  it('drops everything when the log has been trimmed beyond where it was, and goes on', async () => {
    const [shop, near] = await started();
    await read(5, shop, near);
    shop.line.hold();
    const before = shop.tide.head;
    for (let id = 10; id < 20; id++) shop.change(id);
    await until('the journal', () => shop.tide.head >= before + 10);
    const other = await openNats(shop.nats?.url ?? '', { stream: 'fed' }, { purgeFrom: 1 });
    expect(await other.trim(Infinity)).toBeGreaterThan(9);
    await other.close();
    shop.line.mend();
    await until('the loss', () => near.status().losses === 1);
    expect(near.cache('product').peek('product:5')).toBeUndefined();
    await proven(near);
    shop.change(5);
    await until('the event', async () => (await read(5, shop, near)) === 1);
  });

  it('trusts nothing once no relay is there, however well NATS is, and takes no word of another journal', async () => {
    const [shop, near] = await started();
    await read(1, shop, near);
    const stranger = await shop.nats!.connect();
    let epoch = '';
    for await (const said of stranger.subscribe('fed.say', { max: 1 })) ({ epoch } = said.json<{ epoch: string }>());
    const member = { id: 'x', name: 'x', role: 'relay', watermarks: { local: 9_000 } };
    const say = (whose: string, role: string): void => {
      const word = { kind: 'member', member: { ...member, role } };
      stranger.publish('fed.say', JSON.stringify({ from: 'x', epoch: whose, word }));
    };
    const beat = setInterval(() => {
      say('another journal', 'relay');
      say(epoch, 'process');
    }, 100);
    await shop.down();
    await until('the silence', () => near.status().state === 'silent');
    shop.change(1, true);
    await until('the bound', async () => (await read(1, shop, near)) === 1);
    await expect(near.emit({ type: 'product.updated', data: { id: 1 } })).rejects.toMatchObject({
      code: 'DAEMON_UNREACHABLE',
    });
    expect(near.status()).toMatchObject({ state: 'silent', behind: 0 });
    clearInterval(beat);
    await stranger.close();
    await shop.up();
    await proven(near);
  });
});

/** What docs/relays.md says that such a user needs, and nothing else. */
const PERMISSIONS = (stream: string): string => `{
  publish: ["${stream}.hello", "${stream}.time.*", "${stream}.ask.>", "$JS.API.STREAM.INFO.${stream}",
    "$JS.API.CONSUMER.CREATE.${stream}.>", "$JS.API.CONSUMER.MSG.NEXT.${stream}.>", "$JS.API.CONSUMER.DELETE.${stream}.>"]
  subscribe: ["${stream}.say", "_INBOX.>"]
}`;

withNats('of the users of NATS', () => {
  const cwd = mkdtempSync(join(tmpdir(), 'tidemark-users-'));
  let nats: NatsServer;
  let near: Connection;

  afterEach(async () => {
    await near.close();
    await endAll();
    await nats.stop();
    rmSync(cwd, { recursive: true, force: true });
  });

  it('one that may only listen and ask is enough for a process, and one without a password is not', async () => {
    nats = await NatsServer.start({
      lines: [
        `authorization { users: [
          { user: relay, password: r }
          { user: process, password: p, permissions: ${PERMISSIONS('tidemark')} }
          { user: reader, password: q, permissions: ${PERMISSIONS('tidemark').replace(', "tidemark.ask.>"', '')} }
        ] }`,
      ],
    });
    writeFileSync(
      join(cwd, 'tidemark.yaml'),
      `version: 1
journal: { type: nats, servers: '${nats.url}', user: relay, password: r }
sources: { app: { type: http } }
namespaces: { product: { ttl: 1h } }
contracts: []
`,
    );
    await startDaemon({ cwd });
    await expect(connect({ url: nats.url, timeout: 2_000 })).rejects.toMatchObject({ code: 'DAEMON_UNAUTHORIZED' });
    near = await connect({ url: nats.url.replace('//', '//process:p@'), timeout: 10_000 });
    const reader = await connect({ url: nats.url, user: 'reader', password: 'q' });
    const products = near.cache<number>('product');
    await products.getOrSet({ key: 'product:1', factory: () => 1 });
    await reader.cache<number>('product').getOrSet({ key: 'product:1', factory: () => 1 });
    await near.invalidate({ keys: ['product:1'] });
    expect(products.peek('product:1')).toBeUndefined();
    await until('the end', () => reader.cache('product').peek('product:1') === undefined);
    await expect(reader.invalidate({ keys: ['product:1'] })).rejects.toMatchObject({ code: 'DAEMON_UNAUTHORIZED' });
    await reader.close();
  });
});

withNats('a process with two relays', () => {
  const cwd = mkdtempSync(join(tmpdir(), 'tidemark-two-'));
  const db = open(join(cwd, 'shop.db'));
  let nats: NatsServer;
  let near: Connection;

  afterEach(async () => {
    await near.close();
    await endAll();
    await nats.stop();
    db.close();
    rmSync(cwd, { recursive: true, force: true });
  });

  const change = (id: number): void => {
    db.prepare(`INSERT INTO outbox (type, data) VALUES ('product.updated', ?)`).run(JSON.stringify({ id }));
  };
  const owns = async ({ url }: Daemon): Promise<boolean> => {
    const { relays } = (await (await fetch(`${url}/v1/status`)).json()) as Status;
    return relays?.work.find(({ name }) => name === 'source:shop')?.ours === true;
  };

  it('goes on without a gap when the owner hangs or is killed, and is answered by the other one', async () => {
    nats = await NatsServer.start();
    db.exec(`PRAGMA journal_mode = WAL; ${outboxSchema()}`);
    writeFileSync(
      join(cwd, 'tidemark.yaml'),
      `version: 1
journal: { type: nats, servers: '${nats.url}' }
sources: { shop: { type: outbox, path: shop.db, interval: 20 }, app: { type: http } }
namespaces: { product: { ttl: 1h, max_staleness: 10s, sources: [shop] } }
contracts: [{ name: product, trigger: product.*, actions: [{ delete_key: 'product:{id}' }] }]
`,
    );
    const one = await startDaemon({ cwd });
    await until('an owner', () => owns(one));
    const other = await startDaemon({ cwd });
    near = await connect({ url: nats.url });
    await proven(near);
    const products = near.cache<number>('product');
    const fill = async (id: number): Promise<void> => {
      await products.getOrSet({ key: `product:${id}`, factory: () => id });
      expect(products.peek(`product:${id}`)).toBe(id);
    };
    const ended = (id: number): Promise<void> => until('the end', () => products.peek(`product:${id}`) === undefined);
    for (const id of [1, 2, 3, 9]) await fill(id);
    change(1);
    await ended(1);

    one.kill('SIGSTOP');
    change(2);
    await ended(2);
    await proven(near);
    // Nobody waits for the one that hangs.
    for (let i = 0; i < 4; i++) await near.emit({ type: 'product.updated', data: { id: 100 + i } });
    one.kill('SIGCONT');
    await until('the old owner to stand by', async () => !(await owns(one)));

    other.kill('SIGKILL');
    change(3);
    await ended(3);
    await proven(near);
    await near.invalidate({ keys: ['product:7'] });
    expect([products.peek('product:9'), near.status().losses]).toEqual([9, 0]);
    expect(near.status().state).toBe('fed');
  }, 90_000);
});
