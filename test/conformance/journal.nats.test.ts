import { afterAll, beforeAll, describe, it } from 'vitest';
import type { RelayJournal } from './relays.ts';
import { NatsServer, natsSuite } from '../support/nats.ts';
import { newStream, openNats } from '../support/nats-journal.ts';
import { Line } from '../support/line.ts';
import { journalConformance } from './journal.ts';
import { relaysConformance } from './relays.ts';

const suite = await natsSuite();
const frame = { describe, it: (claim: string, body: () => Promise<void>) => it(claim, { timeout: 60_000 }, body) };

suite('conformance over a real nats-server', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await NatsServer.start();
  });
  afterAll(() => server.stop());

  // The second writes a checkpoint and forgets messages all the time.
  for (const [name, sizes] of [
    ['nats', {}],
    ['nats, short', { checkpointEvery: 3, purgeFrom: 1 }],
  ] as const)
    journalConformance(frame, name, async () => {
      const stream = newStream();
      let journal: RelayJournal = await openNats(server.url, { stream }, sizes);
      return {
        journal,
        restart: async () => {
          await journal.close();
          journal = await openNats(server.url, { stream }, sizes);
          return journal;
        },
        dispose: async () => {
          await journal.close();
        },
      };
    });

  relaysConformance(frame, 'nats', async () => {
    const stream = newStream();
    const line = await Line.open(server.port);
    const one = await openNats(`nats://127.0.0.1:${line.port}`, { stream });
    const other = await openNats(server.url, { stream });
    return {
      one,
      other,
      cutOne: () => {
        line.away();
        return Promise.resolve();
      },
      mendOne: () => {
        line.mend();
        return Promise.resolve();
      },
      pass: () => new Promise((resolve) => setTimeout(resolve, 20)),
      dispose: async () => {
        line.mend();
        await one.close();
        await other.close();
        await line.close();
      },
    };
  });
});
