import { TidemarkError } from '../tidemark-error.ts';
import { EventStream } from './event-stream.ts';
import { refusalOf } from './refusal.ts';

/** Longer than any request that does not wait for layers; a daemon that is silent for this long is hung. */
const ANSWER_MS = 15_000;
/** One event of a stream; the journal accepts no larger one. */
const STREAM_EVENT_CHARACTERS_MAX = 16 * 1024 * 1024;

export interface DaemonAddress {
  readonly url: string;
  readonly token?: string | undefined;
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds until the daemon counts as hung. `null`: as long as it takes. */
  readonly timeoutMs?: number | null;
}

export interface StreamEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

/** The daemon's HTTP API as the commands use it. Every failure is a TidemarkError that says what to do. */
export class Daemon {
  readonly url: string;
  readonly #token: string | undefined;

  constructor(address: DaemonAddress) {
    this.url = address.url.replace(/\/+$/, '');
    this.#token = address.token;
  }

  async request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
    const response = await this.#send(method, path, options);
    return (await this.#json(response)) as T;
  }

  /** Follows server-sent events until the daemon ends the stream or the signal aborts (then it just ends). */
  async *stream(
    method: 'GET' | 'POST',
    path: string,
    options: { readonly lastEventId?: string; readonly signal: AbortSignal; readonly body?: unknown },
  ): AsyncGenerator<StreamEvent> {
    const headers: Record<string, string> = { accept: 'text/event-stream' };
    if (options.lastEventId !== undefined) headers['last-event-id'] = options.lastEventId;
    try {
      const response = await this.#send(method, path, { ...options, timeoutMs: null, headers });
      if (!response.headers.get('content-type')?.startsWith('text/event-stream') || !response.body) {
        throw new TidemarkError('DAEMON_FOREIGN', `${this.url}${path} is not an event stream`);
      }
      yield* eventsOf(response.body);
    } catch (error) {
      if (options.signal.aborted) return;
      if (error instanceof TidemarkError) throw error;
      throw new TidemarkError('DAEMON_HUNG_UP', this.url, { cause: error });
    }
  }

  async #send(
    method: string,
    path: string,
    options: RequestOptions & { readonly headers?: Record<string, string> },
  ): Promise<Response> {
    const { timeoutMs = ANSWER_MS } = options;
    const signals = [
      ...(options.signal ? [options.signal] : []),
      ...(timeoutMs === null ? [] : [AbortSignal.timeout(timeoutMs)]),
    ];
    const headers: Record<string, string> = { accept: 'application/json', ...options.headers };
    if (this.#token !== undefined) headers['authorization'] = `Bearer ${this.#token}`;
    if (options.body !== undefined) headers['content-type'] = options.contentType ?? 'application/json';
    let response: Response;
    try {
      response = await fetch(this.url + path, {
        method,
        headers,
        // A redirect would carry the token to wherever it points.
        redirect: 'manual',
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
        ...(signals.length > 0 ? { signal: AbortSignal.any(signals) } : {}),
      });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new TidemarkError('DAEMON_UNREACHABLE', `at ${this.url}`, { cause: reasonOf(error, timeoutMs) });
    }
    if (response.ok) return response;
    throw await this.#refusal(response, `${method} ${path}`);
  }

  async #refusal(response: Response, request: string): Promise<Error> {
    const { status } = response;
    const refusal = refusalOf(parseJson(await response.text().catch(() => '')), status);
    // Tidemark answers every refusal with its kind of JSON; a page or nothing comes from another program.
    if (refusal === null) {
      return new TidemarkError('DAEMON_FOREIGN', `${this.url} answered ${request} with status ${String(status)}`);
    }
    return status === 401 ? new TidemarkError('DAEMON_UNAUTHORIZED', refusal.message) : refusal;
  }

  async #json(response: Response): Promise<unknown> {
    if (response.status === 204) return null;
    const body = parseJson(await response.text());
    if (body === undefined) {
      throw new TidemarkError('DAEMON_FOREIGN', `${this.url} answered with something that is not JSON`);
    }
    return body;
  }
}

async function* eventsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const stream = new EventStream(STREAM_EVENT_CHARACTERS_MAX);
  const decoder = new TextDecoder();
  for await (const chunk of body)
    for (const { id, event, data } of stream.take(decoder.decode(chunk, { stream: true })))
      yield { id, event, data: parseJson(data) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What the operating system said, in words where it is one of the usual ones. */
function reasonOf(error: unknown, timeoutMs: number | null): Error {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return new Error(`it did not answer within ${String(timeoutMs ?? 0)} ms`);
  }
  const cause: unknown = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const inner: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  const code = (inner as { code?: unknown } | undefined)?.code;
  if (code === 'ECONNREFUSED') return new Error('connection refused: nothing listens there');
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return new Error('the host name cannot be resolved');
  return inner instanceof Error ? inner : new Error(String(inner));
}
