import { createParser, type EventSourceMessage } from 'eventsource-parser';

export interface Stream {
  readonly status: number;
  readonly headers: Headers;
  /** The next event; fails when the stream ends first. */
  next(): Promise<{ readonly event: string | undefined; readonly id: string | undefined; readonly data: unknown }>;
  /** Everything that came as text, comments too. */
  readonly text: () => string;
  /** Resolves when the text contains it. */
  until(part: string): Promise<void>;
  /** Resolves when the server has ended the stream. */
  ended(): Promise<void>;
  leave(): void;
}

export async function openStream(url: string, headers: Record<string, string> = {}): Promise<Stream> {
  const leave = new AbortController();
  const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: leave.signal });
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let text = '';
  /** One more chunk; `false` at the end. */
  const more = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    if (done) return false;
    const chunk = decoder.decode(value as Uint8Array, { stream: true });
    text += chunk;
    parser.feed(chunk);
    return true;
  };
  return {
    status: response.status,
    headers: response.headers,
    text: () => text,
    next: async () => {
      while (events.length === 0) if (!(await more())) throw new Error(`the stream ended after: ${text.slice(-500)}`);
      const { event, id, data } = events.shift()!;
      return { event, id, data: JSON.parse(data) as unknown };
    },
    until: async (part) => {
      while (!text.includes(part)) if (!(await more())) throw new Error(`the stream ended without ${part}`);
    },
    ended: async () => {
      while (await more());
    },
    leave: () => {
      leave.abort();
    },
  };
}
