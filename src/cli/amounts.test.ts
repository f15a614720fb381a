import { expect, test } from 'vitest';
import { ago, bytes, count, duration } from './amounts.ts';

test.each([
  [0, '0ms'],
  [0.25, '0.3ms'],
  [250, '250ms'],
  [999.9, '999ms'],
  [1_500, '1.5s'],
  [59_999, '59.9s'],
  [60_000, '1m'],
  [90_500, '1m 30s'],
  [7_500_000, '2h 5m'],
  [86_400_000 * 3, '3d'],
  [-2_000, '-2s'],
  [Infinity, 'unknown'],
])('%d ms is said as %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('counts have their plural and their groups of three', () => {
  expect(count(1, 'event')).toBe('1 event');
  expect(count(0, 'entry')).toBe('0 entries');
  expect(count(1_234_567, 'event')).toBe('1,234,567 events');
});

test('bytes are in binary units', () => {
  expect(bytes(812)).toBe('812 B');
  expect(bytes(1_536)).toBe('1.5 KiB');
  expect(bytes(5 * 1024 ** 3)).toBe('5 GiB');
});

test('what has just happened is not counted in milliseconds', () => {
  expect(ago(1_000, 1_400)).toBe('just now');
  expect(ago(1_000, 61_000)).toBe('1m ago');
});
