import type { FeedFrame, FeedFrom, FeedTime } from '../model/feed.ts';
import type { InvalidationMessage } from '../model/invalidation.ts';
import type { MemberReport, TimeQuestion } from '../model/member.ts';
import type { SourceId } from '../model/position.ts';
import type { Token } from '../model/token.ts';
import { Daemon, type DaemonAddress } from './daemon.ts';
import type { FeedTransport, RemoteReceipt, SentEvent } from './transport.ts';

/** Fed by one daemon, over its HTTP API: server-sent events one way, requests the other. */
export class HttpTransport implements FeedTransport {
  readonly #daemon: Daemon;

  constructor(address: DaemonAddress) {
    this.#daemon = new Daemon(address);
  }

  get place(): string {
    return this.#daemon.url;
  }

  async *frames(from: FeedFrom | null, signal: AbortSignal): AsyncGenerator<FeedFrame> {
    const path = from ? `/v1/feed?epoch=${encodeURIComponent(from.epoch)}&after=${String(from.after)}` : '/v1/feed';
    for await (const { event, data } of this.#daemon.stream('GET', path, { signal }))
      yield { kind: event, ...(data as object) } as FeedFrame;
  }

  time(body: TimeQuestion, options: { readonly signal: AbortSignal; readonly timeoutMs: number }): Promise<FeedTime> {
    return this.#daemon.request('POST', '/v1/feed/time', { ...options, body });
  }

  async leave(id: MemberReport['id'], options: { readonly timeoutMs: number }): Promise<void> {
    await this.#daemon.request('DELETE', `/v1/feed/members/${encodeURIComponent(id)}`, options);
  }

  invalidate(body: InvalidationMessage): Promise<RemoteReceipt> {
    return this.#daemon.request('POST', '/v1/invalidations', { body });
  }

  emit(body: SentEvent): Promise<RemoteReceipt> {
    return this.#daemon.request('POST', '/v1/events', { body, contentType: 'application/cloudevents+json' });
  }

  async position(namespace: string, source: SourceId | undefined): Promise<Token> {
    const query = new URLSearchParams({ namespace, ...(source !== undefined && { source }) });
    const path = `/v1/position?${query.toString()}`;
    return (await this.#daemon.request<{ readonly token: Token }>('GET', path)).token;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
