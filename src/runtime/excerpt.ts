/** Enough to recognise an error page by; too little to be read as a way to fetch documents. */
const CHARS_MAX = 200;

/** Controls, separators, overrides of direction and zero-width characters: what a terminal or a page would obey. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;

/** The beginning of text from outside, for one line of a message: white space folded, everything unsafe escaped. */
export function excerpt(text: string, charsMax = CHARS_MAX): string {
  const folded = text.replace(/\s+/g, ' ').trim();
  const cut = folded.length > charsMax ? `${folded.slice(0, charsMax)}…` : folded;
  return cut.replace(UNSAFE, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}
