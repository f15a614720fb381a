import { expect, it } from 'vitest';
import type { NamespaceConfig } from './config.ts';
import { undecidable } from './decidable.ts';

const feed = { name: 'shop-db', prove: true, written: true };
const hook = { name: 'github', prove: false, written: true };
const app = { name: 'app', prove: false, written: false };

const namespace = (sources?: readonly string[]): NamespaceConfig => ({
  name: 'product',
  ttlMs: 1,
  jitter: 0,
  whenUncertain: 'bypass',
  ...(sources ? { sources } : {}),
});

it.each([
  [undefined, [feed], null],
  [undefined, [feed, app], null],
  [undefined, [app], 'none of its sources can prove what has been applied'],
  [undefined, [hook], 'none of its sources can prove what has been applied'],
  [undefined, [feed, hook], 'it names no sources, and github cannot prove what has been applied'],
  [['shop-db'], [feed, hook, app], null],
  [['shop-db', 'github'], [feed, hook], 'github cannot prove what has been applied'],
  [['shop-db', 'app'], [feed, app], 'app cannot prove what has been applied'],
  [['github'], [feed, hook], 'none of its sources can prove what has been applied'],
])('a namespace with the sources %j can be decided only when all that may feed it prove', (sources, all, why) => {
  expect(undecidable(namespace(sources), all)).toBe(why);
});
