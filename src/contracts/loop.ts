import type { JsonValue } from '../model/json.ts';
import type { CompiledContract } from './compile.ts';
import { readField, type Frame, type Image } from './field.ts';

/** The items of a `for_each`, or why they cannot be told. */
export interface Loop {
  readonly frames: readonly Frame[];
  readonly problem: { readonly code: string; readonly message: string } | null;
}

/** A row's items are those before and those after the change. */
export function loopOver(
  { field, optional, limit }: NonNullable<CompiledContract['loop']>,
  images: readonly Image[],
): Loop {
  const frames: Frame[] = [];
  for (const image of images) {
    const reading = readField(image, field);
    if (reading.state === 'absent') continue;
    if (reading.state === 'unknown') return failed(reading.code, `for_each ${field.text}: ${reading.why}`);
    const items = reading.value;
    if (items === undefined || items === null) {
      if (optional) continue;
      return failed('FOR_EACH_MISSING', `for_each ${field.text}: the event has no such array`);
    }
    if (!Array.isArray(items)) return failed('FOR_EACH_NOT_ARRAY', `for_each ${field.text}: the value is not an array`);
    if (frames.length + items.length > limit)
      return failed('FOR_EACH_LIMIT', `for_each ${field.text}: more than ${String(limit)} items`);
    for (const item of items as readonly JsonValue[]) frames.push({ ...image, item: { value: item } });
  }
  return { frames, problem: null };
}

const failed = (code: string, message: string): Loop => ({ frames: [], problem: { code, message } });
