/**
 * Appends to a SQLite journal until it is killed, and tells each append that has resolved: "offset id" a line.
 *
 *   node journal-writer.mjs DIST FOLDER SEED
 *
 * Two sources at once: `feed` has order and sends transactions in parts, `hook` has none. Both send some things twice.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [dist, folder, seed] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(dist, path)).href);
const { sqliteJournal } = await load('journal/sqlite.js');
const { realRuntime } = await load('runtime/real.js');
const { SeededRandom } = await load('runtime/virtual.js');

const random = new SeededRandom(Number(seed));
const below = (count) => Math.floor(random.next() * count);
const options = sqliteJournal.options.parse({ path: 'journal.db' });
const journal = await sqliteJournal.open({ runtime: realRuntime(), baseDir: folder }, options);
const plan = { contractHash: 'h', actions: [{ kind: 'delete_key', target: 'k:1', contract: 'c' }], problems: [] };

function batch(source, position, first, commit, ids) {
  const events = ids.map((id) => ({ id, type: 't', source, data: 'x'.repeat(below(400)) }));
  const plans = events.map(() => plan);
  return { source, epoch: 'e', position, first, commit, events, plans, receivedAt: Date.now() };
}

async function append(one) {
  const { offset } = await journal.append(one);
  // A pipe is written to synchronously, so what was told was durable before.
  process.stdout.write(`${offset} ${one.events.at(-1).id}\n`);
}

/** Transaction n has n % 9 + 1 changes, so that the parent knows the whole of it. */
function transaction(n) {
  const position = String(n).padStart(12, '0');
  const ids = Array.from({ length: (n % 9) + 1 }, (_, index) => `${n}:${index}`);
  const cut = below(ids.length);
  if (cut === 0) return [batch('feed', position, 0, true, ids)];
  const [head, tail] = [ids.slice(0, cut), ids.slice(cut)];
  return [batch('feed', position, 0, false, head), batch('feed', position, cut, true, tail)];
}

async function feed() {
  const resume = await journal.resumeAt('feed');
  const pending = [];
  for (let n = Math.max(1, Number(resume?.position ?? 0) + 1 - below(3)); ; n++) {
    for (const part of transaction(n)) pending.push(append(part));
    while (pending.length > 8) await pending.shift();
  }
}

async function hook() {
  for (let n = 0; ; n++) {
    const ids = [`${seed}-${n}`, `${seed}-${Math.max(0, n - below(3))}`];
    await append(batch('hook', null, 0, true, ids.slice(0, 1 + below(2))));
  }
}

await Promise.all([feed(), hook()]);
