/** How many at the beginning of a list hold, where those that hold come before those that do not. */
export function leading<T>(sorted: readonly T[], holds: (one: T) => boolean, from = 0): number {
  let [low, high] = [from, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(sorted[middle] as T)) low = middle + 1;
    else high = middle;
  }
  return low;
}
