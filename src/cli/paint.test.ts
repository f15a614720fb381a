import { expect, test } from 'vitest';
import { COLOURED, PLAIN, paintFor } from './paint.ts';

const terminal = { isTTY: true };
const pipe = {};

test.each([
  ['a terminal', terminal, {}, COLOURED],
  ['a pipe', pipe, {}, PLAIN],
  ['a terminal with NO_COLOR', terminal, { NO_COLOR: '1' }, PLAIN],
  ['a terminal with an empty NO_COLOR', terminal, { NO_COLOR: '' }, COLOURED],
  ['a dumb terminal', terminal, { TERM: 'dumb' }, PLAIN],
  ['a pipe with FORCE_COLOR', pipe, { FORCE_COLOR: '1' }, COLOURED],
  ['a terminal with FORCE_COLOR=0', terminal, { FORCE_COLOR: '0' }, PLAIN],
  ['both FORCE_COLOR and NO_COLOR', pipe, { FORCE_COLOR: '1', NO_COLOR: '1' }, PLAIN],
])('%s is painted as it can be', (_, stream, env, paint) => {
  expect(paintFor(stream, env)).toBe(paint);
});
