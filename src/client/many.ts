import { TidemarkError } from '../tidemark-error.ts';
import type { Factory, LoadContext, ManyFactory, ReadManyOptions } from './options.ts';

/** A factory for each key of a read of many, whichever of the two kinds was given. */
export function factoryOf<T>({ factory, loadMany }: ReadManyOptions<T>): Factory<T> {
  if (factory) return factory;
  // One call for all that is asked for within one turn, so that each load has its stamp before the call begins.
  let open: Batch<T> | null = null;
  return (context) => {
    open ??= new Batch(loadMany, () => {
      open = null;
    });
    return open.add(context);
  };
}

class Batch<T> {
  readonly #contexts = new Map<string, LoadContext[]>();
  readonly #values: Promise<ReadonlyMap<string, T>>;

  constructor(loadMany: ManyFactory<T>, begins: () => void) {
    this.#values = Promise.resolve().then(() => {
      begins();
      return this.#load(loadMany);
    });
  }

  async add(context: LoadContext): Promise<T> {
    const known = this.#contexts.get(context.key);
    if (known) known.push(context);
    else this.#contexts.set(context.key, [context]);
    return (await this.#values).get(context.key) as T;
  }

  async #load(loadMany: ManyFactory<T>): Promise<ReadonlyMap<string, T>> {
    const contexts = this.#contexts;
    const keys = [...contexts.keys()];
    const [first] = contexts.get(keys[0] ?? '') ?? [];
    if (!first) return new Map();
    const values = await loadMany(keys, {
      signal: first.signal,
      stamp: first.stamp,
      seen: (seen) => {
        for (const context of [...contexts.values()].flat()) context.seen(seen);
      },
      setTags: (key, tags) => {
        for (const context of contexts.get(key) ?? []) context.setTags(tags);
      },
    });
    if (values.length !== keys.length)
      throw new TidemarkError('OPTION_INVALID', `loadMany gave ${values.length} values for ${keys.length} keys`);
    return new Map(keys.map((key, i) => [key, values[i] as T]));
  }
}
