/**
 * What could move a cursor, forge a line or turn text around: C0, DEL, C1 (U+009B starts an escape sequence in some
 * terminals), line and paragraph separators, marks and overrides of direction, zero-width and lone surrogate characters.
 */
const UNSAFE =
  // eslint-disable-next-line no-control-regex -- control characters are what this looks for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

const hex = (char: string, digits: number): string => char.charCodeAt(0).toString(16).padStart(digits, '0');

/** Text from outside (events, keys, file content, other programs' messages) made safe to show on one line. */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, (char) => SHORT[char] ?? (char <= 'ÿ' ? `\\x${hex(char, 2)}` : `\\u${hex(char, 4)}`));
}

/** The same for text of our own that has several lines: line feeds stay, everything else is escaped. */
export function escapeLines(text: string): string {
  return text.split('\n').map(escapeControls).join('\n');
}

/** JSON that means the same and is safe to print: what JSON itself leaves raw is written as an escape. */
export function safeJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent) as string | undefined;
  // Line feeds of the indentation are the only control characters that JSON.stringify leaves outside of strings.
  return (text ?? 'null').replace(UNSAFE, (char) => (char === '\n' ? char : `\\u${hex(char, 4)}`));
}
