import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { LayerStatus } from '../../../src/model/status.ts';
import type { Live } from '../daemon/live.ts';
import type { Flow, Row } from '../flow/flow.ts';
import { matches } from '../flow/matches.ts';
import { count, plural } from '../words.ts';
import { EventLine } from './event-line.tsx';
import { NoteLine } from './note-line.tsx';

interface Props {
  flow: Flow;
  layers: readonly LayerStatus[];
  live: Live;
}

export function LiveFlow({ flow, layers, live }: Props): JSX.Element {
  const [filter, setFilter] = useState('');
  const [open, setOpen] = useState<string | null>(null);
  const rows = filter === '' ? flow.rows : flow.rows.filter((row) => matches(row, filter));
  return (
    <section class="panel flow" aria-label="Live flow">
      <header>
        <h2>Live flow</h2>
        <Reads flow={flow} />
        <input
          type="search"
          placeholder="filter by type, key, source"
          aria-label="Filter the live flow"
          value={filter}
          onInput={(event) => {
            setFilter(event.currentTarget.value);
          }}
        />
        <button
          type="button"
          aria-pressed={flow.paused}
          onClick={() => {
            live.tell({ kind: flow.paused ? 'resume' : 'pause' });
          }}
        >
          {flow.paused ? `Resume${flow.held.length > 0 ? ` (${count(flow.held.length)} new)` : ''}` : 'Pause'}
        </button>
      </header>
      {rows.length === 0 ? (
        <Empty filtered={filter !== ''} />
      ) : (
        <ol class="rows">
          {rows.map((row) => (
            <Line
              key={row.key}
              row={row}
              layers={layers}
              open={open === row.key}
              onToggle={() => {
                setOpen(open === row.key ? null : row.key);
              }}
            />
          ))}
        </ol>
      )}
    </section>
  );
}

function Line(props: { row: Row; layers: readonly LayerStatus[]; open: boolean; onToggle: () => void }): JSX.Element {
  const { row } = props;
  return row.kind === 'note' ? (
    <NoteLine row={row} />
  ) : (
    <EventLine row={row} layers={props.layers} open={props.open} onToggle={props.onToggle} />
  );
}

function Reads({ flow }: { flow: Flow }): JSX.Element {
  const { hits, misses, refused } = flow.seen;
  return (
    <span class="aside" title="Reads of the daemon's cache since this page was opened">
      {plural(hits, 'hit')} · {plural(misses, 'miss', 'misses')} · {plural(refused, 'late fill')} refused
    </span>
  );
}

function Empty({ filtered }: { filtered: boolean }): JSX.Element {
  if (filtered) return <p class="empty">Nothing in this list matches the filter.</p>;
  return (
    <div class="empty">
      <p>No event yet. The next one shows here with its plan and the time each layer took.</p>
      <p>
        Send one: <code>tidemark emit --type product.updated --data '{'{"product_id":42}'}'</code>
      </p>
    </div>
  );
}
