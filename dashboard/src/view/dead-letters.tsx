import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { DeadLetter } from '../../../src/model/entry.ts';
import { deleteAt, getJson, postJson } from '../daemon/api.ts';
import { clockSeconds, count } from '../words.ts';
import { Code, Panel, Said } from './text.tsx';

const SHOWN_MAX = 5;

export function DeadLetters({ count: total }: { count: number }): JSX.Element {
  const [done, setDone] = useState({ times: 0, words: '' });
  const letters = useNewest(total, done.times);
  const onDone = (words: string): void => {
    setDone(({ times }) => ({ times: times + 1, words }));
  };
  return (
    <Panel title="Dead letters" aside={total === 0 ? 'none' : count(total)}>
      {total === 0 ? <p class="empty">Every event and action was processed.</p> : null}
      <ul class="things">
        {letters.map((letter) => (
          <Letter key={letter.id} letter={letter} onDone={onDone} />
        ))}
      </ul>
      <p class="facts" role="status">
        <Said text={done.words} />
      </p>
    </Panel>
  );
}

function Letter({ letter, onDone }: { letter: DeadLetter; onDone: (words: string) => void }): JSX.Element {
  const { id } = letter;
  const [busy, setBusy] = useState(false);
  const [sure, setSure] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const run = (request: () => Promise<string>): void => {
    setBusy(true);
    setProblem(null);
    request()
      .then(onDone, (cause: unknown) => {
        setProblem(cause instanceof Error ? cause.message : String(cause));
      })
      .finally(() => {
        setBusy(false);
        setSure(false);
      });
  };
  const retry = async (): Promise<string> => {
    const { message } = await postJson<{ readonly message: string }>(`v1/dead-letters/${String(id)}/retry`, {});
    return `Dead letter ${String(id)}: ${message}.`;
  };
  const discard = async (): Promise<string> => {
    await deleteAt(`v1/dead-letters/${String(id)}`);
    return `Dead letter ${String(id)} is discarded.`;
  };
  return (
    <li>
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
        <code>tidemark dead-letters show {id}</code>
      </p>
      <p class="act">
        <button type="button" disabled={busy} aria-label={`Retry dead letter ${String(id)}`} onClick={() => run(retry)}>
          Retry
        </button>{' '}
        <button
          type="button"
          disabled={busy}
          aria-label={`${sure ? 'Really discard' : 'Discard'} dead letter ${String(id)}`}
          onClick={() => {
            if (sure) run(discard);
            else setSure(true);
          }}
        >
          {sure ? 'Really discard' : 'Discard'}
        </button>
      </p>
      {problem === null ? null : (
        <p class="error" role="alert">
          <Said text={problem} />
        </p>
      )}
    </li>
  );
}

/** Asked for again whenever their number changes, and when something was done with one of them. */
function useNewest(total: number, done: number): readonly DeadLetter[] {
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
  }, [total, done]);
  return letters;
}
