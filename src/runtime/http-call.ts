import { lookup as lookupAddresses } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Dispatcher } from 'undici';
import { TidemarkError, type ErrorCode } from '../errors.ts';
import type { JsonValue } from '../model/json.ts';
import { problemOfResolved, readTarget, type Target } from './address-policy.ts';
import { parseSubnet, type Subnet } from './address.ts';
import { excerpt } from './excerpt.ts';
import type { Runtime } from './runtime.ts';

/** What a called service may send back before the connection is cut: an answer is a status, not a document. */
const RESPONSE_BYTES_MAX = 64 * 1024;

/** Enough bytes for the excerpt of an error, whatever its encoding. */
const EXCERPT_BYTES_MAX = 2 * 1024;

export interface Call {
  /** As the operator wrote it. Nothing from an event may be part of it. */
  readonly url: string;
  readonly method?: 'POST' | 'PUT' | 'GET' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. Absent: no body. */
  readonly body?: JsonValue;
  /** From the start of the name's resolution to the last byte of the answer. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Subnets (`10.0.0.0/8`) that names may resolve to although they are not public. */
  readonly allow?: readonly string[];
  /** How names are resolved. Default: as the system does. */
  readonly resolve?: Resolve;
}

export type Resolve = (name: string) => Promise<readonly LookupAddress[]>;

/**
 * Calls an HTTP service and resolves when it answered 2xx in full. Not a way into the network around it: an address
 * or `localhost` in the URL is the operator's word and is called; a name is called only at public addresses or those
 * of `allow`. Each connection checks what its own resolution gave and uses exactly that, so a name that changes its
 * mind (DNS rebinding) changes nothing. Redirects are not followed: they would be the service's word.
 *
 * @throws CALL_URL_INVALID, CALL_ADDRESS_REFUSED, CALL_FAILED, CALL_TIMEOUT, CALL_STATUS, CALL_REJECTED; the
 *   signal's reason when it aborts
 */
export async function callJson(runtime: Runtime, call: Call): Promise<{ readonly status: number }> {
  const allow = subnetsOf(call.allow ?? []);
  const read = readTarget(call.url, allow);
  if (!read.ok) throw new TidemarkError('CALL_URL_INVALID', `${shown(call.url)}: ${read.problem}`);
  call.signal?.throwIfAborted();
  // Loaded when something is called: most processes never do.
  const { Agent } = await import('undici');
  // One agent for one call: no connection outlives the check that let it be made.
  const agent = new Agent({
    connect: { lookup: guarded(call.resolve ?? resolveBySystem, allow), timeout: 0 },
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const abort = new AbortController();
  const onAbort = (): void => {
    abort.abort(call.signal?.reason);
  };
  call.signal?.addEventListener('abort', onAbort, { once: true });
  const cancel = runtime.clock.after(call.timeoutMs, () => {
    abort.abort(new TidemarkError('CALL_TIMEOUT', `${shown(call.url)} after ${call.timeoutMs} ms`));
  });
  try {
    return await exchange(agent, read.target, call, abort.signal);
  } catch (error) {
    throw abort.signal.aborted ? (abort.signal.reason as unknown) : named(error, call.url);
  } finally {
    cancel();
    call.signal?.removeEventListener('abort', onAbort);
    await agent.destroy();
  }
}

async function exchange(
  dispatcher: Dispatcher,
  { url }: Target,
  call: Call,
  signal: AbortSignal,
): Promise<{ readonly status: number }> {
  const { request } = await import('undici');
  const { statusCode, headers, body } = await request(url, {
    dispatcher,
    signal,
    method: call.method ?? 'POST',
    headers: {
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': 'tidemark',
      ...lowerCase(call.headers ?? {}),
    },
    body: call.body === undefined ? null : JSON.stringify(call.body),
  });
  const isFine = statusCode >= 200 && statusCode < 300;
  const text = await beginning(body, isFine ? RESPONSE_BYTES_MAX : EXCERPT_BYTES_MAX);
  if (isFine) return { status: statusCode };
  throw new TidemarkError(
    codeOf(statusCode),
    `${shown(call.url)} answered ${statusCode}${detail(statusCode, headers, text)}`,
  );
}

/** Reads up to the bound and cuts the connection there. */
async function beginning(body: AsyncIterable<Buffer>, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= bytesMax) break;
  }
  return new TextDecoder().decode(Buffer.concat(chunks).subarray(0, bytesMax));
}

/** Whether the same call may succeed later is all that a caller does about a status. */
function codeOf(status: number): ErrorCode {
  const mayPass = status >= 500 || status === 408 || status === 425 || status === 429;
  return mayPass ? 'CALL_STATUS' : 'CALL_REJECTED';
}

function detail(status: number, { location }: Readonly<Record<string, unknown>>, text: string): string {
  if (status >= 300 && status < 400 && typeof location === 'string') {
    return `, a redirect to "${excerpt(location)}", which is not followed`;
  }
  return text.trim() === '' ? '' : `: "${excerpt(text)}"`;
}

const resolveBySystem: Resolve = (name) => lookupAddresses(name, { all: true });

/** One address that may not be called refuses them all: which one is tried would be the resolver's choice. */
function guarded(resolve: Resolve, allow: readonly Subnet[]): LookupFunction {
  return (name, options, callback) => {
    resolve(name).then(
      (addresses) => {
        const [first] = addresses;
        const problem = addresses
          .map(({ address }) => problemOfResolved(name, address, allow))
          .find((one) => one !== null);
        if (problem) callback(new TidemarkError('CALL_ADDRESS_REFUSED', problem), '', 0);
        else if (!first) callback(new TidemarkError('CALL_FAILED', `"${name}" has no address`), '', 0);
        else if (options.all) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => {
        callback(error as NodeJS.ErrnoException, '', 0);
      },
    );
  };
}

function named(error: unknown, url: string): TidemarkError {
  if (error instanceof TidemarkError) return error;
  const { message, code, errors } = error as {
    message?: string;
    code?: string;
    errors?: readonly { message: string }[];
  };
  // Several addresses of one name that all failed come as one error without words of its own.
  const words = message || errors?.map((one) => one.message).join('; ') || code || 'no answer';
  return new TidemarkError('CALL_FAILED', `${shown(url)}: ${excerpt(words)}`, { cause: error });
}

/** Without query and user name, where people put secrets. */
function shown(url: string): string {
  return excerpt(url.replace(/[?#].*$/s, '').replace(/\/\/[^/]*@/, '//***@'));
}

function subnetsOf(texts: readonly string[]): readonly Subnet[] {
  return texts.map((text) => {
    const subnet = parseSubnet(text);
    if (!subnet) throw new TidemarkError('OPTION_INVALID', `"${text}" in \`allow\` is not a subnet such as 10.0.0.0/8`);
    return subnet;
  });
}

function lowerCase(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
