import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Live } from '../daemon/live.ts';
import type { State } from '../daemon/state.ts';
import { DeadLetters } from './dead-letters.tsx';
import { Explain } from './explain.tsx';
import { Layers } from './layers.tsx';
import { LiveFlow } from './live-flow.tsx';
import { Namespaces } from './namespaces.tsx';
import { Picture } from './picture.tsx';
import { Plan } from './plan.tsx';
import { Processes } from './processes.tsx';
import { Projections } from './projections.tsx';
import { Sources } from './sources.tsx';
import { TokenPrompt } from './token-prompt.tsx';
import { Gone, Reservations, Top } from './top.tsx';

export function App({ live }: { live: Live }): JSX.Element {
  const state = useLive(live);
  const { connection, status } = state;
  if (connection.kind === 'locked') return <TokenPrompt live={live} refused={connection.refused} />;
  const old = connection.kind === 'gone';
  return (
    <>
      <Top connection={connection} status={status} />
      <Gone connection={connection} known={status !== null} />
      {status ? (
        <main class={old ? 'old' : ''}>
          {old ? null : <Reservations status={status} />}
          <Picture state={state} status={status} />
          <div class="columns">
            <div class="wide">
              <LiveFlow flow={state.flow} layers={status.layers} live={live} />
            </div>
            <div class="narrow">
              <Namespaces namespaces={status.namespaces} />
              <Sources sources={status.sources} now={status.now} />
              <Layers layers={status.layers} head={status.journal.head} />
              <Processes processes={status.processes ?? []} />
              <Projections projections={status.projections} />
              <DeadLetters count={status.deadLetters} />
            </div>
          </div>
          <div class="tools">
            <Explain now={status.now} />
            <Plan />
          </div>
        </main>
      ) : null}
    </>
  );
}

function useLive(live: Live): State {
  const [state, setState] = useState(live.state);
  useEffect(
    () =>
      live.subscribe(() => {
        setState(live.state);
      }),
    [live],
  );
  return state;
}
