interface RefusalKind {
  readonly status: number;
  readonly hint: string;
}

/** Every way in which the HTTP API itself says no. `docs/http-api.md` lists them; a test compares. */
export const REFUSALS = {
  BODY_TOO_LARGE: { status: 413, hint: 'send fewer events in one request' },
  BODY_ENCODING: { status: 415, hint: 'send the body as it is, or with one of gzip, deflate, br' },
  BODY_CORRUPT: { status: 400, hint: 'the body is not what its Content-Encoding or Content-Length says' },
  BODY_MISSING: { status: 400, hint: 'send a JSON object with Content-Type: application/json' },
  BODY_INVALID: { status: 400, hint: 'correct the fields named; docs/http-api.md shows each body' },
  CONTENT_TYPE: { status: 415, hint: 'send Content-Type: application/json' },
  JSON_SYNTAX: { status: 400, hint: 'send valid JSON in UTF-8' },
  JSON_DEPTH: { status: 400, hint: 'flatten the document' },
  JSON_KEY: { status: 400, hint: 'rename the field: it could change objects that it is copied into' },
  JSON_NUMBER: { status: 400, hint: 'send it as a string, so that no digit is lost' },
  JSON_TEXT: { status: 400, hint: 'send well-formed Unicode: a surrogate needs its other half' },
  PARAMETER_INVALID: { status: 400, hint: 'correct the parameter named; docs/http-api.md lists them' },
  URL_INVALID: { status: 400, hint: 'percent-encode the path as UTF-8' },
  STAMP_MISSING: {
    status: 400,
    hint: 'GET the key first: its 404 carries the stamp that a load beginning then may fill with',
  },
  FILL_REFUSED: { status: 409, hint: 'use the value once, do not cache it; GET again for a new stamp' },
  TOKEN_MISSING: { status: 401, hint: 'send Authorization: Bearer with the value of server.admin_token' },
  TOKEN_WRONG: { status: 401, hint: 'send Authorization: Bearer with the value of server.admin_token' },
  TOKEN_FAILURES: { status: 429, hint: 'wait as long as Retry-After says; correct the token first' },
  HOST_FORBIDDEN: { status: 403, hint: 'use localhost, an IP address, or a name that the server is told to accept' },
  ORIGIN_FORBIDDEN: { status: 403, hint: 'this API is for programs and for its own pages, not for other sites' },
  ROUTE_UNKNOWN: { status: 404, hint: 'docs/http-api.md lists the routes' },
  METHOD_UNKNOWN: { status: 405, hint: 'use one of the methods in the Allow header' },
  SOURCE_UNKNOWN: { status: 404, hint: 'add a source with this name, or one of type http, to `sources:`' },
  DEAD_LETTER_UNKNOWN: { status: 404, hint: 'GET /v1/dead-letters lists those that are left' },
  DEAD_LETTER_STAYS: { status: 409, hint: 'correct the cause (contract, layer or projection), then retry again' },
  REPLAY_RUNNING: { status: 409, hint: 'wait for it, or end its request to cancel it' },
  RELOAD_REFUSED: { status: 422, hint: 'correct the findings; the old contracts stay in force' },
  STREAMS_FULL: {
    status: 503,
    hint: 'raise server.max_streams, feed some processes from another daemon, or close streams that nobody reads',
  },
  HEADERS_TOO_LARGE: { status: 431, hint: 'send fewer or shorter headers' },
  REQUEST_TIMEOUT: { status: 408, hint: 'send the whole request sooner' },
  REQUEST_MALFORMED: { status: 400, hint: 'send HTTP/1.1' },
  CLOSING: { status: 503, hint: 'the daemon is shutting down: try again later or elsewhere' },
  INTERNAL: { status: 500, hint: 'look for the request id in the log of the daemon' },
} as const satisfies Record<string, RefusalKind>;

export type RefusalCode = keyof typeof REFUSALS;

/** Thrown by whatever looks at a request; the answer is made of it. The message may quote input, never a secret. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: RefusalCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.headers = headers;
  }

  get status(): number {
    return REFUSALS[this.code].status;
  }

  get hint(): string {
    return REFUSALS[this.code].hint;
  }
}
