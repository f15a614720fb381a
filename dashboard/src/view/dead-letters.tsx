import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { DeadLetter } from '../../../src/model/entry.ts';
import { getJson } from '../daemon/api.ts';
import { clockSeconds, count } from '../words.ts';
import { Code, Panel, Said } from './text.tsx';

const SHOWN_MAX = 5;

export function DeadLetters({ count: total }: { count: number }): JSX.Element {
  const letters = useNewest(total);
  return (
    <Panel title="Dead letters" aside={total === 0 ? 'none' : count(total)}>
      {total === 0 ? <p class="empty">Every event and action was processed.</p> : null}
      <ul class="things">
        {letters.map((letter) => (
          <li key={letter.id}>
            <p class="head">
              <Code class="bad" text={letter.code} />
              <span class="dim">
                <Said text={letter.stage} />
              </span>
              <time class="state">{clockSeconds(letter.at)}</time>
            </p>
            <p class="reason">
              <Said text={letter.message} />
            </p>
            <p class="facts">
              <code>tidemark dead-letters show {letter.id}</code>
            </p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Asked for again whenever their number changes. */
function useNewest(total: number): readonly DeadLetter[] {
  const [letters, setLetters] = useState<readonly DeadLetter[]>([]);
  useEffect(() => {
    if (total === 0) {
      setLetters([]);
      return;
    }
    const left = new AbortController();
    getJson<{ readonly deadLetters: readonly DeadLetter[] }>('v1/dead-letters?limit=1000', left.signal).then(
      ({ deadLetters }) => {
        setLetters(deadLetters.slice(-SHOWN_MAX).reverse());
      },
      () => undefined,
    );
    return () => {
      left.abort();
    };
  }, [total]);
  return letters;
}
