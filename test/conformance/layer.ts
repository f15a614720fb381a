import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import type { Authority, Layer, StampedAction } from '../../src/layers/layer.ts';
import type { ActionKind } from '../../src/model/plan.ts';
import type { Offset } from '../../src/model/position.ts';
import type { Claim } from '../../src/trust/shard.ts';
import type { TestFrame } from './frame.ts';

/** What a layer has of a key for a reader. */
export interface FoundValue {
  readonly value: unknown;
  /** Up to where it is said to reflect every event. */
  readonly through: Offset;
}

export interface LoadedValue {
  readonly namespace: string;
  readonly key: string;
  readonly value: unknown;
  readonly stamp: Offset;
  readonly tags: readonly string[];
  readonly ttlMs: number;
}

/** A layer, and a reader of it. */
export interface LayerUnderTest {
  readonly layer: Layer;
  /** Whether it was stored. Must never reject. */
  readonly fill: (loaded: LoadedValue) => Promise<boolean>;
  /** `null`: nothing, or it could not be asked. Must never reject. */
  readonly find: (namespace: string, key: string) => Promise<FoundValue | null>;
  readonly pass: (ms: number) => Promise<void>;
  /** The same values as another daemon opens them; absent where they end with the process. */
  readonly another?: (journal: TestJournal) => Promise<LayerUnderTest>;
  readonly dispose: () => Promise<void>;
}

export interface LayerSubject {
  /** Opens one that is empty. */
  readonly open: (journal: TestJournal, limits: { readonly max_tombstones?: number }) => Promise<LayerUnderTest>;
  /** It is still there when its daemon is not, and says where it stands. */
  readonly outlives: boolean;
  /** Its calls fail now and then: they are made again, as deliveries and readers make them. Default: none may fail. */
  readonly isFaulty?: boolean;
  /** The longest that a reader may be kept waiting. */
  readonly answersWithinMs: number;
}

/** A journal as a layer sees it. */
export class TestJournal implements Authority {
  epoch: string;
  owner: number;
  contractHash = 'c';
  head = 0;
  renewed = 0;

  constructor(epoch = 'j', owner = 1) {
    this.epoch = epoch;
    this.owner = owner;
  }

  claim(): Claim {
    return { epoch: this.epoch, owner: this.owner, contractHash: this.contractHash };
  }

  settledAt(): Promise<Offset> {
    return Promise.resolve(at(this.head));
  }

  renew(): Promise<void> {
    this.epoch = `${this.epoch}+${++this.renewed}`;
    return Promise.resolve();
  }
}

