import { vi } from 'vitest';

/** Resolves once it holds; rejects, naming it, when that does not come to be. */
export function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  wait: { readonly timeout: number; readonly interval: number } = { timeout: 30_000, interval: 5 },
): Promise<void> {
  return vi.waitFor(async () => {
    if (!(await holds())) throw new Error(`${what} did not come`);
  }, wait);
}
