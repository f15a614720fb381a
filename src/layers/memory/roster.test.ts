import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Roster, type Enrolled } from './roster.ts';

it('draws each of those that are there with the same chance, whatever came and went', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(30), { maxLength: 200 }), (steps) => {
      const roster = new Roster<Enrolled & { readonly n: number }>();
      const there = new Map<number, Enrolled & { readonly n: number }>();
      for (const n of steps) {
        const known = there.get(n);
        if (known) {
          roster.remove(known);
          there.delete(n);
          expect(known.place).toBe(-1);
        } else {
          const entry = { n, place: -1 };
          roster.add(entry);
          there.set(n, entry);
        }
      }
      const drawn = Array.from({ length: there.size }, (_, i) => roster.draw((i + 0.5) / there.size)?.n);
      expect(drawn.sort()).toEqual([...there.keys()].sort());
      if (there.size === 0) expect(roster.draw(0.3)).toBeNull();
    }),
  );
});