/** The promises of the layer seam and, where it has one, of the shared seam, for every implementation. */
export function layerConformance(frame: TestFrame, name: string, subject: LayerSubject): void {
  const it = (claim: string, body: (world: World) => Promise<void>, limits = {}): void => {
    frame.it(claim, async () => {
      const journal = new TestJournal();
      const world = new World(subject, journal, await subject.open(journal, limits));
      try {
        await world.begin();
        await body(world);
      } finally {
        await world.close();
      }
    });
  };

  frame.describe(`layer ${name}`, () => {
    it('gives one outcome for each action, in order, and none for none', async (world) => {
      await world.apply(1);
      await world.apply(
        2,
        ['delete_key', 'k'],
        ['expire_key', 'k'],
        ['refresh_key', 'k'],
        ['purge_tag', 'g'],
        ['expire_tag', 'g'],
        ['purge_namespace', 'n'],
        ['purge_namespace', '*'],
      );
    });

    for (const [kind, target] of HARD) {
      it(`${kind} ${target} ends what was loaded before, refuses it late, and lets in what was loaded since`, async (world) => {
        await world.stored('k', 1, { tags: ['g'] });
        const elsewhere = target === '*' ? [] : [['other', 'm'] as const];
        for (const [key, namespace] of elsewhere) await world.stored(key, 1, { namespace, tags: ['other'] });
        await world.apply(5, [kind, target]);
        equal(await world.find('k'), null);
        await world.refused('k', 4, { tags: ['g'] });
        for (const [key, namespace] of elsewhere) equal((await world.present(key, namespace)).through, 5);
        await world.stored('k', 5, { tags: ['g'] });
      });
    }

    for (const [kind, target] of SOFT) {
      it(`${kind} ${target} leaves what was loaded before as good as its load, and refuses it late`, async (world) => {
        await world.stored('k', 3, { tags: ['g'] });
        await world.apply(5, [kind, target]);
        deepEqual(await world.present('k'), { value: 'k@3', through: 3 });
        await world.refused('k', 4, { tags: ['g'] });
        await world.stored('k', 5, { tags: ['g'] });
        equal((await world.present('k')).through, 5);
      });
    }

    it('refuses by tags that only the load has told', async (world) => {
      await world.apply(3, ['purge_tag', 'g']);
      await world.refused('k', 2, { tags: ['f', 'g'] });
      await world.stored('k', 2, { tags: ['f'] });
    });

    it('ends a key in every namespace that has it', async (world) => {
      for (const namespace of ['n', 'm']) await world.stored('k', 1, { namespace });
      await world.apply(2, ['delete_key', 'k']);
      for (const namespace of ['n', 'm']) equal(await world.find('k', namespace), null);
    });

    it('a duplicate, and an older action that comes last, cost nothing newer and undo nothing', async (world) => {
      await world.apply(5, ['delete_key', 'k'], ['purge_tag', 'g'], ['purge_namespace', 'm']);
      await world.stored('k', 5, { tags: ['g'] });
      await world.stored('k', 5, { namespace: 'm' });
      const again = (offset: number): StampedAction[] =>
        (['delete_key k', 'purge_tag g', 'purge_namespace m'] as const).map((words) => {
          const [kind, target] = words.split(' ') as [ActionKind, string];
          return act(kind, target, offset);
        });
      for (const offset of [5, 3]) await world.again(again(offset));
      deepEqual(await world.present('k'), { value: 'k@5', through: 5 });
      deepEqual(await world.present('k', 'm'), { value: 'k@5', through: 5 });
      await world.refused('other', 4, { tags: ['g'] });
    });

    it('of two loads the one that saw more stays, whichever comes last', async (world) => {
      await world.apply(5);
      await world.stored('k', 5);
      await world.refused('k', 4);
      equal((await world.present('k')).value, 'k@5');
    });

    it('an event that ends nothing makes what is there good up to it', async (world) => {
      await world.stored('k', 1, { tags: ['g'] });
      await world.apply(7, ['delete_key', 'other'], ['purge_tag', 'other']);
      deepEqual(await world.present('k'), { value: 'k@1', through: 7 });
    });

    it(
      'what is forgotten one by one is the floor: late fills of anything older are refused',
      async (world) => {
        for (let n = 1; n <= 8; n++) await world.apply(n, ['delete_key', `k${n}`], ['purge_tag', `g${n}`]);
        await world.refused('k1', 0);
        await world.refused('k', 0, { tags: ['g1'] });
        await world.stored('k1', 8, { tags: ['g1'] });
      },
      { max_tombstones: 2 },
    );

    it('serves nothing beyond its time', async (world) => {
      await world.stored('k', 1, { ttlMs: 1_000 });
      await world.pass(1_100);
      equal(await world.find('k'), null);
    });

    it('takes any names, and keeps them apart', async (world) => {
      const names = ['', ' ', '\0', 'a\0b', '\ud800', '\ud801', '\ufffd', '{x}', 'é', 'x'.repeat(5_000)];
      for (const key of names) await world.stored(key, 1, { tags: [key] });
      await world.apply(2, ['delete_key', '\ud800'], ['purge_tag', 'a\0b']);
      for (const key of names) {
        if (key === '\ud800' || key === 'a\0b') equal(await world.find(key), null);
        else equal((await world.present(key)).value, `${key}@1`);
      }
    });

    it('applies thousands of actions at once', async (world) => {
      for (const key of ['k0', 'k1999', 'kept']) await world.stored(key, 1);
      await world.apply(2, ...Array.from({ length: 2_000 }, (_, n) => ['delete_key', `k${n}`] as const));
      deepEqual([await world.find('k0'), await world.find('k1999')], [null, null]);
      equal((await world.present('kept')).through, 2);
    });

    for (let seed = 1; seed <= 10; seed++) {
      it(`never serves what an applied event ended, nor vouches beyond what ended it (seed ${seed})`, (world) =>
        history(world, seed));
    }

    it('is well when it is asked', async (world) => {
      await world.until(async () => (await world.layer.probe()).ok);
    });

    if (subject.outlives) outliving(it);
  });
}

