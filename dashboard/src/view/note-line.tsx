import type { JSX } from 'preact';
import type { NoteRow } from '../flow/flow.ts';
import { clock } from '../words.ts';
import { Said } from './text.tsx';

export function NoteLine({ row }: { row: NoteRow }): JSX.Element {
  return (
    <li class={`row note ${row.tone}`}>
      <time>{clock(row.at)}</time>
      <div class="body">
        <strong>{row.title}</strong> <Said text={row.text} />
      </div>
    </li>
  );
}
