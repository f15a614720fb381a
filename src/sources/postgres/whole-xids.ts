/**
 * Transaction ids with the epoch that the replication stream leaves out: 32 bits wrap around after four billion
 * transactions, and a reader's snapshot has all 64.
 */
export class WholeXids {
  #near: bigint;

  /** `near`: a whole id that the server has given out by now. */
  constructor(near: bigint) {
    this.#near = near;
  }

  /** The stream's transactions and those that run now are within 2^31 of each other, as PostgreSQL itself relies on. */
  of(xid: number): bigint {
    const whole = this.#near + BigInt.asIntN(32, BigInt(xid) - this.#near);
    if (whole > this.#near) this.#near = whole;
    return whole;
  }
}
