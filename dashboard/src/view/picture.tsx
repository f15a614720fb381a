import type { ComponentChildren, JSX } from 'preact';
import type { NamespaceStatus, Status } from '../../../src/model/status.ts';
import type { State } from '../daemon/state.ts';
import { count, plural } from '../words.ts';
import { Lamp, Said } from './text.tsx';
import { sourceLight } from './sources.tsx';
import { layerLight } from './layers.tsx';
import { trustLight } from './namespaces.tsx';

/** source → journal → contracts → layers → trust, with what passes through now. */
export function Picture({ state, status }: { state: State; status: Status }): JSX.Element {
  const { seen } = state.flow;
  const events = status.sources.reduce((sum, source) => sum + source.events, 0);
  const behind = Math.max(0, ...status.layers.map((layer) => layer.behind));
  const proven = status.namespaces.filter((namespace) => namespace.trust === 'fresh').length;
  return (
    <ol class="picture" aria-label="The flow of a change">
      <Station name="Sources" figure={count(events)} unit={`events · ${rate(state.rate)}`} pulse={seen.events}>
        {status.sources.map((source) => (
          <li key={source.name}>
            <Lamp light={sourceLight(source)} /> <Said text={source.name} />
          </li>
        ))}
      </Station>
      <Station name="Journal" figure={count(status.journal.head)} unit="head offset" pulse={seen.events}>
        <li>
          <Said text={status.journal.type} />, {status.journal.durable ? 'durable' : 'not durable'}
        </li>
        <li>{plural(status.journal.entries, 'entry', 'entries')} kept</li>
      </Station>
      <Station name="Contracts" figure={count(status.contracts.count)} unit="in force" pulse={seen.actions}>
        <li>{plural(seen.actions, 'action')} since you look</li>
        <li title="Hash of what the contracts mean">
          <code>{status.contracts.hash.slice(0, 8)}</code>
        </li>
      </Station>
      <Station
        name="Layers"
        figure={behind === 0 ? 'level' : `−${count(behind)}`}
        unit={behind === 0 ? 'with the journal' : 'behind the journal'}
        pulse={seen.events}
      >
        {status.layers.map((layer) => (
          <li key={layer.name}>
            <Lamp light={layerLight(layer)} /> <Said text={layer.name} />
          </li>
        ))}
      </Station>
      <Station
        name="Trust"
        figure={`${String(proven)} / ${String(status.namespaces.length)}`}
        unit="namespaces proven fresh"
      >
        {status.namespaces.map((namespace) => (
          <li key={namespace.name}>
            <Lamp light={trustLight(namespace)} /> <Said text={namespace.name} />{' '}
            <span class="dim">{ratio(namespace)}</span>
          </li>
        ))}
      </Station>
    </ol>
  );
}

// More would make the picture a list; the panels have them all.
const PARTS_MAX = 3;

function Station(props: {
  name: string;
  figure: string;
  unit: string;
  pulse?: number;
  children: ComponentChildren;
}): JSX.Element {
  const parts = [props.children].flat(2);
  const more = parts.length - PARTS_MAX;
  return (
    <li class="station">
      <h2>{props.name}</h2>
      <p class="figure">{props.figure}</p>
      <p class="unit">{props.unit}</p>
      <ul class="parts">
        {parts.slice(0, PARTS_MAX)}
        {more > 0 ? <li class="dim">and {more} more</li> : null}
      </ul>
      {props.pulse === undefined ? null : (
        <span class="channel" aria-hidden="true">
          {props.pulse > 0 ? <i key={props.pulse} /> : null}
        </span>
      )}
    </li>
  );
}

function rate(perSecond: number): string {
  return `${perSecond >= 10 || perSecond === 0 ? count(Math.round(perSecond)) : perSecond.toFixed(1)}/s`;
}

function ratio({ hits, misses }: NamespaceStatus): string {
  return hits + misses === 0 ? 'no reads' : `${String(Math.floor((100 * hits) / (hits + misses)))} % hits`;
}
