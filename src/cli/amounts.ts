const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];

/** `250ms`, `1.5s`, `10m`, `2h 5m`: as the configuration writes it, at most two units. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return 'unknown';
  if (ms < 0) return `-${duration(-ms)}`;
  if (ms < 10) return `${String(Math.round(ms * 10) / 10)}ms`;
  if (ms < 1_000) return `${String(Math.floor(ms))}ms`;
  if (ms < 60_000) return `${String(Math.floor(ms / 100) / 10)}s`;
  const at = UNITS.findIndex(([, size]) => ms >= size);
  const [unit, size] = UNITS[at] ?? ['s', 1_000];
  const whole = Math.floor(ms / size);
  const [nextUnit, nextSize] = UNITS[at + 1] ?? ['s', 1_000];
  const rest = Math.floor((ms - whole * size) / nextSize);
  return rest === 0 ? `${String(whole)}${unit}` : `${String(whole)}${unit} ${String(rest)}${nextUnit}`;
}

/** `1 event`, `2 events`, `1,200 events`. */
export function count(n: number, noun: string): string {
  const plural = noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${grouped(n)} ${n === 1 ? noun : plural}`;
}

export function grouped(n: number): string {
  return n.toLocaleString('en-US');
}

/** `812 B`, `1.2 KiB`, `3.4 MiB`. */
export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = n;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${String(unit === 0 ? value : Math.round(value * 10) / 10)} ${units[unit] ?? 'B'}`;
}

/** `14:03:07.120`, local time: what a person compares with the clock on the wall. */
export function timeOfDay(at: number): string {
  const date = new Date(at);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** How long ago, in words. */
export function ago(at: number, now: number): string {
  return now - at < 1_000 ? 'just now' : `${duration(now - at)} ago`;
}
