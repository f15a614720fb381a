import { token } from './token.ts';

/** An answer that was not 2xx, or no answer at all (`status` 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function headers(more: Record<string, string> = {}): Record<string, string> {
  const held = token();
  return held === null ? more : { ...more, authorization: `Bearer ${held}` };
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return request<T>(path, { headers: headers({ accept: 'application/json' }), signal: signal ?? null });
}

export async function postJson<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  return request<T>(path, {
    method: 'POST',
    headers: headers({ accept: 'application/json', 'content-type': 'application/json' }),
    body: JSON.stringify(body),
    signal: signal ?? null,
  });
}

/** Answered without a body. */
export async function deleteAt(path: string): Promise<void> {
  await accepted(path, { method: 'DELETE', headers: headers({ accept: 'application/json' }) });
}

async function accepted(path: string, init: RequestInit): Promise<Response> {
  const response = await answer(path, init);
  if (response.ok) return response;
  throw await refusal(response);
}

async function request<T>(path: string, init: RequestInit): Promise<T> {
  const response = await accepted(path, init);
  // The shape is the daemon's promise (src/operations.ts); page and daemon come from one build.
  return (await response.json()) as T;
}

/** `fetch`, with no answer as an `ApiError` like any other. */
export async function answer(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...init, cache: 'no-store', credentials: 'same-origin', redirect: 'error' });
  } catch {
    throw new ApiError(0, 'NO_ANSWER', 'no connection');
  }
}

/** Error bodies carry `code` and `message`, at the top or under `error`; a proxy in between may send anything. */
export async function refusal(response: Response): Promise<ApiError> {
  const fallback = `HTTP ${String(response.status)}`;
  try {
    const body = (await response.json()) as Record<string, unknown>;
    const said = (typeof body['error'] === 'object' && body['error'] !== null ? body['error'] : body) as Record<
      string,
      unknown
    >;
    const code = typeof said['code'] === 'string' ? said['code'] : fallback;
    const message = typeof said['message'] === 'string' ? said['message'] : fallback;
    return new ApiError(response.status, code, message);
  } catch {
    return new ApiError(response.status, fallback, fallback);
  }
}
