import { TidemarkError } from '../tidemark-error.ts';
import type { Mono, Offset } from '../model/position.ts';
import type { AtLeast } from '../model/token.ts';
import type { Clock } from '../runtime/runtime.ts';
import { parseDuration } from '../runtime/options.ts';
import type { Duration, Factory, LoadContext } from './options.ts';
import { Parts, type Parent } from './embed.ts';
import { Stamping, type Places, type Seen } from './stamping.ts';

/** What a factory made of its chance. */
export interface Loaded<T> {
  readonly value: T;
  readonly tags: readonly string[];
  readonly ttlMs: number | undefined;
  readonly skipped: boolean;
  /** Everything at or below it was visible to the load; `null`: that is not known. */
  readonly stamp: Offset | null;
  /** As of when the value is known to be current. */
  readonly knownAt: Mono;
  /** No proof bounds from above what it has seen: see `Stamping`. */
  readonly ahead: boolean;
  readonly older: readonly Seen[];
  readonly parts: Parts;
}

export interface LoadRequest<T> {
  readonly key: string;
  readonly parent: Parent;
  readonly tags: readonly string[];
  readonly factory: Factory<T>;
  readonly atLeast: AtLeast | undefined;
  /** Both from before the load began. */
  readonly stamp: Offset;
  readonly startedAt: Mono;
  readonly places: Places;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly closing: AbortSignal;
}

/**
 * Calls a factory once, with its context and its timeout.
 *
 * @throws LOAD_TIMEOUT when it takes too long, VALUE_UNDEFINED when it gives nothing, CLOSED when the cache closes;
 * whatever the factory throws, as it is.
 */
export async function load<T>(request: LoadRequest<T>): Promise<Loaded<T>> {
  let tags = request.tags;
  let ttlMs: number | undefined;
  let skipped = false;
  const stamping = new Stamping(request.places, request.stamp, request.startedAt);
  const parts = new Parts(request.parent);
  const abort = new AbortController();
  const context: LoadContext = {
    key: request.key,
    signal: abort.signal,
    stamp: request.stamp,
    ...(request.atLeast !== undefined && { atLeast: request.atLeast }),
    setTags: (next) => {
      tags = [...next];
    },
    embed: (from, options) => {
      const { atLeast } = request;
      return parts.add(from, { ...(atLeast !== undefined && { atLeast }), ...options });
    },
    seen: (seen) => {
      stamping.see(seen);
    },
    setOptions: (options) => {
      if (options.ttl !== undefined) ttlMs = toMs(options.ttl);
      if (options.tags !== undefined) tags = [...options.tags];
    },
    skip: () => {
      skipped = true;
    },
  };
  const value = await bounded(request, abort, () => request.factory(context));
  if (value === undefined && !skipped) throw new TidemarkError('VALUE_UNDEFINED', `key "${request.key}"`);
  return {
    value,
    tags,
    ttlMs,
    skipped: skipped || parts.skipped,
    stamp: parts.lower(stamping.stamp),
    knownAt: parts.knownAt(stamping.knownAt),
    ahead: stamping.ahead || parts.ahead,
    older: stamping.older,
    parts,
  };
}

/** A load that hangs must not hang its readers: they get an error, and the next one tries again. */
function bounded<T>(request: LoadRequest<T>, abort: AbortController, run: () => T | Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const give = (error: TidemarkError): void => {
      abort.abort(error);
      finish();
      reject(error);
    };
    const onClose = (): void => {
      give(new TidemarkError('CLOSED'));
    };
    const cancel = request.clock.after(request.timeoutMs, () => {
      give(new TidemarkError('LOAD_TIMEOUT', `key "${request.key}" after ${request.timeoutMs} ms`));
    });
    const finish = (): void => {
      cancel();
      request.closing.removeEventListener('abort', onClose);
    };
    request.closing.addEventListener('abort', onClose, { once: true });
    const started = new Promise<T>((settle) => {
      settle(run());
    });
    started.finally(finish).then(resolve, reject);
  });
}

/** @throws OPTION_INVALID */
export function toMs(duration: Duration): number {
  const ms = parseDuration(duration);
  if (ms === null) throw new TidemarkError('OPTION_INVALID', `"${duration}" is not a duration such as 250 or '10m'`);
  return ms;
}
