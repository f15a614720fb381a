import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expandGlob, readText } from './files.ts';
import { matchesName } from './glob.ts';

describe('a file pattern', () => {
  it.each([
    ['*.yaml', 'a.yaml', true],
    ['*.yaml', '.yaml', true],
    ['*.yaml', 'a.yml', false],
    ['a*b*c', 'a1b2c', true],
    ['a*b*c', 'abcbc', true],
    ['a*b*c', 'ab', false],
    ['*', 'anything', true],
    ['**', '', true],
    ['a?', 'ab', false],
    ['[ab]', 'a', false],
  ])('%s against %s: %s', (pattern, name, expected) => {
    expect(matchesName(pattern, name)).toBe(expected);
  });

  it('of many stars costs no more than a few', () => {
    const before = performance.now();
    expect(matchesName(`${'*a'.repeat(100)}b`, 'a'.repeat(255))).toBe(false);
    expect(performance.now() - before).toBeLessThan(1_000);
  });
});

describe('files', () => {
  let folder = '';
  let root = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidemark-files-'));
    root = join(folder, 'root');
    mkdirSync(join(root, 'contracts', 'deep'), { recursive: true });
    mkdirSync(join(folder, 'outside'));
    writeFileSync(join(folder, 'outside', 'secret.yaml'), 'a: 1');
    for (const name of ['b.yaml', 'a.yaml', '.hidden.yaml', 'c.txt', 'deep/d.yaml'])
      writeFileSync(join(root, 'contracts', name), `# ${name}`);
    writeFileSync(join(root, 'large.yaml'), 'x'.repeat((1 << 20) + 1));
    symlinkSync(join(folder, 'outside', 'secret.yaml'), join(root, 'link.yaml'));
    symlinkSync(join(folder, 'outside'), join(root, 'linked'));
    symlinkSync(join(root, 'contracts', 'a.yaml'), join(root, 'inside.yaml'));
    symlinkSync(join(root, 'circle'), join(root, 'circle'));
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(root, 'fifo.yaml')]);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['contracts/*.yaml', ['contracts/a.yaml', 'contracts/b.yaml']],
    ['contracts/*/*.yaml', ['contracts/deep/d.yaml']],
    ['./contracts//a.yaml', ['contracts/a.yaml']],
    ['contracts/none-*.yaml', []],
    ['none/*.yaml', []],
    ['contracts/a.yaml/*', []],
    // A link that stays inside is a file like any other.
    ['inside.yaml', ['inside.yaml']],
  ])('%s names %j', (pattern, expected) => {
    expect(expandGlob(root, pattern)).toEqual({ ok: true, paths: expected });
  });

  it.each([
    '../outside/secret.yaml',
    'contracts/../../outside/*.yaml',
    '/etc/hosts',
    'https://example.com/a.yaml',
    'contracts\\a.yaml',
    'contracts/a.yaml\0.txt',
    'link.yaml',
    'linked/secret.yaml',
    'linked/*.yaml',
    'l*.yaml',
    '',
    '.',
    Array(20).fill('*').join('/'),
  ])('%j leads nowhere that is read', (pattern) => {
    expect(expandGlob(root, pattern).ok).toBe(false);
  });

  it('are read when they are regular and of a size that someone wrote', () => {
    expect(readText(join(root, 'contracts', 'a.yaml'))).toEqual({ ok: true, text: '# a.yaml' });
    expect(readText(join(root, 'inside.yaml'))).toEqual({ ok: true, text: '# a.yaml' });
  });

  it.each([
    ['fifo.yaml', 'it is not a regular file'],
    ['contracts', 'it is a directory'],
    ['large.yaml', 'it is larger than 1 MiB'],
    ['none.yaml', 'there is no such file'],
    ['circle', 'its links lead in a circle'],
  ])('are not opened otherwise: %s', (name, why) => {
    expect(readText(join(root, name))).toEqual({ ok: false, why });
  });
});
