import type { ErrorKind } from './errors.ts';

/** The part of the table in `errors.ts` that is about the layer on Redis and Valkey. */
export const REDIS_ERRORS = {
  VALUE_UNSERIALIZABLE: {
    sentence: 'the value cannot be stored in a shared layer, because it would not come back as it is',
    hint: 'let the factory return plain objects, or give the layer a serializer of your own in `serializers` of Tidemark.start',
    reaction: 'reject',
  },
  REDIS_UNREACHABLE: {
    sentence: 'redis cannot be reached',
    hint: 'check the url and that the server runs; it is tried again by itself, and reads go on without it',
    reaction: 'retry',
  },
  REDIS_TIMEOUT: {
    sentence: 'redis did not answer in time',
    hint: 'look at its load and at the network between (SLOWLOG GET, LATENCY DOCTOR); reads go on without it',
    reaction: 'retry',
  },
  REDIS_AUTH: {
    sentence: 'redis refuses the user',
    hint: 'check user and password in the url; the user needs EVALSHA, EVAL, INFO and all keys of the prefix',
    reaction: 'retry',
  },
  REDIS_FULL: {
    sentence: 'redis has no memory left',
    hint: 'raise maxmemory, or let entries make room for each other with maxmemory-policy volatile-lru',
    reaction: 'retry',
  },
  REDIS_NOT_NOW: {
    sentence: 'redis cannot do this now',
    hint: 'it is loading, failing over, or a replica: it is tried again by itself',
    reaction: 'retry',
  },
  REDIS_FAILED: {
    sentence: 'redis reports an error',
    hint: "the message is the server's own; it is tried again by itself",
    reaction: 'retry',
  },
  REDIS_VERSION: {
    sentence: 'this version of redis is too old',
    hint: 'use Redis 7 or later, or Valkey: older ones refuse invalidations when their memory is full',
    reaction: 'halt',
  },
  REDIS_DEPOSED: {
    sentence: 'a newer daemon owns the shared layer',
    hint: 'stop one of the two, or give them layers of their own by `prefix`; if a clock was set back, wait or delete the records (prefix:…:r)',
    reaction: 'halt',
  },
  REDIS_BEHIND: {
    sentence: 'a part of the shared layer is at an earlier state, or not claimed any more',
    hint: 'nothing to do: it failed over, was emptied or the contracts have changed; what it lacks is applied again',
    reaction: 'retry',
  },
  SHARED_LAYER_UNKNOWN: {
    sentence: 'the daemon has no such shared layer, so nothing would end what is stored there',
    hint: 'add it under `layers:` of the daemon, give its name in `shared.name`, or connect without `shared`',
    reaction: 'reject',
  },
  SHARED_LAYER_DIFFERS: {
    sentence: 'the shared layer is not the one that the daemon ends entries in',
    hint: 'give `shared` the server and database that the layer of the daemon has, and run the same version of Tidemark in both',
    reaction: 'reject',
  },
} as const satisfies Record<string, ErrorKind>;
