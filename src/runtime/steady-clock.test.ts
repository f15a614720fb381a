import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SteadyClock, SUSPEND_TOLERANCE_MS } from './steady-clock.ts';
import { VirtualClock } from './virtual.ts';

/** Both clocks of a machine, and the time that truly passed. */
class Machine {
  true = 0;
  mono = 0;
  wall = 1_000_000;
  readonly steady: SteadyClock;

  constructor() {
    this.steady = new SteadyClock({ mono: () => this.mono, wall: () => Math.floor(this.wall) });
  }

  run(ms: number): void {
    this.true += ms;
    this.mono += ms;
    this.wall += ms;
  }

  suspend(ms: number): void {
    this.true += ms;
    this.wall += ms;
  }
}

describe('monotonic time', () => {
  it('goes on through a suspension (anomaly C14)', () => {
    const machine = new Machine();
    machine.run(10);
    machine.suspend(60_000);
    expect(machine.steady.mono()).toBe(60_010);
    expect(machine.steady.suspensions()).toEqual({ count: 1, totalMs: 60_000, noticedAt: 60_010 });
  });

  it('never lacks more than the tolerance, however many suspensions there were', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            run: fc.double({ min: 0, max: 5_000, noNaN: true }),
            suspend: fc.oneof(fc.nat(60), fc.nat(600_000)),
          }),
        ),
        (life) => {
          const machine = new Machine();
          let last = 0;
          for (const { run, suspend } of life) {
            machine.run(run);
            machine.suspend(suspend);
            const told = machine.steady.mono();
            expect(told).toBeGreaterThanOrEqual(last);
            // One more for what the wall clock rounds off, at the start and now.
            expect(machine.true - told).toBeLessThanOrEqual(SUSPEND_TOLERANCE_MS + 1);
            expect(told - machine.true).toBeLessThanOrEqual(1);
            last = told;
          }
        },
      ),
    );
  });

  it('takes a wall clock that is set forward for a suspension, and one that is set back for nothing (anomaly C16)', () => {
    const machine = new Machine();
    machine.wall -= 3_600_000;
    machine.run(100);
    expect(machine.steady.mono()).toBe(100);
    machine.suspend(5_000);
    expect(machine.steady.mono()).toBe(5_100);
    machine.wall += 1_000;
    expect(machine.steady.mono()).toBe(6_100);
    machine.wall -= 1_000;
    expect(machine.steady.mono()).toBe(6_100);
  });

  it('never lacks more than the tolerance and what the wall clock was set back by', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('run' as const), ms: fc.nat(5_000) }),
      fc.record({ kind: fc.constant('suspend' as const), ms: fc.nat(200) }),
      fc.record({ kind: fc.constant('back' as const), ms: fc.nat(5_000) }),
      fc.record({ kind: fc.constant('forward' as const), ms: fc.nat(5_000) }),
    );
    fc.assert(
      fc.property(fc.array(step), (life) => {
        const machine = new Machine();
        let back = 0;
        let last = 0;
        for (const { kind, ms } of life) {
          if (kind === 'run') machine.run(ms);
          else if (kind === 'suspend') machine.suspend(ms);
          else if (kind === 'forward') machine.wall += ms;
          else {
            machine.wall -= ms;
            back += ms;
          }
          const told = machine.steady.mono();
          expect(told).toBeGreaterThanOrEqual(last);
          expect(machine.true - told).toBeLessThanOrEqual(SUSPEND_TOLERANCE_MS + back);
          last = told;
        }
      }),
    );
  });

  it('is not led astray by a pause between the two clocks of one reading', () => {
    let mono = 0;
    let wall = 0;
    let pause = 0;
    const steady = new SteadyClock({
      mono: () => mono,
      wall: () => {
        mono += pause;
        wall += pause;
        pause = 0;
        return wall;
      },
    });
    wall += 40;
    pause = 500;
    steady.mono();
    expect(steady.suspensions().count).toBe(0);
    wall += 40;
    steady.mono();
    expect(steady.suspensions()).toMatchObject({ count: 1, totalMs: 80 });
  });
});

describe('the latest that monotonic time may be', () => {
  it('is told by one clock while the other shows the same millisecond', () => {
    let readings = 0;
    let [mono, wall] = [0.25, 1_000];
    const steady = new SteadyClock({
      mono: () => {
        readings++;
        return mono;
      },
      wall: () => wall,
    });
    steady.mono();
    readings = 0;
    mono = 0.75;
    expect(steady.atLatest()).toBe(1.25);
    expect(readings).toBe(0);
    [mono, wall] = [1.2, 1_001];
    expect(steady.atLatest()).toBe(1.2);
    expect(readings).toBe(1);
  });

  it('goes on through a suspension at once, and is exact again after a wall clock that was set back', () => {
    const machine = new Machine();
    machine.steady.mono();
    machine.suspend(60_000);
    expect(machine.steady.atLatest()).toBe(60_000);
    machine.run(100);
    machine.steady.mono();
    machine.wall -= 5_000;
    machine.run(10);
    expect(machine.steady.atLatest()).toBe(60_110);
    machine.run(4_990);
    expect(machine.steady.atLatest()).toBe(65_100);
  });

  it('never lacks more than `mono` may, nor is it ahead by more than a millisecond, whichever is asked when', () => {
    const step = fc.record({
      kind: fc.constantFrom('run' as const, 'suspend' as const, 'back' as const, 'forward' as const),
      ms: fc.oneof(fc.double({ min: 0, max: 0.9, noNaN: true }), fc.nat(200), fc.nat(60_000)),
      latest: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step), (life) => {
        const machine = new Machine();
        let [back, forward, last] = [0, 0, 0];
        for (const { kind, ms, latest } of life) {
          if (kind === 'run') machine.run(ms);
          else if (kind === 'suspend') machine.suspend(ms);
          else if (kind === 'forward') {
            machine.wall += ms;
            forward += ms;
          } else {
            machine.wall -= ms;
            back += ms;
          }
          const told = latest ? machine.steady.atLatest() : machine.steady.mono();
          expect(told).toBeGreaterThanOrEqual(last - 1);
          // One more for what the wall clock rounds off, at the start and now.
          expect(machine.true - told).toBeLessThanOrEqual(SUSPEND_TOLERANCE_MS + back + 1);
          expect(told - machine.true).toBeLessThanOrEqual(forward + 2);
          last = told;
        }
      }),
    );
  });
});

describe('the virtual clock', () => {
  it('moves only its wall clock while it is frozen, and runs nothing', async () => {
    const clock = new VirtualClock();
    const ran: number[] = [];
    clock.after(1_000, () => ran.push(clock.mono()));
    await clock.advance(400);
    clock.freeze();
    await clock.advance(60_000);
    clock.thaw();
    expect(clock.mono()).toBe(60_400);
    expect(ran).toEqual([]);
    await clock.advance(600);
    expect(ran).toEqual([61_000]);
  });

  it('runs what is due late after a stall', async () => {
    const clock = new VirtualClock();
    const ran: number[] = [];
    clock.after(100, () => ran.push(clock.mono()));
    clock.stall(5_000);
    expect(ran).toEqual([]);
    await clock.advance(0);
    expect(ran).toEqual([5_000]);
  });
});
