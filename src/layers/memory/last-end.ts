import type { Offset } from '../../model/position.ts';
import type { Fence, FenceEnd, TagMark } from '../../trust/fence.ts';
import type { Embedded } from './store.ts';

/** An entry that is or was resident, with what it is made of. */
export interface Made {
  readonly namespace: string;
  readonly key: string;
  readonly stamp: Offset;
  readonly marks: readonly TagMark[];
  readonly embeds: readonly Embedded[] | null;
}

export interface LastEnd extends FenceEnd {
  /** It ended a part that the value embeds. */
  readonly embedded: boolean;
}

/** For people: the last that is remembered to have ended an entry or a part of it, or to have expired it. */
export function lastEndOf(fence: Fence, how: 'hard' | 'soft', { embeds, ...entry }: Made): LastEnd | null {
  const { stamp } = entry;
  const own = fence.lastEnd(how, entry);
  let last = own && { ...own, embedded: false };
  for (const { namespace, marks } of embeds ?? []) {
    const [key, ...tags] = marks;
    const end = key ? fence.lastEnd(how, { stamp: last?.at ?? stamp, namespace, key: key.tag, marks: tags }) : null;
    if (end) last = { ...end, embedded: true };
  }
  return last;
}
