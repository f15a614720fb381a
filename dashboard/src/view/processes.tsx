import type { JSX } from 'preact';
import type { MemberStatus } from '../../../src/model/member.ts';
import { count, span } from '../words.ts';
import { Lamp, Panel, Said, type Light } from './text.tsx';

/** Whose caches follow this journal elsewhere. */
export function Processes({ processes }: { processes: readonly MemberStatus[] }): JSX.Element | null {
  if (processes.length === 0) return null;
  return (
    <Panel title="Processes">
      <ul class="things">
        {processes.map((process) => (
          <li key={process.id}>
            <p class="head">
              <Lamp light={light(process)} />
              <strong>
                <Said text={process.name} />
              </strong>
              {process.role === 'relay' ? <span class="dim">relay</span> : null}
              <span class="state">{word(process)}</span>
            </p>
            <p class="facts">
              {process.watermark === null ? 'another journal' : `watermark #${count(process.watermark)}`} · heard{' '}
              {span(process.heardMsAgo)} ago
            </p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function light({ state, behind }: MemberStatus): Light {
  if (state === 'gone') return 'bad';
  return behind > 0 ? 'warn' : 'good';
}

function word({ state, behind }: MemberStatus): string {
  if (state === 'gone') return 'gone';
  return behind === 0 ? 'level' : `${count(behind)} behind`;
}
