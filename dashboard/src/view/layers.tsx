import type { JSX } from 'preact';
import type { LayerStatus } from '../../../src/model/status.ts';
import { count, plural, size } from '../words.ts';
import { Lamp, Panel, Said, type Light } from './text.tsx';

export function Layers({ layers, head }: { layers: readonly LayerStatus[]; head: number }): JSX.Element {
  return (
    <Panel title="Layers" aside={`journal head #${count(head)}`}>
      <ul class="things">
        {layers.map((layer) => (
          <LayerItem key={layer.name} layer={layer} />
        ))}
      </ul>
      {layers.length === 0 ? <p class="empty">No layer is configured.</p> : null}
    </Panel>
  );
}

export function layerLight(layer: LayerStatus): Light {
  if (!layer.ok) return 'bad';
  return layer.retrying || layer.behind > 0 ? 'warn' : 'good';
}

function LayerItem({ layer }: { layer: LayerStatus }): JSX.Element {
  const held = layer.entries === undefined ? null : plural(layer.entries, 'entry', 'entries');
  const bytes = layer.bytes === undefined ? null : size(layer.bytes);
  return (
    <li>
      <p class="head">
        <Lamp light={layerLight(layer)} />
        <strong>
          <Said text={layer.name} />
        </strong>
        <span class="dim">{layer.type}</span>
        <span class="state">{word(layer)}</span>
      </p>
      <Gauge behind={layer.behind} />
      <p class="facts">
        {[`watermark #${count(layer.watermark)}`, held, bytes].filter((fact) => fact !== null).join(' · ')}
      </p>
      {layer.detail ? (
        <p class={layer.ok ? 'reason' : 'error'}>
          <Said text={layer.detail} />
        </p>
      ) : null}
    </li>
  );
}

function word(layer: LayerStatus): string {
  if (layer.behind === 0) return layer.ok ? 'level' : 'unreachable';
  return `${count(layer.behind)} behind${layer.retrying ? ', retrying' : ''}`;
}

/** The journal as a line with its head at the right; how far the layer's water stands below it, on a log scale. */
function Gauge({ behind }: { behind: number }): JSX.Element {
  const gap = Math.min(1, Math.log10(1 + behind) / 6);
  return (
    <svg class="gauge" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect class="bed" width="100" height="4" />
      <rect class="water" width={100 - 100 * gap} height="4" />
    </svg>
  );
}