/** Of layers that outlive the daemon that applies to them. */
function outliving(it: (claim: string, body: (world: World) => Promise<void>) => void): void {
  const both = (
    claim: string,
    body: (world: World, another: (journal: TestJournal) => Promise<World>) => Promise<void>,
  ): void => {
    it(claim, async (world) => {
      const more: World[] = [];
      try {
        await body(world, async (journal) => {
          const next = await world.beside(journal);
          more.push(next);
          return next;
        });
      } finally {
        for (const one of more) await one.close();
      }
    });
  };

  both('says where it stands, each time that it is asked', async (world) => {
    await world.apply(7, ['delete_key', 'k']);
    equal(await world.begin(), 7);
    equal(await world.begin(), 7);
  });

  both('the next life goes on where it stands, with what is there', async (world, another) => {
    await world.stored('k', 4);
    await world.apply(9);
    const next = await another(later(world.journal, 2));
    equal(await next.begin(), 9);
    equal((await next.present('k')).through, 9);
    await next.apply(10, ['delete_key', 'k']);
    equal(await world.find('k'), null);
  });

  both('a daemon that was replaced changes nothing more (anomaly C6)', async (world, another) => {
    const next = await another(later(world.journal, 2));
    await next.begin();
    await next.stored('k', 1);
    const late = world.layer.apply([act('delete_key', 'k', 5)], at(5), never);
    await rejects(late);
    await rejects(world.layer.resume?.() ?? Promise.reject(new Error('it has no resume')));
    deepEqual(await next.present('k'), { value: 'k@1', through: 1 });
  });

  both('other contracts end the trust of what was there (anomaly C7)', async (world, another) => {
    await world.stored('k', 4);
    await world.apply(4);
    const next = await another(Object.assign(later(world.journal, 2), { contractHash: 'c2', head: 6 }));
    equal(await next.begin(), 4);
    await next.apply(6);
    equal(await next.find('k'), null);
    await next.refused('k', 5);
    await next.stored('k', 6);
  });

  both('offsets of another journal mean nothing (anomaly C10)', async (world, another) => {
    await world.stored('k', 4);
    const next = await another(Object.assign(new TestJournal('other', 2), { head: 3 }));
    equal(await next.begin(), 3);
    deepEqual([await next.find('k'), await world.find('k')], [null, null]);
    await world.refused('k', 9);
    await next.stored('k', 3);
  });

  both('a journal that was put back becomes another one', async (world, another) => {
    await world.stored('k', 8);
    await world.apply(9);
    const journal = Object.assign(later(world.journal, 2), { head: 5 });
    const next = await another(journal);
    equal(await next.begin(), 5);
    ok(journal.renewed > 0);
    equal(await next.find('k'), null);
  });
}

const HARD = [
  ['delete_key', 'k'],
  ['purge_tag', 'g'],
  ['purge_namespace', 'n'],
  ['purge_namespace', '*'],
] as const;

const SOFT = [
  ['expire_key', 'k'],
  ['refresh_key', 'k'],
  ['expire_tag', 'g'],
] as const;

type Ask = readonly [ActionKind, string];
type More = Partial<Pick<LoadedValue, 'namespace' | 'tags' | 'ttlMs'>>;

/** A daemon that applies, and readers. What fails for a while is made again, as they do. */
class World {
  readonly journal: TestJournal;
  readonly #subject: LayerSubject;
  readonly #it: LayerUnderTest;
  readonly #history: StampedAction[] = [];
  #at = 0;
  #values = 0;

  constructor(subject: LayerSubject, journal: TestJournal, it: LayerUnderTest) {
    this.#subject = subject;
    this.journal = journal;
    this.#it = it;
  }

  get layer(): Layer {
    return this.#it.layer;
  }

