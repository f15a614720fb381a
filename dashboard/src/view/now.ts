import { useEffect, useState } from 'preact/hooks';
import { now, sleep } from '../time.ts';

/** The present, again every `periodMs`; `null` stands still. */
export function useNow(periodMs: number | null): number {
  const [at, setAt] = useState(now);
  useEffect(() => {
    if (periodMs === null) return;
    const left = new AbortController();
    void (async () => {
      while (!left.signal.aborted) {
        setAt(now());
        await sleep(periodMs, left.signal);
      }
    })();
    return () => {
      left.abort();
    };
  }, [periodMs]);
  return at;
}
