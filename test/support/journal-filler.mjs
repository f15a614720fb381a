/**
 * Appends to a SQLite journal until that fails, then tells what happened as one line of JSON.
 *
 *   node journal-filler.mjs DIST FOLDER
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [dist, folder] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(join(dist, path)).href);
const { sqliteJournal } = await load('journal/sqlite.js');
const { realRuntime } = await load('runtime/real.js');

const options = sqliteJournal.options.parse({ path: 'journal.db' });
const journal = await sqliteJournal.open({ runtime: realRuntime(), baseDir: folder }, options);
const plan = { contractHash: 'h', actions: [], problems: [] };
const append = (n) => {
  const position = String(n).padStart(6, '0');
  const events = [{ id: String(n), type: 't', source: 's', data: 'x'.repeat(3_000) }];
  return journal.append({
    source: 's',
    epoch: 'e',
    position,
    first: 0,
    commit: true,
    events,
    plans: [plan],
    receivedAt: n,
  });
};

const told = { appended: 0, code: '', reaction: '', head: 0, read: 0, again: '' };
try {
  for (let n = 1; ; n++) {
    await append(n);
    told.appended = n;
  }
} catch (error) {
  told.code = error.code;
  told.reaction = error.reaction;
}
told.head = journal.head;
told.read = (await journal.read(0, 1_000_000)).length;
await journal.resumeAt('s');
told.again = await append(told.appended + 1).then(
  () => 'appended',
  (error) => error.code,
);
process.stdout.write(JSON.stringify(told));
process.exit();