  async beside(journal: TestJournal): Promise<World> {
    if (!this.#it.another) throw new Error('it ends with its process');
    return new World(this.#subject, journal, await this.#it.another(journal));
  }

  begin(): Promise<Offset> {
    return this.#insist(() => this.layer.resume?.() ?? Promise.resolve(at(0)));
  }

  /** Applies one page, up to an offset that its actions have. */
  async apply(watermark: number, ...asked: readonly Ask[]): Promise<void> {
    const actions = asked.map(([kind, target]) => act(kind, target, watermark));
    this.#history.push(...actions);
    this.#at = watermark;
    this.journal.head = Math.max(this.journal.head, watermark);
    await this.#deliver(actions);
  }

  /** Sends actions once more, wherever the layer is. */
  again(actions: readonly StampedAction[]): Promise<void> {
    return this.#deliver(actions);
  }

  async #deliver(actions: readonly StampedAction[]): Promise<void> {
    let run = actions;
    await this.#insist(async () => {
      try {
        const outcomes = await this.layer.apply(run, at(this.#at), never);
        deepEqual(
          outcomes.map(({ status }) => status),
          run.map(() => 'applied'),
        );
      } catch (error) {
        if (this.#subject.isFaulty) {
          const from = (await this.layer.resume?.()) ?? at(0);
          run = [...this.#history.filter((one) => one.at > from), ...actions];
        }
        throw error;
      }
    });
  }

  /** A fill that has to be taken. */
  async stored(key: string, stamp: number, more: More = {}): Promise<void> {
    await this.until(() => this.#fill(key, stamp, more));
  }

  /** A fill that may be taken or not. `value` of each is another one. */
  async tried(key: string, stamp: number, more: More, told: (value: unknown) => void): Promise<void> {
    const value = `${key}@${stamp}#${++this.#values}`;
    told(value);
    await this.#fill(key, stamp, more, value);
  }

  /** A fill that must not be: not even where its answer is lost. */
  async refused(key: string, stamp: number, more: More = {}): Promise<void> {
    equal(await this.#fill(key, stamp, more, 'late'), false);
    const found = await this.find(key, more.namespace);
    ok(found?.value !== 'late', 'a late fill is served');
  }

  find(key: string, namespace = 'n'): Promise<FoundValue | null> {
    return this.#soon(this.#it.find(namespace, key));
  }

  /** What is there, from a layer that may be asked again. */
  async present(key: string, namespace = 'n'): Promise<FoundValue> {
    let found: FoundValue | null = null;
    await this.until(async () => (found = await this.find(key, namespace)) !== null);
    return found as unknown as FoundValue;
  }

  pass(ms: number): Promise<void> {
    return this.#it.pass(ms);
  }

  async until(holds: () => Promise<boolean>): Promise<void> {
    await this.#insist(async () => {
      ok(await holds(), 'it does not come to be');
    });
  }

  close(): Promise<void> {
    return this.#it.dispose();
  }

  #fill(key: string, stamp: number, more: More, value = `${key}@${stamp}`): Promise<boolean> {
    const plain = { namespace: 'n', tags: [], ttlMs: 600_000 };
    return this.#soon(this.#it.fill({ ...plain, ...more, key, value, stamp: at(stamp) }));
  }

  async #soon<T>(answer: Promise<T>): Promise<T> {
    const from = performance.now();
    const given = await answer;
    const ms = performance.now() - from;
    ok(ms <= this.#subject.answersWithinMs, `a reader waited for ${Math.round(ms)} ms`);
    return given;
  }

  async #insist<T>(call: () => Promise<T>): Promise<T> {
    for (let left = this.#subject.isFaulty ? 200 : 0; ; left--) {
      try {
        return await call();
      } catch (error) {
        if (left === 0) throw error;
        await this.pass(20);
      }
    }
  }
}

/** Fills and pages by chance, as they come from many readers and one journal. */
async function history(world: World, seed: number): Promise<void> {
  const below = chance(seed);
  const one = <T>(all: readonly T[]): T => all[below(all.length)] as T;
  const keys = ['a', 'b', 'c'];
  const tags = ['g', 'h'];
  const tagsOf = new Map<unknown, readonly string[]>();
  const ends: { readonly kind: ActionKind; readonly target: string; readonly at: number }[] = [];
  let head = 1;
  await world.apply(head);
  for (let step = 0; step < 60; step++) {
    if (below(3) === 0) {
      head++;
      const kind = one(['delete_key', 'expire_key', 'purge_tag', 'expire_tag', 'purge_namespace'] as const);
      const target = kind.endsWith('key') ? one(keys) : kind.endsWith('tag') ? one(tags) : one(['n', 'm']);
      ends.push({ kind, target, at: head });
      await world.apply(head, [kind, target]);
    } else {
      const carried = tags.filter(() => below(2) === 0);
      const [key, stamp, namespace] = [one(keys), Math.max(1, head - below(4)), one(['n', 'm'])];
      await world.tried(key, stamp, { namespace, tags: carried }, (value) => tagsOf.set(value, carried));
    }
    for (const namespace of ['n', 'm'])
      for (const key of keys) {
        const found = await world.find(key, namespace);
        if (found === null) continue;
        const stamp = Number(String(found.value).split('@')[1]?.split('#')[0]);
        const carried = tagsOf.get(found.value) ?? [];
        const passed = ends.filter(({ kind, target, at: end }) => {
          const names = kind.endsWith('key') ? [key] : kind.endsWith('tag') ? carried : [namespace];
          return names.includes(target) && end > stamp;
        });
        const story = `${namespace}/${key} is ${String(found.value)} through ${found.through} at ${head}`;
        ok(found.through <= head, `vouches beyond what was applied: ${story}`);
        ok(!passed.some(({ kind }) => !kind.startsWith('expire')), `was ended: ${story}`);
        ok(!passed.some(({ at: end }) => end <= found.through), `vouches beyond its end: ${story}`);
      }
  }
}

const never = new AbortController().signal;

function at(offset: number): Offset {
  return offset as Offset;
}

function act(kind: ActionKind, target: string, offset: number): StampedAction {
  return { action: { kind, target }, at: at(offset) };
}

function later(journal: TestJournal, owner: number): TestJournal {
  return Object.assign(new TestJournal(journal.epoch, owner), { head: journal.head });
}

/** Numbers below a bound, the same for the same seed. */
function chance(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
}
