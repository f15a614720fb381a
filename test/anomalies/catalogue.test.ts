// docs/anomalies.md is what the tests say: every row of the catalogue is held by a test or open, and never both.
import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const LENGTHS = { A: 15, B: 14, C: 18, D: 21 };
const IDS = Object.entries(LENGTHS).flatMap(([letter, length]) =>
  Array.from({ length }, (_, index) => `${letter}${String(index + 1)}`),
);

const rows = read('docs/anomalies.md')
  .split(/^### /m)
  .slice(1)
  .map((section) => ({
    id: section.slice(0, section.indexOf(' ')),
    open: /^\*\*Open:\*\* (.+)$/m.exec(section)?.[1] ?? null,
    held: [...section.matchAll(/^- `([^`]+)`(?:: (.+))?$/gm)].map(([, path = '', name = '']) => ({ path, name })),
  }));

const here = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.test.ts'));
const tested = here.flatMap((name) => {
  const path = `test/anomalies/${name}`;
  return [...read(path).matchAll(/\banomaly\(\s*'([A-D]\d+)'/g)].map(([, id = '']) => ({ id, path }));
});

describe('the catalogue of anomalies', () => {
  test('has every row once, in order', () => {
    expect(rows.map(({ id }) => id)).toEqual(IDS);
  });

  test.each(rows)('$id is either held by tests that exist, or open', ({ id, open, held }) => {
    expect(held.length > 0, 'either tests or an issue').toBe(open === null);
    for (const { path, name } of held) {
      expect(existsSync(join(root, path)), `${path} exists`).toBe(true);
      if (name === '') expect(tested, `${path} has a test of ${id}`).toContainEqual({ id, path });
      else expect(read(path), path).toContain(name);
    }
  });

  test('names every test here', () => {
    const named = rows.flatMap(({ id, held }) => held.map(({ path }) => `${id} ${path}`));
    expect(tested.filter(({ id, path }) => !named.includes(`${id} ${path}`))).toEqual([]);
  });

  test('is open where SPEC.md says so, and nowhere else', () => {
    const spec = read('SPEC.md');
    const lines = [...spec.matchAll(/^- Anomalies for (.+?): (.+?)\.?$/gm)];
    const open = lines.flatMap(([, issue = '', ids = '']) => ids.split(', ').map((id) => `${id}: ${issue}`));
    const expected = rows.flatMap((row) => (row.open === null ? [] : [`${row.id}: ${row.open}`]));
    expect(open.sort()).toEqual(expected.sort());
  });
});
