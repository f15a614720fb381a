import type { JSX } from 'preact';
import type { PlannedAction } from '../../../src/model/plan.ts';
import type { LayerStatus } from '../../../src/model/status.ts';
import type { EventRow } from '../flow/flow.ts';
import { clock, count, excerpt, json, plural, span, visible } from '../words.ts';
import { Code, Said } from './text.tsx';

interface Props {
  row: EventRow;
  layers: readonly LayerStatus[];
  open: boolean;
  onToggle: () => void;
}

// A line stays a line; the opened row shows up to ACTIONS_SHOWN_MAX, the journal has them all.
const CHIPS_MAX = 4;
const ACTIONS_SHOWN_MAX = 100;

export function EventLine({ row, layers, open, onToggle }: Props): JSX.Element {
  return (
    <li class={`row event ${open ? 'open' : ''}`}>
      <time>{clock(row.at)}</time>
      <div class="body">
        <div class="line">
          <button type="button" class="summary" aria-expanded={open} onClick={onToggle}>
            <span class="type">
              <Said text={row.type} />
            </span>
            <span class="excerpt">{excerpt(row.data)}</span>
          </button>
          <ul class="arrivals" aria-label="Layers that have it">
            {layers.map((layer) => (
              <Arrival key={layer.name} row={row} layer={layer.name} />
            ))}
          </ul>
        </div>
        <div class="line">
          <Chips actions={row.actions} />
          <span class="origin">
            <Said text={row.source} /> #{count(row.offset)}
          </span>
        </div>
        {row.problems.length > 0 ? (
          <p class="problem">
            {plural(row.problems.length, 'action')} could not be planned, and a wider one took its place
          </p>
        ) : null}
        {open ? <Opened row={row} /> : null}
      </div>
    </li>
  );
}

function Arrival({ row, layer }: { row: EventRow; layer: string }): JSX.Element {
  const done = row.layers.find((each) => each.layer === layer);
  return (
    <li class={done ? 'done' : 'due'}>
      <Said text={layer} /> <span>{done ? (done.ms === null ? '✓' : `+${span(done.ms)}`) : 'queued'}</span>
    </li>
  );
}

function Chips({ actions }: { actions: readonly PlannedAction[] }): JSX.Element {
  if (actions.length === 0) return <p class="nothing">no contract asks for anything</p>;
  const more = actions.length - CHIPS_MAX;
  return (
    <ul class="chips">
      {actions.slice(0, CHIPS_MAX).map((action, i) => (
        <li key={i} class={action.widened ? 'widened' : ''}>
          <span>{action.kind}</span> <Code text={action.target} />
        </li>
      ))}
      {more > 0 ? <li class="more">and {count(more)} more</li> : null}
    </ul>
  );
}

function Opened({ row }: { row: EventRow }): JSX.Element {
  return (
    <div class="opened">
      <dl>
        <dt>id</dt>
        <dd>
          <Code text={row.id} />
        </dd>
        {row.subject === null ? null : (
          <>
            <dt>subject</dt>
            <dd>
              <Code text={row.subject} />
            </dd>
          </>
        )}
        {row.actions.slice(0, ACTIONS_SHOWN_MAX).map((action, i) => (
          <Reason key={i} action={action} />
        ))}
        {row.problems.map((problem, i) => (
          <Problem key={i} problem={problem} />
        ))}
      </dl>
      <pre tabIndex={0} aria-label="Data of the event">
        {json(row.data, 2)}
      </pre>
    </div>
  );
}

function Reason({ action }: { action: PlannedAction }): JSX.Element {
  return (
    <>
      <dt>{action.kind}</dt>
      <dd>
        <Code text={action.target} /> because of <Code text={action.contract} />
        {action.namespace ? (
          <>
            {' '}
            in namespace <Code text={action.namespace} />
          </>
        ) : null}
        {action.layers ? <> only in {visible(action.layers.join(', '))}</> : null}
        {action.widened ? ', widened: the exact target could not be told' : null}
      </dd>
    </>
  );
}

function Problem({ problem }: { problem: EventRow['problems'][number] }): JSX.Element {
  return (
    <>
      <dt class="bad">{visible(problem.code)}</dt>
      <dd>
        <Code text={problem.template} /> of <Code text={problem.contract} />: <Said text={problem.message} />
      </dd>
    </>
  );
}
