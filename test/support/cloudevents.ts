import { expect } from 'vitest';
import type { ChangeEvent } from '../../src/model/event.ts';
import { virtualRuntime } from '../../src/runtime/virtual.ts';
import { httpSource } from '../../src/sources/http/index.ts';
import type { RawRequest, Received, Receiver } from '../../src/sources/source.ts';

export const now = Date.UTC(2026, 0, 1);
export const runtime = virtualRuntime();
export const STRUCTURED = 'application/cloudevents+json';
export const BATCH = 'application/cloudevents-batch+json';

export function receiver(options: unknown = {}): Receiver {
  const context = { name: 'app', runtime, columns: new Map(), baseDir: '.' };
  return httpSource.receiver!(context, httpSource.options.parse(options));
}

export function post(body: unknown, headers: Record<string, string>, more: Partial<RawRequest> = {}): RawRequest {
  const bytes = body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return { method: 'POST', path: '/v1/events', headers, body: bytes, now, ...more };
}

export const structured = (event: unknown, type = STRUCTURED): Received =>
  receiver().receive(post(event, { 'content-type': type }));
export const batch = (events: unknown, options?: unknown): Received =>
  receiver(options).receive(post(events, { 'content-type': BATCH }));
export const binary = (headers: Record<string, string>, body: unknown = '', type?: string): Received => {
  const required = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' };
  return receiver().receive(post(body, { ...required, ...(type ? { 'content-type': type } : {}), ...headers }));
};

export function only(result: Received): ChangeEvent {
  if (!result.ok) throw new Error(`${result.code}: ${result.message}`);
  expect(result.events).toHaveLength(1);
  return result.events[0]!;
}

export const EVENT = { specversion: '1.0', id: '1', source: '/shop', type: 'product.updated' };
