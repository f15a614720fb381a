/**
 * An attribute out of its HTTP header (CloudEvents HTTP binding 1.0.2, section 3.1.3.2): double-quoted parts are
 * unescaped, then percent-decoded once. A string says what is wrong.
 *
 * A `%` that begins no escape is refused rather than kept: the sender did not encode, so an escape beside it would
 * mean itself. So are characters outside of printable ASCII, whose encoding nobody declared.
 */
export function decodeHeaderValue(
  raw: string,
): { readonly ok: true; readonly value: string } | { readonly ok: false; readonly problem: string } {
  if (!/^[\t\x20-\x7e]*$/.test(raw)) {
    return { ok: false, problem: 'has characters outside of printable ASCII: percent-encode them as UTF-8' };
  }
  const plain = unquoted(raw.trim());
  if (plain === null) return { ok: false, problem: 'has a double quote that is not closed' };
  if (/%(?![0-9A-Fa-f]{2})/.test(plain)) {
    return { ok: false, problem: 'has a % that begins no escape: write it as %25' };
  }
  try {
    // Takes lower and upper case, and refuses overlong forms, encoded surrogates and cut-off sequences.
    return { ok: true, value: decodeURIComponent(plain) };
  } catch {
    return { ok: false, problem: 'is not UTF-8 once percent-decoded' };
  }
}

/** Quotes may stand around the whole or around a part; older senders wrote them for spaces. */
function unquoted(text: string): string | null {
  if (!text.includes('"')) return text;
  let plain = '';
  let inside = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '"') inside = !inside;
    else if (inside && char === '\\') plain += text.charAt(++at);
    else plain += char;
  }
  return inside ? null : plain;
}
