import type { Socket } from 'node:net';
import { errorBody } from './fault.ts';
import { REFUSALS, type RefusalCode } from './refusal.ts';
import { STATUS_CODES } from 'node:http';

const CODES: Readonly<Record<string, RefusalCode>> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
};

const SENTENCES: Partial<Record<RefusalCode, string>> = {
  HEADERS_TOO_LARGE: 'the headers are larger than this server accepts',
  REQUEST_TIMEOUT: 'the request did not come in time',
};

/** What was not HTTP, or did not become a request in time, is answered like everything else, and the socket closed. */
export function answerClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const code = CODES[error.code ?? ''] ?? 'REQUEST_MALFORMED';
  const { status, hint } = REFUSALS[code];
  const body = JSON.stringify(errorBody(code, SENTENCES[code] ?? 'this is not a request that can be read', hint));
  const head = [
    `HTTP/1.1 ${String(status)} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${String(Buffer.byteLength(body))}`,
    'Connection: close',
  ].join('\r\n');
  socket.end(`${head}\r\n\r\n${body}`, () => socket.destroy());
}
