import { distance } from 'fastest-levenshtein';

/** The known word that was most likely meant; `null` when none is near. */
export function nearest(word: string, known: Iterable<string>): string | null {
  if (word.length > 64) return null;
  const given = fold(word);
  // One slip for every three letters: "triger" is "trigger", "foo" is not "for".
  let limit = Math.max(1, Math.floor(given.length / 3));
  let best: string | null = null;
  for (const candidate of known) {
    const apart = distance(given, fold(candidate));
    if (apart > limit || (apart === limit && best !== null)) continue;
    best = candidate;
    limit = apart;
  }
  return best;
}

/** Case, dashes and underscores are what people mix up most. */
const fold = (word: string): string => word.toLowerCase().replaceAll('-', '').replaceAll('_', '');

/** `did you mean "x"?`, else the choices, else the given sentence. */
export function didYouMean(word: string, known: readonly string[], otherwise: string): string {
  const near = nearest(word, known);
  return near === null ? otherwise : `did you mean "${near}"?`;
}

export function listed(words: readonly string[]): string {
  return words.length === 0 ? 'none' : words.join(', ');
}
