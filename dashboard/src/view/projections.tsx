import type { JSX } from 'preact';
import type { ProjectionStatus } from '../../../src/model/status.ts';
import { plural } from '../words.ts';
import { Lamp, Panel, Said, type Light } from './text.tsx';

export function Projections({ projections }: { projections: readonly ProjectionStatus[] }): JSX.Element | null {
  if (projections.length === 0) return null;
  return (
    <Panel title="Projections">
      <ul class="things">
        {projections.map((projection) => (
          <li key={projection.name}>
            <p class="head">
              <Lamp light={light(projection)} />
              <strong>
                <Said text={projection.name} />
              </strong>
              <span class="state">{projection.running ? 'refreshing' : projection.pending ? 'due' : 'current'}</span>
            </p>
            <p class="facts">
              {plural(projection.refreshes, 'refresh', 'refreshes')} · {plural(projection.failures, 'failure')}
            </p>
            {projection.lastError ? (
              <p class="error">
                <Said text={projection.lastError} />
              </p>
            ) : null}
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function light({ lastError, running, pending }: ProjectionStatus): Light {
  if (lastError) return 'warn';
  return running || pending ? 'idle' : 'good';
}
