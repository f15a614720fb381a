import { createParser } from 'eventsource-parser';
import { shown, sleep } from '../time.ts';
import { ApiError, answer, headers, refusal } from './api.ts';

export interface Following {
  readonly path: () => string;
  /** Sent as `Last-Event-ID` on every connection; the stream keeps it at the id of the last message. */
  lastId: string | null;
  readonly onMessage: (data: unknown, id: string | null) => void;
  readonly onOpen?: () => void;
  readonly signal: AbortSignal;
}

// A message larger than this is not shown, and a stream that never ends a line cannot fill the page's memory.
const MESSAGE_CHARS_MAX = 4_000_000;
const FIRST_DELAY_MS = 250;
// The page is for a person who watches: a daemon that is back should be seen within two seconds.
const LAST_DELAY_MS = 2_000;

/**
 * Follows server-sent events until the signal aborts, across any number of lost connections.
 * Not `EventSource`: that one cannot carry the admin token but in the URL.
 */
export async function follow(following: Following): Promise<void> {
  const { signal } = following;
  let delayMs = FIRST_DELAY_MS;
  while (!signal.aborted) {
    await shown(signal);
    try {
      await connection(following, () => {
        delayMs = FIRST_DELAY_MS;
      });
    } catch {
      // Lost or refused. Whether the daemon is there is told by its status, which is asked for on its own.
    }
    await sleep(delayMs, signal);
    delayMs = Math.min(delayMs * 2, LAST_DELAY_MS);
  }
}

async function connection(following: Following, opened: () => void): Promise<void> {
  const hidden = new AbortController();
  const leave = (): void => {
    if (document.hidden) hidden.abort();
  };
  document.addEventListener('visibilitychange', leave);
  try {
    const response = await answer(following.path(), {
      headers: headers({
        accept: 'text/event-stream',
        ...(following.lastId === null ? {} : { 'last-event-id': following.lastId }),
      }),
      signal: AbortSignal.any([following.signal, hidden.signal]),
    });
    if (!response.ok) throw await refusal(response);
    if (!response.body) throw new ApiError(response.status, 'NO_BODY', 'the stream has no body');
    opened();
    following.onOpen?.();
    await readMessages(response.body, following);
  } finally {
    document.removeEventListener('visibilitychange', leave);
    hidden.abort();
  }
}

async function readMessages(body: ReadableStream<Uint8Array>, following: Following): Promise<void> {
  const parser = createParser({
    maxBufferSize: MESSAGE_CHARS_MAX,
    onEvent: (message) => {
      if (message.id !== undefined) following.lastId = message.id;
      const data = parsed(message.data);
      if (data !== undefined) following.onMessage(data, message.id ?? null);
    },
  });
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    parser.feed(value);
  }
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return undefined;
  }
}
