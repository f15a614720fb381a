import type { Offset } from '../model/position.ts';
import { SELF } from '../pipeline/control.ts';
import type { Engine } from './engine.ts';
import type { ProjectionConfig } from '../config/config.ts';
import { TidemarkError } from '../errors.ts';
import type { Refresh } from '../pipeline/projection.ts';
import type { Runtime } from '../runtime/runtime.ts';

/**
 * How a projection is refreshed: by the function given to the library, else by a POST to its URL.
 *
 * @throws PROJECTION_UNBOUND when it has neither
 */
export function refreshOf(
  config: ProjectionConfig,
  functions: Readonly<Record<string, Refresh>>,
  runtime: Runtime,
): Refresh {
  const own = Object.hasOwn(functions, config.name) ? functions[config.name] : undefined;
  if (own) return own;
  const { url } = config;
  if (url === undefined) throw new TidemarkError('PROJECTION_UNBOUND', `"${config.name}"`);
  return async ({ projection, offset, requests, signal }) => {
    const { callJson } = await import('../runtime/http-call.ts');
    await callJson(runtime, {
      url,
      method: 'POST',
      headers: config.headers,
      body: { projection, offset, requests },
      timeoutMs: config.timeoutMs,
      allow: config.allow,
      signal,
    });
  };
}

/** A function given to the library is a projection also when the configuration does not name it. */
export function withFunctions(
  configured: ReadonlyMap<string, ProjectionConfig>,
  functions: Readonly<Record<string, Refresh>>,
): ProjectionConfig[] {
  const unnamed = Object.keys(functions).filter((name) => !configured.has(name));
  const defaults = { headers: {}, allow: [], debounceMs: 200, timeoutMs: 10_000, attempts: 5 };
  return [...configured.values(), ...unnamed.map((name) => ({ name, ...defaults }))];
}

/** A refresh that is not tried again becomes a dead letter. */
export async function gaveUp(
  { runtime, journal, observers }: Engine,
  name: string,
  { upTo, attempts, error }: { readonly upTo: Offset; readonly attempts: number; readonly error: unknown },
): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  const stage = `projection:${name}`;
  runtime.metrics.deadLetters.inc({ stage: 'projection' });
  const letter = await journal.deadLetters.put({
    offset: upTo,
    source: SELF,
    stage,
    code: 'PROJECTION_FAILED',
    message,
    event: null,
    action: { kind: 'refresh_projection', target: name, contract: '' },
    attempts,
    at: runtime.clock.now(),
  });
  observers.tell('dead-letter', { id: letter.id, stage, code: letter.code, message });
}
