/** How the page says numbers, times and names. Pure. */

const whole = new Intl.NumberFormat('en');

export const count = (n: number): string => whole.format(n);

export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** A duration in the largest unit that keeps two digits: `840 ms`, `2.4 s`, `3 min 10 s`, `2 h 5 min`. */
export function span(ms: number): string {
  if (!Number.isFinite(ms)) return 'unknown';
  if (ms < 0) return `-${span(-ms)}`;
  if (ms < 10) return `${trim(ms, 1)} ms`;
  if (ms < 1_000) return `${String(Math.round(ms))} ms`;
  if (ms < 59_950) return `${trim(ms / 1_000, 1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return pair(seconds, 60, 'min', 's');
  if (seconds < 86_400) return pair(Math.round(seconds / 60), 60, 'h', 'min');
  return pair(Math.round(seconds / 3_600), 24, 'd', 'h');
}

function pair(amount: number, base: number, large: string, small: string): string {
  const rest = amount % base;
  const head = `${String((amount - rest) / base)} ${large}`;
  return rest === 0 ? head : `${head} ${String(rest)} ${small}`;
}

function trim(n: number, digits: number): string {
  return n.toFixed(digits).replace(/\.0+$/, '');
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function size(bytes: number): string {
  let left = bytes;
  let unit = 0;
  while (left >= 1_000 && unit < UNITS.length - 1) {
    left /= 1_000;
    unit++;
  }
  return `${trim(left, left < 10 && unit > 0 ? 1 : 0)} ${UNITS[unit] ?? 'B'}`;
}

/** Local wall-clock time with milliseconds, as logs have it. */
export function clock(at: number): string {
  const d = new Date(at);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}.${String(d.getMilliseconds()).padStart(3, '0')}`;
}

export const clockSeconds = (at: number): string => clock(at).slice(0, 8);

// C0, C1, line separators, and everything that reorders or hides text.
// eslint-disable-next-line no-control-regex -- finding control characters is the purpose
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** Text that shows what it holds: control and direction characters appear as escapes, so no payload can pose as another. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (c) => {
    if (c === '\n') return '\\n';
    if (c === '\t') return '\\t';
    if (c === '\r') return '\\r';
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** JSON for people, bounded: an event may be a megabyte, a page should not be. */
export function json(value: unknown, indent = 0, most = 4_000): string {
  const text = JSON.stringify(value, null, indent) ?? 'undefined';
  const lines = text.slice(0, most).split('\n').map(visible).join('\n');
  return text.length > most ? `${lines}… (${count(text.length)} characters)` : lines;
}

export function excerpt(value: unknown, most = 160): string {
  if (value === null || value === undefined) return '';
  const text = visible(JSON.stringify(value)?.slice(0, most + 1) ?? '');
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
