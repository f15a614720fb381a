import type { JSX } from 'preact';
import type { Status } from '../../../src/model/status.ts';
import type { Connection } from '../daemon/state.ts';
import { clockSeconds, span } from '../words.ts';
import { useNow } from './now.ts';
import { Lamp, Said } from './text.tsx';

export function Top({ connection, status }: { connection: Connection; status: Status | null }): JSX.Element {
  return (
    <header class="top">
      <Brand />
      <p class="link" role="status">
        <Link connection={connection} status={status} />
      </p>
      {status ? (
        <p class="build">
          <span>
            v<Said text={status.version} />
          </span>
          <span>up {span(Math.max(0, Math.round((status.now - status.startedAt) / 1_000) * 1_000))}</span>
        </p>
      ) : null}
    </header>
  );
}

export function Brand({ of }: { of?: string }): JSX.Element {
  return (
    <h1 class="brand">
      <svg viewBox="0 0 32 20" width="32" height="20" aria-hidden="true">
        <path d="M2 7c4.7-5 9.3-5 14 0s9.3 5 14 0" />
        <path class="mark" d="M6 16h20" />
      </svg>
      Tidemark
      {of ? <small>{of}</small> : null}
    </h1>
  );
}

function Link({ connection, status }: { connection: Connection; status: Status | null }): JSX.Element {
  if (connection.kind === 'connecting') {
    return (
      <>
        <Lamp light="idle" /> connecting
      </>
    );
  }
  if (connection.kind === 'gone') {
    return (
      <>
        <Lamp light="bad" /> daemon gone
      </>
    );
  }
  const ready = status?.ready ?? false;
  return (
    <>
      <Lamp light={ready ? 'good' : 'warn'} /> {ready ? 'live' : 'live, not ready'}
    </>
  );
}

/** Says that nothing below is now, and since when. */
export function Gone({ connection, known }: { connection: Connection; known: boolean }): JSX.Element | null {
  const at = useNow(connection.kind === 'gone' ? 1_000 : null);
  if (connection.kind !== 'gone') return null;
  return (
    <div class="banner bad" role="alert">
      <strong>The daemon does not answer</strong> since {clockSeconds(connection.since)}{' '}
      <span aria-hidden="true">({span(Math.max(0, at - connection.since))})</span>: <Said text={connection.why} />.{' '}
      {known
        ? 'What stands below is the last that was heard, not now.'
        : 'Start it with `tidemark dev` or `tidemark run`.'}{' '}
      The page keeps trying.
    </div>
  );
}

export function Reservations({ status }: { status: Status }): JSX.Element | null {
  if (status.reasons.length === 0) return null;
  return (
    <div class={`banner ${status.ready ? 'warn' : 'bad'}`} role="status">
      <strong>{status.ready ? 'Ready, with reservations:' : 'Not ready:'}</strong>{' '}
      <ul>
        {status.reasons.map((reason) => (
          <li key={reason}>
            <Said text={reason} />{' '}
          </li>
        ))}
      </ul>
    </div>
  );
}
