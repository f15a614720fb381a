/**
 * Trigger patterns. `*` stands for one whole segment of a dotted event type; as the last segment it stands for
 * one or more, because a trigger that matches too much costs a reload and one that matches too little leaves
 * stale values. `*` alone matches everything.
 */
export function matchesType(pattern: string, type: string): boolean {
  const wanted = pattern.split('.');
  const given = type.split('.');
  const open = wanted.at(-1) === '*';
  if (open ? given.length < wanted.length : given.length !== wanted.length) return false;
  return wanted.every((segment, i) => segment === '*' || segment === given[i]);
}

export function isPattern(trigger: string): boolean {
  return trigger.includes('*');
}

/** Deeper than any event type in use; bounds the index. */
const SEGMENTS_MAX = 16;

/** What is wrong with a trigger, or `null`. */
export function triggerProblem(trigger: string): string | null {
  const segments = trigger.split('.');
  if (trigger.length > 255) return 'it is longer than 255 characters';
  if (segments.length > SEGMENTS_MAX) return `it has more than ${String(SEGMENTS_MAX)} segments`;
  for (const segment of segments) {
    if (segment === '') return 'a segment between two dots is empty';
    if (segment.includes('*') && segment !== '*')
      return `"*" stands for a whole segment, not for a part of "${segment}"`;
    for (const char of segment) if (char <= ' ' || char === '\u007f') return 'it has a space or a control character';
  }
  return null;
}
