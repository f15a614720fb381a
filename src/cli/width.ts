/** Ranges drawn two cells wide by terminals: East Asian wide and full-width forms, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const COMBINING = /\p{Mn}|\p{Me}/u;
// eslint-disable-next-line no-control-regex -- the colours that paint.ts adds
const STYLE = /\u001b\[\d+m/g;

/** Cells that escaped, possibly coloured text takes on a terminal. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of text.replace(STYLE, '')) width += COMBINING.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return width;
}

/** At most `cells` wide, the cut shown by an ellipsis. For plain text. */
export function truncate(text: string, cells: number): string {
  if (widthOf(text) <= cells) return text;
  let width = 0;
  let kept = '';
  for (const char of text) {
    width += widthOf(char);
    if (width > cells - 1) break;
    kept += char;
  }
  return `${kept}…`;
}
