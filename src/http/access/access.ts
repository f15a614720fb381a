import type { FastifyRequest } from 'fastify';
import type { HttpOptions } from '../options.ts';
import { Refusal } from '../refusal.ts';
import { hostAllowed } from './host.ts';
import { isLoopback } from './loopback.ts';
import { isCrossSite } from './origin.ts';
import { FailureThrottle } from './throttle.ts';
import { tokenCheck } from './token.ts';

/**
 * Who may call a route. `open`: anyone (probes, the page itself). `ingest`: whoever the source's own means accept.
 * `admin`: the bearer of the admin token, or any local program when there is none. `metrics`: as `admin`, and
 * every program of this machine.
 */
export type Access = 'open' | 'ingest' | 'admin' | 'metrics';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
    /** A long answer: refused to other sites like a write, because holding one open costs us. */
    stream?: true;
  }
}

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The checks before anything of a body is read. Throws a `Refusal`. */
export function accessCheck(options: HttpOptions): (request: FastifyRequest) => void {
  const { runtime, adminToken } = options;
  const check = adminToken === undefined ? null : tokenCheck(adminToken);
  const throttle = new FailureThrottle();
  const names = allowedNames(options);

  return (request) => {
    const { headers } = request;
    const { access = 'open', stream } = request.routeOptions.config;
    if (names && !hostAllowed(headers.host, names)) {
      throw new Refusal('HOST_FORBIDDEN', `the Host header names ${headers.host ?? 'nothing'}`);
    }
    if ((stream || !SAFE.has(request.method)) && isCrossSite(headers)) {
      throw new Refusal('ORIGIN_FORBIDDEN', 'a page of another site asked for this');
    }
    if (!check || access === 'open' || access === 'ingest') return;
    if (access === 'metrics' && isDirectLoopback(request)) return;

    const now = runtime.clock.mono();
    const address = addressOf(request);
    const blockedMs = throttle.blockedForMs(address, now);
    if (blockedMs > 0) {
      const seconds = String(Math.ceil(blockedMs / 1_000));
      throw new Refusal('TOKEN_FAILURES', 'too many wrong tokens came from this address', { 'retry-after': seconds });
    }
    const verdict = check(headers.authorization);
    if (verdict === 'right') {
      throttle.succeeded(address);
      return;
    }
    const challenge = { 'www-authenticate': 'Bearer realm="tidemark"' };
    // A page that does not know yet that a token is needed asks without one; that is no guess.
    if (verdict === 'missing') throw new Refusal('TOKEN_MISSING', 'this needs the admin token', challenge);
    throttle.failed(address, now);
    runtime.log.warn({ address, requestId: request.id }, 'wrong admin token');
    throw new Refusal('TOKEN_WRONG', 'this is not the admin token', challenge);
  };
}

/**
 * `null`: every name is fine. That is only so when a token is needed, which a browser does not add by itself, and
 * nobody said which names there are: behind a balancer or in a cluster we cannot know them.
 */
function allowedNames(options: HttpOptions): ReadonlySet<string> | null {
  if (options.adminToken !== undefined && options.allowedHosts === undefined && !isLoopback(options.host)) return null;
  return new Set([options.host, ...(options.allowedHosts ?? [])].map((name) => name.toLowerCase()));
}

/** Not through a proxy on this machine, which would make the whole world local. */
function isDirectLoopback(request: FastifyRequest): boolean {
  const { headers } = request;
  return isLoopback(addressOf(request)) && headers['x-forwarded-for'] === undefined && headers.forwarded === undefined;
}

/** Empty when the connection is already gone. Never a header: who we talk to is not for the sender to say. */
function addressOf({ socket }: FastifyRequest): string {
  return socket.remoteAddress ?? '';
}
