import type {
  SharedAnswer,
  SharedAsk,
  SharedFill,
  SharedFilled,
  SharedHit,
  SharedLease,
  SharedLeases,
  SharedStore,
} from '../../layers/shared.ts';
import { ORIGIN, type Offset } from '../../model/position.ts';
import type { Follower } from '../follower.ts';

/** What is stored where the daemon's journal is applied; `null`: it has no such layer now. */
export type StoreOf = (hello: Follower['hello']) => SharedStore | null;

/**
 * A shared layer as a follower of the journal uses it: there offsets are the daemon's, here they are shifted. An answer counts
 * only if the journal that it was asked about is still the one that is followed.
 */
export class FedStore implements SharedStore, SharedLeases {
  readonly #follower: Pick<Follower, 'hello' | 'shift'>;
  readonly #storeOf: StoreOf;

  constructor(follower: Pick<Follower, 'hello' | 'shift'>, storeOf: StoreOf) {
    this.#follower = follower;
    this.#storeOf = storeOf;
  }

  get leases(): SharedLeases {
    return this;
  }

  async get(namespace: string, key: string): Promise<SharedHit | null> {
    const { store, here, isSame } = this.#now();
    const hit = (await store?.get(namespace, key)) ?? null;
    return hit && isSame() ? { ...hit, through: here(hit.through) } : null;
  }

  fill(fill: SharedFill): Promise<SharedFilled> {
    const { store, there } = this.#now();
    return store ? store.fill({ ...fill, stamp: there(fill.stamp) }) : REFUSED;
  }

  async getOrLease(ask: SharedAsk): Promise<SharedAnswer> {
    const { store, here, there, isSame } = this.#now();
    if (!store?.leases) return FREE;
    const answer = await store.leases.getOrLease({ ...ask, stamp: there(ask.stamp), beyond: there(ask.beyond) });
    if (!isSame()) {
      if (answer.is === 'leased') await store.leases.release(ask, false);
      return FREE;
    }
    return answer.is === 'found' ? { is: 'found', hit: { ...answer.hit, through: here(answer.hit.through) } } : answer;
  }

  async renew(lease: SharedLease, leaseMs: number): Promise<void> {
    await this.#now().store?.leases?.renew(lease, leaseMs);
  }

  async release(lease: SharedLease, unshared: boolean): Promise<void> {
    await this.#now().store?.leases?.release(lease, unshared);
  }

  #now(): Moment {
    const { hello, shift } = this.#follower;
    return {
      store: this.#storeOf(hello),
      here: (offset) => (offset + shift) as Offset,
      there: (offset) => Math.max(ORIGIN, offset - shift) as Offset,
      isSame: () => this.#follower.hello.epoch === hello.epoch && this.#follower.shift === shift,
    };
  }
}

/** What is asked about, and how its offsets become those of here and back. */
interface Moment {
  readonly store: SharedStore | null;
  readonly here: (offset: Offset) => Offset;
  readonly there: (offset: Offset) => Offset;
  readonly isSame: () => boolean;
}

const REFUSED = Promise.resolve<SharedFilled>('refused');
const FREE: SharedAnswer = { is: 'free' };
