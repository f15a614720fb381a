import type { ErrorKind } from './errors.ts';

/** The part of the table in `errors.ts` that a process meets which only caches: all that `tidemark/client` carries of it. */
export const CACHE_ERRORS = {
  NAMESPACE_UNKNOWN: {
    sentence: 'the namespace is not configured',
    hint: 'add it under `namespaces:` with a `ttl`',
    reaction: 'reject',
  },
  CLOSED: {
    sentence: 'Tidemark is closed',
    hint: 'the process is shutting down; send the request to another one or later',
    reaction: 'halt',
  },
  FRESHNESS_UNPROVEN: {
    sentence: 'the value cannot be proven fresh and the namespace says `when_uncertain: error`',
    hint: 'look at the sources of the namespace with `tidemark status`',
    reaction: 'retry',
  },
  SNAPSHOT_UNPROVABLE: {
    sentence: 'a consistent read needs a namespace whose sources can all prove freshness',
    hint: 'name only sources that prove under `sources:` of the namespace, or read without `consistent`',
    reaction: 'reject',
  },
  SNAPSHOT_UNREACHED: {
    sentence: 'no moment was found at which all keys of a consistent read were current together',
    hint: 'give more `wait`, read fewer keys that change all the time, or look at the sources with `tidemark status`',
    reaction: 'retry',
  },
  TOKEN_INVALID: {
    sentence: 'what was given as `atLeast` is no position',
    hint: 'give what `cache.position()`, a receipt (`offset`) or `read` (`upTo`) gave, unchanged; drop one that a client has sent back spoiled',
    reaction: 'reject',
  },
  POSITION_UNKNOWN: {
    sentence: 'no source can tell where its history has got to',
    hint: 'call it after the commit, name a source that can tell (postgres, outbox), and see with `tidemark status` whether it streams',
    reaction: 'retry',
  },
  POSITION_UNREACHED: {
    sentence: 'the factory read a place that does not have what `atLeast` asks for',
    hint: 'read the primary when `context.atLeast` is given, or give `stamped` the primary to fall back to',
    reaction: 'retry',
  },
  LOAD_ELSEWHERE: {
    sentence: 'another process is still loading it',
    hint: 'make the load faster, raise `load_wait` of the namespace, or let readers load it themselves: when_load_waits: load',
    reaction: 'retry',
  },
  LOAD_TIMEOUT: {
    sentence: 'the factory did not finish in time',
    hint: 'make the load faster, honour ctx.signal, or give `timeout` in the read options',
    reaction: 'retry',
  },
  OPTION_INVALID: {
    sentence: 'an option has a value that cannot be used',
    hint: 'see the documentation of the call',
    reaction: 'reject',
  },
  VALUE_UNDEFINED: {
    sentence: 'the factory returned undefined, which is not a value',
    hint: 'return null to cache an absence, or call ctx.skip() to cache nothing',
    reaction: 'reject',
  },
  FEED_VERSION_UNKNOWN: {
    sentence: 'the daemon speaks another version of the feed',
    hint: 'run the same version of Tidemark in the daemon and in the processes that it feeds',
    reaction: 'halt',
  },
  FEED_BROKEN: {
    sentence: 'the daemon told something that does not follow what it told before',
    hint: 'the connection is made anew by itself; if this comes again and again, please report it with the message',
    reaction: 'retry',
  },
  DAEMON_UNREACHABLE: {
    sentence: 'no Tidemark daemon answers',
    hint: 'start one with `tidemark run` or `tidemark dev`, or name another with --url',
    reaction: 'retry',
  },
  DAEMON_FOREIGN: {
    sentence: 'what answers there is not a Tidemark daemon',
    hint: 'correct --url (or TIDEMARK_URL, or `server.listen` in tidemark.yaml)',
    reaction: 'halt',
  },
  DAEMON_UNAUTHORIZED: {
    sentence: 'the daemon refuses the request without its admin token',
    hint: 'give it with --token or in TIDEMARK_ADMIN_TOKEN',
    reaction: 'halt',
  },
  DAEMON_HUNG_UP: {
    sentence: 'the daemon ended the stream',
    hint: 'it may be restarting: look at its log, then run the command again',
    reaction: 'retry',
  },
} as const satisfies Record<string, ErrorKind>;
