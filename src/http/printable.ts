/**
 * What could forge a line or turn text around where an answer is shown: C0 (JSON leaves none raw), DEL, C1, line and
 * paragraph separators, overrides of direction, zero-width characters and lone surrogates.
 */
const UNSAFE =
  // eslint-disable-next-line no-control-regex -- control characters are what this looks for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\p{Cs}/gu;

const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Text from outside, made safe for one line. */
export function printable(text: string, charsMax = 300): string {
  const cut = text.length > charsMax ? `${text.slice(0, charsMax)}…` : text;
  return cut.replace(UNSAFE, escaped);
}

/** JSON that means the same and has nothing in it that a terminal or a page would obey. */
export function toJson(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  return (text ?? 'null').replace(UNSAFE, escaped);
}
