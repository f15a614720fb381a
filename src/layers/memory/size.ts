/** Nodes looked at before the rest is taken to be like what was seen: keeps a fill of a huge value cheap. */
const NODES_MAX = 4_096;

/**
 * About how many bytes of heap a value takes, for the layer's byte bound. An estimate: V8's sizes for strings,
 * numbers and plain objects; buffers by their length; what is seen twice counts once.
 */
export function roughBytes(value: unknown): number {
  let bytes = 0;
  let nodes = 0;
  let waiting = 1;
  const stack: unknown[] = [value];
  const seen = new Set<object>();
  while (stack.length > 0) {
    if (nodes++ === NODES_MAX) return Math.ceil((bytes * (nodes + waiting)) / nodes);
    const one = stack.pop();
    waiting--;
    if (typeof one === 'string') bytes += 16 + one.length;
    else if (typeof one === 'bigint') bytes += 24;
    else if (typeof one !== 'object' || one === null) bytes += 8;
    else if (!seen.has(one)) {
      seen.add(one);
      if (ArrayBuffer.isView(one)) {
        bytes += 96 + one.byteLength;
        continue;
      }
      const children = childrenOf(one);
      bytes += 32 + 8 * children.length;
      waiting += children.length;
      for (let i = Math.max(0, children.length - NODES_MAX); i < children.length; i++) stack.push(children[i]);
    }
  }
  return bytes;
}

function childrenOf(value: object): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  if (value instanceof Map) return [...(value as Map<unknown, unknown>).entries()].flat();
  if (value instanceof Set) return [...(value as Set<unknown>)];
  return Object.values(value);
}
