import type { ErrorKind } from './errors.ts';

/** The part of the table in `errors.ts` that is about the journal on NATS JetStream. */
export const NATS_ERRORS = {
  NATS_UNREACHABLE: {
    sentence: 'nats cannot be reached',
    hint: 'check `journal.servers` and that one of them runs',
    reaction: 'halt',
  },
  NATS_AUTH: {
    sentence: 'nats refuses the user',
    hint: 'check `user` and `password`, `token` or `credentials` under `journal:`, and what the user may publish and subscribe to',
    reaction: 'halt',
  },
  NATS_NO_JETSTREAM: {
    sentence: 'nats has no JetStream for this account',
    hint: 'enable it with a `jetstream` block in the configuration of the server, or for the account',
    reaction: 'halt',
  },
  NATS_VERSION: {
    sentence: 'this version of nats-server is too old',
    hint: 'use nats-server 2.9 or later',
    reaction: 'halt',
  },
  NATS_STREAM_UNFIT: {
    sentence: 'the stream is there with a configuration that loses or reorders what the journal holds',
    hint: 'give the journal a `stream` of its own, which Tidemark makes, or correct the configuration of this one',
    reaction: 'halt',
  },
  NATS_STREAM_GONE: {
    sentence: 'the stream of the journal was deleted or set back while it was open',
    hint: 'start the daemon again: it begins with what is there, and sources that can replay resume',
    reaction: 'halt',
  },
  NATS_STREAM_FULL: {
    sentence: 'the stream of the journal has no room left, and nothing of this write is in it',
    hint: 'raise `journal.max_bytes` or the limits of the account, shorten `journal.retention`, and look for a consumer that is behind with `tidemark status`',
    reaction: 'retry',
  },
  NATS_FAILED: {
    sentence: 'nats reports an error',
    hint: "the message is the server's own; look at its log",
    reaction: 'retry',
  },
} as const satisfies Record<string, ErrorKind>;
