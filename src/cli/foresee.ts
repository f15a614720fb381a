import type { Config } from '../config/config.ts';
import type { ChangeEvent, RowChange } from '../model/event.ts';
import type { JsonObject, JsonValue } from '../model/json.ts';
import { layerKinds } from '../layers/index.ts';
import type { PlanPreview } from '../operations.ts';
import { previewOf } from '../service/preview.ts';
import { UsageError } from './exit.ts';
import { shownPath } from './gather.ts';

/** What a person says of an event; the rest is made up. */
export interface ForeseenEvent {
  readonly type: string;
  readonly data?: JsonValue;
  readonly source?: string;
  readonly before?: JsonValue;
  readonly row?: RowChange;
}

/** What an event would do under a configuration, with nothing opened and nobody asked. */
export function foresee(config: Config, event: ForeseenEvent, cwd: string): PlanPreview {
  const layers = config.layers.map(({ name, type }) => ({
    name,
    can: layerKinds.find((kind) => kind.type === type)?.can ?? new Set<never>(),
  }));
  const preview = previewOf(config.contracts, layers, changeOf(config, event));
  const matched = preview.matched.map((match) => ({ ...match, file: shownPath(match.file, cwd) }));
  return { ...preview, matched };
}

function changeOf(config: Config, { type, data = {}, source, before, row }: ForeseenEvent): ChangeEvent {
  const change = row ?? (before === undefined ? undefined : rowOf(type, before, data));
  return {
    id: 'preview',
    type,
    source: sourceOf(config, source),
    data,
    ...(change === undefined ? {} : { row: change }),
  };
}

/** As the daemon chooses: the one named, else the first of type `http`, else `app`. */
function sourceOf(config: Config, name: string | undefined): string {
  if (name === undefined) return [...config.sources].find(([, { type }]) => type === 'http')?.[0] ?? 'app';
  if (config.sources.has(name)) return name;
  const known = [...config.sources.keys()];
  throw new UsageError(
    `no source "${name}" is configured`,
    known.length === 0 ? 'there are none: leave --source out' : `these are: ${known.join(', ')}`,
  );
}

/** A row change as a change feed with full before-images would tell it. */
function rowOf(type: string, before: JsonValue, after: JsonValue): RowChange {
  if (!isObject(before) || !isObject(after))
    throw new UsageError('--before and --data of a row change are JSON objects');
  const entity = type.split('.')[0] ?? type;
  if (type.endsWith('.deleted')) return { relation: entity, op: 'deleted', before, after: null, beforeHas: 'full' };
  return { relation: entity, op: 'updated', before, after, beforeHas: 'full' };
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An event as a file holds it: what `emit` takes, a CloudEvent, or a line of `tidemark tail --json`. */
export function foreseenIn(document: JsonValue, file: string): ForeseenEvent {
  const outer =
    isObject(document) && isObject(document['entry'] ?? null) ? (document['entry'] as JsonObject) : document;
  const event = isObject(outer) && isObject(outer['event'] ?? null) ? (outer['event'] as JsonObject) : outer;
  if (!isObject(event) || typeof event['type'] !== 'string') {
    throw new UsageError(
      `${file} is not an event`,
      'it looks like {"type": "product.updated", "data": {"product_id": 42}}',
    );
  }
  const { data, source, row } = event;
  // The source of a CloudEvent is a URI of its producer, not a name in the configuration.
  const named = typeof source === 'string' && event['specversion'] === undefined ? { source } : {};
  return {
    type: event['type'],
    ...(data === undefined ? {} : { data }),
    ...named,
    ...(isObject(row ?? null) ? { row: row as unknown as RowChange } : {}),
  };
}
