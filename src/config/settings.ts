import type { Finding } from '../contracts/finding.ts';
import type { Report } from '../contracts/report.ts';
import { checkShape, shapeOf, type CheckContext, type Checked, type Shape } from '../contracts/shape.ts';
import type { Tree } from '../contracts/yaml-tree.ts';
import { assert } from '../errors.ts';
import type { AuditorConfig, NamespaceConfig, ProjectionConfig, ServerConfig } from './config.ts';
import { coerceSubstituted } from './env.ts';
import { parseListen } from './listen.ts';
import { configSchema, type ConfigInput } from './schema.ts';

const shape: Shape<ConfigInput> = shapeOf<ConfigInput>(configSchema);

/** Everything but the options of Kinds and the contracts; `null` when it has mistakes. */
export function checkSettings(tree: Tree, report: Report): ConfigInput | null {
  const checked = checkWithEnv(shape, tree, { file: report.file, at: [], secret: isSecretPath, words: betterWords });
  report.add(checked.findings);
  return checked.ok ? checked.value : null;
}

/**
 * A value from the environment is a text. Where the schema takes no text but a number or a truth value, the same
 * value is tried as that; where it takes a text, a password such as 0123 stays one.
 */
export function checkWithEnv<T>(schema: Shape<T>, tree: Tree, context: CheckContext): Checked<T> {
  const checked = checkShape(schema, tree, context);
  if (checked.ok) return checked;
  const wrong = new Set(checked.findings.map(({ line, column }) => `${line}:${column}`));
  const coerced = coerceSubstituted(tree, ({ place: { line, column } }) => wrong.has(`${line}:${column}`));
  const again = checkShape(schema, coerced, context);
  return again.findings.length < checked.findings.length ? again : checked;
}

/** Values that a message must not repeat. */
export function isSecretPath(path: readonly PropertyKey[]): boolean {
  return path.some((step) => /token|secret|passw|credential|url|auth|headers|dsn|private/i.test(String(step)));
}

function betterWords(code: string, path: readonly PropertyKey[]): Partial<Finding> | null {
  if (code === 'KEY_MISSING' && path.length === 3 && path[0] === 'namespaces' && path[2] === 'ttl')
    return {
      code: 'NAMESPACE_TTL_MISSING',
      why: 'the ttl bounds the damage when an event is late, lost or processed wrongly; events only make trust end sooner',
      fix: `add "ttl: 10m", the longest that a wrong value of "${String(path[1])}" may be served`,
    };
  return null;
}

export function namespacesOf(settings: ConfigInput): ReadonlyMap<string, NamespaceConfig> {
  return new Map(
    Object.entries(settings.namespaces).map(([name, { ttl, max_staleness: bound, sources, jitter, ...rest }]) => [
      name,
      {
        name,
        ttlMs: ttl,
        jitter,
        ...(bound === undefined ? {} : { maxStalenessMs: bound }),
        whenUncertain: rest.when_uncertain,
        loadWaitMs: rest.load_wait,
        whenLoadWaits: rest.when_load_waits,
        ...(sources === undefined ? {} : { sources }),
      },
    ]),
  );
}

export function projectionsOf(settings: ConfigInput): ReadonlyMap<string, ProjectionConfig> {
  return new Map(
    Object.entries(settings.projections).map(([name, { url, headers, allow, debounce, timeout, attempts }]) => [
      name,
      {
        name,
        ...(url === undefined ? {} : { url }),
        headers,
        allow,
        debounceMs: debounce,
        timeoutMs: timeout,
        attempts,
      },
    ]),
  );
}

export function serverOf({ server }: ConfigInput): ServerConfig {
  const { listen, admin_token: adminToken, allowed_hosts: allowedHosts, max_streams: maxStreams } = server;
  const address = parseListen(listen);
  assert(address !== null, 'the schema takes addresses only');
  return {
    ...address,
    maxStreams,
    ...(adminToken === undefined ? {} : { adminToken }),
    ...(allowedHosts === undefined ? {} : { allowedHosts }),
  };
}

export function auditorOf({ auditor }: ConfigInput): AuditorConfig | null {
  if (!auditor) return null;
  const { wait, show_values: showValues, namespaces, ...rest } = auditor;
  return { ...rest, waitMs: wait, showValues, ...(namespaces === undefined ? {} : { namespaces }) };
}
