import { CACHE_ERRORS } from './errors-of-caches.ts';
import { NATS_ERRORS } from './errors-of-nats.ts';
import { REDIS_ERRORS } from './errors-of-redis.ts';
import { RELAY_ERRORS } from './errors-of-relays.ts';
import { KINDS, TidemarkError as OwnError } from './tidemark-error.ts';

/** How the supervisor reacts to an error. Only `pipeline/supervise.ts` reads it. */
export type Reaction =
  /** The same may succeed later: back off and try again. */
  | 'retry'
  /** The feed's continuity is lost: widen, then start again at the head. */
  | 'resync'
  /** This input is wrong and always will be: dead letter, go on. */
  | 'reject'
  /** Another daemon does this now: stop, until it is this one's turn again. */
  | 'yield'
  /** Nothing can go on until a person has changed something. */
  | 'halt';

export interface ErrorKind {
  readonly sentence: string;
  readonly hint: string;
  readonly reaction: Reaction;
}

/** Every error a user can meet: its code, what it means and what to do. The documentation's table is made from it. */
export const ERRORS = {
  ...CACHE_ERRORS,
  ASSERTION: {
    sentence: 'an invariant of Tidemark does not hold',
    hint: 'this is a bug in Tidemark: please report it with the message',
    reaction: 'halt',
  },
  CONFIG_INVALID: {
    sentence: 'the configuration or its contracts have mistakes',
    hint: 'correct the findings listed; `tidemark check` prints them again',
    reaction: 'halt',
  },
  SOURCE_UNKNOWN: {
    sentence: 'the source is not configured',
    hint: 'use a name under `sources:` of the configuration',
    reaction: 'reject',
  },
  EVENT_INVALID: {
    sentence: 'the event cannot be used',
    hint: 'give a `type` such as "product.updated" and `data` as JSON',
    reaction: 'reject',
  },
  INVALIDATION_INVALID: {
    sentence: 'the invalidation message cannot be used',
    hint: 'give at least one of `keys`, `tags`, `namespaces` and `urls`, as lists of strings',
    reaction: 'reject',
  },
  STAMP_INVALID: {
    sentence: 'the stamp of the fill cannot be used',
    hint: 'read the key first; the answer to a miss holds the stamp to fill with',
    reaction: 'reject',
  },
  DEAD_LETTER_UNKNOWN: {
    sentence: 'there is no such dead letter',
    hint: 'list them with `tidemark dead-letters list`',
    reaction: 'reject',
  },
  PROJECTION_UNBOUND: {
    sentence: 'a projection has neither a url nor a function',
    hint: 'give `url` in the configuration or a function of that name in the `projections` of Tidemark.start',
    reaction: 'halt',
  },
  PROJECTION_TIMEOUT: {
    sentence: 'a projection did not finish its refresh in time',
    hint: 'make the refresh faster, honour its signal, or raise `timeout` of the projection',
    reaction: 'retry',
  },
  CONFIG_MISSING: {
    sentence: 'there is no configuration',
    hint: 'write a tidemark.yaml, name one with --config, or try `tidemark dev`, which needs none',
    reaction: 'halt',
  },
  LISTEN_IN_USE: {
    sentence: 'the address to listen on is taken',
    hint: 'stop the other program (perhaps another `tidemark run`), or choose another with --listen',
    reaction: 'halt',
  },
  LISTEN_IMPOSSIBLE: {
    sentence: 'the address cannot be listened on',
    hint: 'choose an address of this machine with --listen, e.g. 127.0.0.1:4100; ports below 1024 need privileges',
    reaction: 'halt',
  },
  LISTEN_UNPROTECTED: {
    sentence: 'an address that other machines can reach needs an admin token',
    hint: 'set `server.admin_token` (e.g. ${TIDEMARK_ADMIN_TOKEN}), or listen on 127.0.0.1',
    reaction: 'halt',
  },
  FILE_UNREADABLE: {
    sentence: 'the file cannot be read',
    hint: 'check its path and permissions',
    reaction: 'halt',
  },
  SQLITE_UNAVAILABLE: {
    sentence: 'no SQLite driver can be loaded',
    hint: 'use Node 22 or later, which has one built in, or run `npm install` again so that @photostructure/sqlite is there; `journal: { type: memory }` needs none',
    reaction: 'halt',
  },
  JOURNAL_LOCKED: {
    sentence: 'another process has the journal open',
    hint: 'one daemon owns a journal: stop the other one, or give this one a `journal.path` of its own',
    reaction: 'halt',
  },
  JOURNAL_OPEN_FAILED: {
    sentence: 'the journal cannot be opened',
    hint: 'look at `journal.path`: its directory must exist or be creatable, and the file must be readable and writable',
    reaction: 'halt',
  },
  JOURNAL_FOREIGN: {
    sentence: 'the file is not a Tidemark journal',
    hint: 'point `journal.path` at a file of its own; Tidemark does not write into other databases',
    reaction: 'halt',
  },
  JOURNAL_NEWER: {
    sentence: 'the journal was written by a newer version of Tidemark',
    hint: 'run that version or a later one; to go back, start with a new `journal.path` or `journal.stream`, which invalidates everything once',
    reaction: 'halt',
  },
  JOURNAL_WRITE_FAILED: {
    sentence: 'the journal could not be written, and nothing of this write is in it',
    hint: 'look at the space and the health of the disk that holds `journal.path`; Tidemark tries again by itself',
    reaction: 'retry',
  },
  JOURNAL_CORRUPT: {
    sentence: 'the journal is damaged',
    hint: 'move the file away, or name another `journal.stream` (keep the old one for salvage), and start again: sources that can replay resume, everything else is invalidated once',
    reaction: 'halt',
  },
  JOURNAL_PART_MISSING: {
    sentence: 'a part of a transaction came without the parts before it',
    hint: 'the source is started again from the last whole transaction; if it repeats, report it with the name of the source',
    reaction: 'retry',
  },
  JOURNAL_FULL: {
    sentence: 'the memory journal is full of entries that a consumer has still to read',
    hint: 'a layer or projection is behind: look at `tidemark status`; raise `journal.max_entries` or use `type: sqlite`',
    reaction: 'retry',
  },
  EVENT_UNSTORABLE: {
    sentence: 'the event cannot be written as JSON of at most 64 MiB',
    hint: 'send less in one event: contracts need identifiers, not documents',
    reaction: 'reject',
  },
  POSTGRES_UNREACHABLE: {
    sentence: 'PostgreSQL cannot be reached',
    hint: 'check the url and that the server runs; it is tried again by itself',
    reaction: 'retry',
  },
  POSTGRES_SILENT: {
    sentence: 'PostgreSQL has stopped sending',
    hint: 'the connection is taken for dead and made anew; look at the network between, and at the load of the server',
    reaction: 'retry',
  },
  POSTGRES_AUTH: {
    sentence: 'PostgreSQL refuses the login',
    hint: 'check user, password and database in the url, and pg_hba.conf; it is tried again by itself',
    reaction: 'retry',
  },
  POSTGRES_PRIVILEGE: {
    sentence: 'the PostgreSQL user may not do this',
    hint: 'it needs REPLICATION, and with `create: true` CREATE on the database and ownership of the tables; or create publication and slot yourself and say `create: false`',
    reaction: 'retry',
  },
  POSTGRES_VERSION: {
    sentence: 'this version of PostgreSQL is too old',
    hint: 'version 14 is the first whose change feed carries messages, which freshness is proven by',
    reaction: 'halt',
  },
  POSTGRES_WAL_LEVEL: {
    sentence: 'PostgreSQL does not write what a change feed needs',
    hint: "run: ALTER SYSTEM SET wal_level = 'logical'; then restart the server",
    reaction: 'halt',
  },
  POSTGRES_STANDBY: {
    sentence: 'this PostgreSQL is a standby, and freshness can only be proven on the primary',
    hint: 'let the url lead to the primary, e.g. with target_session_attrs or a name that follows a failover',
    reaction: 'retry',
  },
  POSTGRES_TABLE_MISSING: {
    sentence: 'a table of the configuration does not exist',
    hint: 'check the names under `tables:`; they are case-sensitive and `schema.table`',
    reaction: 'retry',
  },
  POSTGRES_NOT_A_TABLE: {
    sentence: 'only tables have a change feed',
    hint: 'name the tables behind the view, foreign table or materialized view instead',
    reaction: 'halt',
  },
  POSTGRES_NO_IDENTITY: {
    sentence: 'a table has no replica identity, so publishing it would make its UPDATEs and DELETEs fail',
    hint: 'give it a primary key, or REPLICA IDENTITY FULL',
    reaction: 'retry',
  },
  POSTGRES_PUBLICATION_MISSING: {
    sentence: 'the publication does not exist',
    hint: 'create it, or let Tidemark do it with `create: true`',
    reaction: 'retry',
  },
  POSTGRES_PUBLICATION_INCOMPLETE: {
    sentence: 'the publication leaves out changes that are needed',
    hint: 'alter it as shown, or let Tidemark do it with `create: true`',
    reaction: 'retry',
  },
  POSTGRES_SLOT_MISSING: {
    sentence: 'the replication slot does not exist',
    hint: "create it with pg_create_logical_replication_slot(name, 'pgoutput'), or let Tidemark do it with `create: true`",
    reaction: 'retry',
  },
  POSTGRES_SLOT_LOST: {
    sentence: 'PostgreSQL has given up the replication slot',
    hint: 'Tidemark was away longer than max_slot_wal_keep_size allows; with `create: true` it starts a new slot, and says that there is a gap',
    reaction: 'retry',
  },
  POSTGRES_SLOT_BUSY: {
    sentence: 'the replication slot is in use by another process',
    hint: 'only one Tidemark can read a slot: stop the other one, or give this source a `slot:` of its own',
    reaction: 'retry',
  },
  POSTGRES_SLOT_FOREIGN: {
    sentence: 'the replication slot belongs to something else',
    hint: 'give this source a `slot:` of its own',
    reaction: 'halt',
  },
  POSTGRES_SLOTS_FULL: {
    sentence: 'PostgreSQL has no room for another replication slot or connection',
    hint: 'raise max_replication_slots or max_wal_senders, or drop slots that nobody uses (pg_replication_slots)',
    reaction: 'retry',
  },
  POSTGRES_COVERAGE_CHANGED: {
    sentence: 'a table, its columns or the publication have been altered',
    hint: 'nothing to do: the feed starts again, and what was cached from these tables is dropped',
    reaction: 'retry',
  },
  POSTGRES_PROTOCOL: {
    sentence: 'PostgreSQL sent something that cannot be read',
    hint: 'please report it with the message and the version of the server',
    reaction: 'resync',
  },
  POSTGRES_FAILED: {
    sentence: 'PostgreSQL reports an error',
    hint: "the message is the server's own; it is tried again by itself",
    reaction: 'retry',
  },
  CALL_URL_INVALID: {
    sentence: 'the URL cannot be called',
    hint: 'write http:// or https:// with a plain host, e.g. http://127.0.0.1:3000/refresh',
    reaction: 'reject',
  },
  CALL_ADDRESS_REFUSED: {
    sentence: 'the name leads to an address that is not called without permission',
    hint: 'list the subnet under `allow` of the projection, or write the address itself in the URL',
    reaction: 'reject',
  },
  CALL_FAILED: {
    sentence: 'the HTTP service could not be called',
    hint: 'check that it runs and can be reached from here',
    reaction: 'retry',
  },
  CALL_TIMEOUT: {
    sentence: 'the HTTP service did not answer in time',
    hint: 'make it answer sooner, or raise `timeout`',
    reaction: 'retry',
  },
  CALL_STATUS: {
    sentence: 'the HTTP service answered with an error',
    hint: 'look at its log; the call is tried again',
    reaction: 'retry',
  },
  CALL_REJECTED: {
    sentence: 'the HTTP service refuses the call',
    hint: 'correct the URL, method, headers or credentials; redirects are not followed',
    reaction: 'reject',
  },
  ...NATS_ERRORS,
  ...REDIS_ERRORS,
  ...RELAY_ERRORS,
  OUTBOX_UNREADABLE: {
    sentence: 'the outbox cannot be read',
    hint: 'look at the file: it must be a SQLite database that this process may read and, to delete what was taken over, write',
    reaction: 'retry',
  },
  OUTBOX_TABLE_INVALID: {
    sentence: 'the outbox table does not have the form that Tidemark reads',
    hint: 'create it with the SQL of `outboxSchema()`: id INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT, data TEXT',
    reaction: 'halt',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** The one error class, with every code. */
export const TidemarkError = OwnError as unknown as new (
  code: ErrorCode,
  particulars?: string,
  options?: { cause?: unknown },
) => OwnError;
export type TidemarkError = OwnError;

Object.assign(KINDS, ERRORS);

/** Holds an invariant, in production too. The message begins with its id in SPEC.md. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new TidemarkError('ASSERTION', message);
}
