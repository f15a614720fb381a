import { useRef, useState } from 'preact/hooks';

export interface Asking<T> {
  readonly answer: T | null;
  readonly error: string | null;
  readonly ask: (request: (signal: AbortSignal) => Promise<T>) => void;
}

/** One question at a time: a newer one ends the one before, whose answer is then never shown. */
export function useAnswer<T>(): Asking<T> {
  const [answer, setAnswer] = useState<T | null>(null);
  const [error, setError] = useState<string | null>(null);
  const asking = useRef<AbortController | null>(null);
  const ask: Asking<T>['ask'] = (request) => {
    asking.current?.abort();
    const mine = new AbortController();
    asking.current = mine;
    // Inside a promise, so that a request that cannot even be made is an answer like any other.
    Promise.resolve(mine.signal)
      .then(request)
      .then(
        (value) => {
          if (mine.signal.aborted) return;
          setAnswer(() => value);
          setError(null);
        },
        (cause: unknown) => {
          if (mine.signal.aborted) return;
          setAnswer(null);
          setError(cause instanceof Error ? cause.message : String(cause));
        },
      );
  };
  return { answer, error, ask };
}
