import { describe, expect, it } from 'vitest';
import {
  childOf,
  clip,
  entryOf,
  firstLine,
  isNothing,
  itemsOf,
  kindInWords,
  locate,
  manyOf,
  pathText,
  plainOf,
  textOf,
} from './tree.ts';
import { parseYaml } from './yaml.ts';
import type { Tree } from './yaml-tree.ts';

function tree(yaml: string): Tree {
  const [document] = parseYaml(yaml, 't.yaml').documents;
  if (!document) throw new Error('empty');
  return document.tree;
}

const TREE = tree(`a:
  b: [x, { c: 5 }]
  n:
`);

describe('a tree', () => {
  it('gives its parts, and nothing where they are not', () => {
    expect(textOf(itemsOf(childOf(childOf(TREE, 'a'), 'b'))[0])).toBe('x');
    expect(entryOf(TREE, 'a')?.keyPlace).toEqual({ line: 1, column: 1 });
    expect(entryOf(childOf(TREE, 'none'), 'a')).toBeUndefined();
    expect(childOf(tree('[a]'), 'a')).toBeUndefined();
    expect(itemsOf(TREE)).toEqual([]);
    expect(itemsOf(undefined)).toEqual([]);
    expect(textOf(tree('5'))).toBeUndefined();
    expect(textOf(TREE)).toBeUndefined();
    expect(manyOf(undefined)).toEqual([]);
    expect(manyOf(TREE)).toEqual([TREE]);
    expect(manyOf(tree('[a, b]')).map(textOf)).toEqual(['a', 'b']);
    expect(isNothing(tree('{ a: ~ }'))).toBe(false);
    expect(firstLine('a\nb\nc')).toBe('a');
    expect(['~', '0', '""', '[]'].map((text) => isNothing(tree(text)))).toEqual([true, false, false, false]);
    expect(plainOf(TREE)).toEqual({ a: { b: ['x', { c: 5 }], n: null } });
  });

  it.each([
    [['a'], { line: 2, column: 3 }, { line: 1, column: 1 }, true],
    [['a', 'b', 1, 'c'], { line: 2, column: 15 }, { line: 2, column: 12 }, true],
    [['a', 'b', 0], { line: 2, column: 7 }, { line: 2, column: 7 }, true],
    // Of what is not there, the nearest thing around it that is.
    [['a', 'b', 7], { line: 2, column: 6 }, { line: 2, column: 3 }, false],
    [['a', 'z'], { line: 1, column: 1 }, { line: 1, column: 1 }, false],
    [['a', 'b', 1, 'z', 'y'], { line: 2, column: 10 }, { line: 2, column: 10 }, false],
    [['z', 'y'], { line: 1, column: 1 }, { line: 1, column: 1 }, false],
  ])('locates %j', (path, place, keyPlace, isThere) => {
    const located = locate(TREE, path);
    expect(located).toMatchObject({ place, keyPlace });
    expect(located.tree !== undefined).toBe(isThere);
  });

  it('reports what it lacks at the key that names it, where there is one', () => {
    expect(locate(TREE, ['z'], { line: 9, column: 9 }).place).toEqual({ line: 9, column: 9 });
  });
});

describe('in words', () => {
  it.each([
    ['[a]', 'a list'],
    ['{}', 'an empty mapping'],
    ['{ a: 1 }', 'a mapping'],
    ['~', 'empty'],
    ['a', 'the text "a"'],
    ['5', 'the number 5'],
    ['true', 'the value true'],
  ])('%s is %s', (yaml, words) => {
    expect(kindInWords(tree(yaml))).toBe(words);
  });

  it('what is not there is missing, and what came from the environment is not shown', () => {
    expect(kindInWords(undefined)).toBe('missing');
    expect(kindInWords({ ...(tree('secret') as Extract<Tree, { kind: 'scalar' }>), substituted: true })).toBe(
      'a text from the environment',
    );
  });

  it('a path is written as in code', () => {
    expect(pathText(['a', 0, 'b', 1, 2])).toBe('a[0].b[1][2]');
    expect(pathText([0, 'a'])).toBe('[0].a');
    expect(pathText([])).toBe('');
  });

  it('a text is on one line and not too long', () => {
    expect(clip('a\n"b"')).toBe('a\\n\\"b\\"');
    expect(clip('x'.repeat(100))).toBe('x'.repeat(100));
    expect(clip('x'.repeat(101))).toBe(`${'x'.repeat(97)}...`);
  });
});
