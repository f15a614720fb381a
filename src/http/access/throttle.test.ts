import { describe, expect, it } from 'vitest';
import { FailureThrottle } from './throttle.ts';

const times = (count: number, act: () => void): void => {
  for (let i = 0; i < count; i++) act();
};

describe('FailureThrottle', () => {
  it('lets typing errors pass, then doubles the wait up to a minute', () => {
    const throttle = new FailureThrottle();
    const waits: number[] = [];
    let now = 0;
    for (let i = 0; i < 13; i++) {
      throttle.failed('10.0.0.1', now);
      const wait = throttle.blockedForMs('10.0.0.1', now);
      waits.push(wait);
      now += wait;
    }
    expect(waits).toEqual([0, 0, 0, 0, 1e3, 2e3, 4e3, 8e3, 16e3, 32e3, 60e3, 60e3, 60e3]);
  });

  it('makes one address wait and no other', () => {
    const throttle = new FailureThrottle();
    times(6, () => {
      throttle.failed('10.0.0.1', 0);
    });
    expect(throttle.blockedForMs('10.0.0.1', 0)).toBeGreaterThan(0);
    expect(throttle.blockedForMs('10.0.0.2', 0)).toBe(0);
  });

  it.each([
    ['2001:db8:0:1::1', '2001:db8:0:1:ffff::2', true],
    ['2001:db8:0:1::1', '2001:db8:0:2::1', false],
    ['::ffff:10.0.0.1', '10.0.0.1', true],
    ['::1', '::2', true],
    ['fe80::1', '2001::1', false],
  ])('counts %s and %s together: %s', (first, second, together) => {
    const throttle = new FailureThrottle();
    times(6, () => {
      throttle.failed(first, 0);
    });
    expect(throttle.blockedForMs(second, 0) > 0).toBe(together);
  });

  it('forgets failures after a success, and after a quarter of an hour', () => {
    const throttle = new FailureThrottle();
    times(4, () => {
      throttle.failed('a', 0);
    });
    throttle.succeeded('a');
    throttle.failed('a', 0);
    expect(throttle.blockedForMs('a', 0)).toBe(0);
    times(20, () => {
      throttle.failed('b', 0);
    });
    throttle.failed('b', 16 * 60_000);
    expect(throttle.blockedForMs('b', 16 * 60_000)).toBe(0);
  });

  it('holds ten thousand addresses and forgets the oldest first', () => {
    const throttle = new FailureThrottle();
    times(6, () => {
      throttle.failed('first', 0);
    });
    for (let i = 0; i < 9_999; i++) throttle.failed(`10.0.${String(i >> 8)}.${String(i & 255)}`, 0);
    expect(throttle.blockedForMs('first', 0)).toBeGreaterThan(0);
    throttle.failed('one-more', 0);
    expect(throttle.blockedForMs('first', 0)).toBe(0);
  });
});
