/**
 * The protocol, by brute force: every interleaving of a small world, over the functions that production runs. The real
 * rules must survive to exhaustion; each rule switched off must be killed by a trace. Fleets: fleet.test.ts.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { explore } from './explore.ts';
import { traceLine } from './page.ts';
import { PROTOCOL } from './rules.ts';
import { NOTHING } from './size.ts';
import { ONE_PROCESS } from './survivors.ts';
import { LONG, survives } from './survives.ts';
import { VARIANTS } from './variants.ts';
import { world } from './world.ts';

const page = readFileSync(new URL('../../docs/model.md', import.meta.url), 'utf8');

describe('every broken variant is killed', () => {
  it.each(VARIANTS)(
    '$id: $mistake',
    (variant) => {
      const explored = explore(world({ ...PROTOCOL, ...variant.rules }, { ...NOTHING, ...variant.size }));
      expect(explored.counterexample).not.toBeNull();
      // The page is made by `npm run model -- --write`.
      expect(page).toContain(traceLine(variant, explored));
    },
    LONG,
  );

  it.each(
    ['B1', 'B2', 'B3', 'B4', 'B5', 'B6', 'B7', 'B8', 'B9', 'B10', 'B11', 'B12', 'B13'].concat([
      'A2',
      'A3',
      'A8',
      'A9',
      'A13',
      'C1',
      'C6',
      'C7',
      'C17',
      'C18',
      'D1',
      'D8',
    ]),
  )('%s is one of them', (id) => {
    expect(VARIANTS.filter((variant) => variant.id.split(/[ ,]+/).includes(id))).not.toEqual([]);
  });

  it('and no other stands in docs/model.md', () => {
    const ids = [...page.matchAll(/^- \*\*(.+?)\*\*:/gm)].map(([, id]) => id);
    expect(ids).toEqual(VARIANTS.map(({ id }) => id));
  });
});

describe('the protocol survives to exhaustion', () => {
  survives(ONE_PROCESS);

  it.each(VARIANTS)(
    'in the world that killed $id',
    ({ size }) => {
      expect(explore(world(PROTOCOL, { ...NOTHING, ...size })).counterexample).toBeNull();
    },
    LONG,
  );
});
