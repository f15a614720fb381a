import { isIPv6 } from 'node:net';
import type { Mono } from '../../model/position.ts';

/** Typing errors are free; from here on each failure doubles the wait. */
const FREE_FAILURES = 5;
const FIRST_WAIT_MS = 1_000;
/** A longer wait would let a stranger behind the same proxy lock the administrator out. */
const LONGEST_WAIT_MS = 60_000;
/** After this long without a failure an address is forgotten. */
const FORGET_MS = 15 * 60_000;
/** More addresses than this are an attack that per-address waits do not stop anyway. */
const ADDRESSES_MAX = 10_000;

interface Failures {
  readonly count: number;
  readonly last: Mono;
  readonly blockedUntil: Mono;
}

/** Slows down guessing: per address (per /64 of IPv6), failures make it wait, whatever it sends meanwhile. */
export class FailureThrottle {
  readonly #byAddress = new Map<string, Failures>();

  /** Milliseconds that an address has still to wait; 0 when it may try. */
  blockedForMs(address: string, now: Mono): number {
    const failures = this.#byAddress.get(groupOf(address));
    return failures ? Math.max(0, failures.blockedUntil - now) : 0;
  }

  failed(address: string, now: Mono): void {
    const group = groupOf(address);
    const before = this.#byAddress.get(group);
    const count = before && now - before.last < FORGET_MS ? before.count + 1 : 1;
    const waitMs =
      count < FREE_FAILURES ? 0 : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(count - FREE_FAILURES, 16));
    // Deleting first moves the address to the young end, so that the oldest is what a full table forgets.
    this.#byAddress.delete(group);
    this.#byAddress.set(group, { count, last: now, blockedUntil: now + waitMs });
    if (this.#byAddress.size > ADDRESSES_MAX) {
      const oldest = this.#byAddress.keys().next().value;
      if (oldest !== undefined) this.#byAddress.delete(oldest);
    }
  }

  succeeded(address: string): void {
    this.#byAddress.delete(groupOf(address));
  }
}

function groupOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail = ''] = plain.split('::');
  const front = head.split(':').filter(Boolean);
  const back = tail.split(':').filter(Boolean);
  const gap = plain.includes('::') ? Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0') : [];
  return [...front, ...gap, ...back].slice(0, 4).join(':');
}
