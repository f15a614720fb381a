/** Milliseconds of CLOCK_MONOTONIC, which is one and the same for all processes of a machine under Linux. */
export function mono(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves to whether it came to hold in time. */
export async function holds(what: () => boolean, patienceMs: number): Promise<boolean> {
  for (const end = mono() + patienceMs; !what();) {
    if (mono() > end) return false;
    await pause(20);
  }
  return true;
}

/** The wall clock's distance from `mono`, as of now: the least of a few readings, since a process may lose its turn between the two. */
export function wallAhead(): number {
  return Math.min(...Array.from({ length: 5 }, () => -mono() + Date.now()));
}
