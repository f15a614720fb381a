/**
 * A source that is faster than its layer, over the real SQLite journal: run in a process of its own with a small heap.
 *
 *   node --expose-gc --max-old-space-size=96 backlog.mjs DIST FOLDER EVENTS [open]
 *
 * `open`: all of it is one transaction that comes in parts and ends with the last. The layer stands still until everything is in the journal, then catches up. Prints one line of JSON with the live
 * heap after a tenth of the events, after all of them, and after catching up.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [dist, folder, count, shape] = process.argv.slice(2);
const events = Number(count);
const isOpen = shape === 'open';
const load = (path) => import(pathToFileURL(join(dist, path)).href);
const { sqliteJournal } = await load('journal/sqlite.js');
const { realRuntime } = await load('runtime/real.js');
const { Observers } = await load('runtime/observers.js');
const { Intake } = await load('pipeline/intake.js');
const { Feed } = await load('pipeline/supervise.js');
const { Delivery } = await load('pipeline/deliver.js');

const runtime = realRuntime();
const observers = new Observers(runtime.clock);
const journal = await sqliteJournal.open(
  { runtime, baseDir: folder },
  sqliteJournal.options.parse({ path: 'journal.db' }),
);
const plan = ({ id }) => ({
  contractHash: 'h',
  actions: [
    { kind: 'delete_key', target: `product:${id}`, contract: 'c' },
    { kind: 'purge_tag', target: `product-${id}`, contract: 'c' },
  ],
  problems: [],
});
const intake = new Intake({ journal, runtime, observers, plan });

const live = () => {
  globalThis.gc();
  return process.memoryUsage().heapUsed;
};
const heap = {};
let acked = 0;
const finished = deferred();

/** Transactions of ten changes, or parts of ten of a single one, as fast as they are taken. */
async function* stream() {
  for (let n = 1; n <= events / 10; n++) {
    const changes = Array.from({ length: 10 }, (_, i) => ({
      id: `${n}-${i}`,
      type: 'product.updated',
      source: 'db',
      data: {
        product_id: n * 10 + i,
        name: `product number ${n * 10 + i}`,
        price: '19.90',
        description: 'x'.repeat(100),
      },
    }));
    const position = String(isOpen ? 1 : n).padStart(16, '0');
    const part = { first: isOpen ? (n - 1) * 10 : 0, commit: !isOpen || n === events / 10 };
    yield { kind: 'batch', batch: { source: 'db', epoch: 'e', position, ...part, events: changes, receivedAt: 0 } };
    if (n === events / 100) heap.tenth = live();
  }
}
const stop = new AbortController();
const source = {
  async *open(_after, signal) {
    yield* stream();
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  },
  ack: (position) => {
    acked = Number(position);
    if (acked === (isOpen ? 1 : events / 10)) finished.resolve();
    return Promise.resolve();
  },
  report: () => ({ state: 'streaming' }),
  close: () => Promise.resolve(),
};

const startedAt = performance.now();
const feed = new Feed({
  name: 'db',
  source,
  journal,
  runtime,
  observers,
  accept: (one) => intake.acceptWhole(one),
  proven: () => undefined,
});
const feeding = feed.run(stop.signal);
await finished.promise;
const appendSeconds = (performance.now() - startedAt) / 1000;
heap.all = live();

let applied = 0;
const layer = {
  name: 'slow',
  can: new Set(['delete_key', 'purge_tag']),
  apply: async (actions) => {
    applied += actions.length;
    await runtime.clock.turn();
    return actions.map(() => ({ status: 'applied' }));
  },
};
const caughtUp = deferred();
const inner = { watermark: () => journal.head, moved: (after, signal) => journal.changed(after, signal) };
const catchUpAt = performance.now();
const delivery = new Delivery(
  {
    layer,
    journal,
    runtime,
    observers,
    inner,
    canEnd: () => true,
    failed: () => undefined,
    settled: (mark) => mark === journal.head && caughtUp.resolve(),
  },
  0,
);
const delivering = delivery.run(stop.signal);
await caughtUp.promise;
const catchUpSeconds = (performance.now() - catchUpAt) / 1000;
heap.caughtUp = live();
stop.abort();
await Promise.all([feeding, delivering]);
await journal.close();
process.stdout.write(
  `${JSON.stringify({ events, head: journal.head, applied, heap, maxRss: process.resourceUsage().maxRSS * 1024, appendSeconds, catchUpSeconds })}\n`,
);

function deferred() {
  let resolve;
  const promise = new Promise((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
