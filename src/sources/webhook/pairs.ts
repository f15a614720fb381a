/** `name=value` pairs of a signature header, in order; `null` when a part is none. A value may hold `=`. */
export function pairsOf(header: string, separator: string | RegExp): readonly (readonly [string, string])[] | null {
  const pairs = header.split(separator).map((part): readonly [string, string] => {
    const at = part.indexOf('=');
    return [part.slice(0, Math.max(0, at)), part.slice(at + 1)];
  });
  return pairs.every(([name, value]) => /^\w+$/.test(name) && value !== '') ? pairs : null;
}
