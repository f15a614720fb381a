import type { LayerResults } from '../model/status.ts';
import { grouped } from './amounts.ts';
import { escapeControls, safeJson } from './escape.ts';
import type { Paint } from './paint.ts';

/** The daemon's 202: durable, and how far each layer was at that moment. */
export interface Accepted {
  readonly offset: number;
  readonly duplicate?: boolean;
  readonly layers?: LayerResults;
}

export function renderAccepted(accepted: Accepted, json: boolean, paint: Paint): string {
  if (json) return `${safeJson(accepted, 2)}\n`;
  const place = `#${grouped(accepted.offset)}`;
  const head = accepted.duplicate
    ? `${paint.warn('duplicate')} of ${place}: no second effect`
    : `${paint.good('durable')} at ${place}`;
  const layers = Object.entries(accepted.layers ?? {}).map(([layer, result]) => {
    const painted = result === 'failed' ? paint.bad(result) : result === 'queued' ? paint.warn(result) : result;
    return `${escapeControls(layer)} ${painted}`;
  });
  return `${head}${layers.length === 0 ? '' : `  (${layers.join(', ')})`}\n`;
}
