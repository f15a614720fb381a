// House rules that neither the compiler nor the linter can hold. A rule that needs more than a few lines here is a
// sign that the shape is wrong, not that a bigger analyser is due.
import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { format, resolveConfig } from 'prettier';
import { describe, expect, test } from 'vitest';
import { reference } from '../scripts/reference.mjs';
import { configSchema } from '../src/config/schema.ts';
import { jsonSchemaOf } from '../src/contracts/shape.ts';
import { ERRORS } from '../src/errors.ts';
import { journalKinds } from '../src/journal/index.ts';
import { layerKinds } from '../src/layers/index.ts';
import { createMetrics } from '../src/runtime/metrics.ts';
import { sourceKinds } from '../src/sources/index.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const GENERATED = ['node_modules', 'dist', 'coverage', '.git', '.tidemark', '.servers', 'reports', '.stryker-tmp'];

async function walk(folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const below = entries
    .filter((entry) => !GENERATED.includes(entry.name))
    .map((entry) => ({ path: folder === '.' ? entry.name : `${folder}/${entry.name}`, isFolder: entry.isDirectory() }))
    .map(async ({ path, isFolder }) => (isFolder ? walk(path) : [path]));
  return (await Promise.all(below)).flat().sort();
}

const all = await walk('.');
const code = all.filter((path) => /\.(ts|tsx|mjs|cjs|js)$/.test(path));
const production = code.filter((path) => path.startsWith('src/') && !path.endsWith('.test.ts'));
const text = all.filter((path) => /\.(ts|tsx|mjs|cjs|js|json|md|yaml|yml|html|css|svg)$|^\.ci\/run$/.test(path));

/** `path:line` of every line that a test would complain about. */
function linesOf(paths: readonly string[], isWrong: (line: string, path: string) => boolean): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, at) => (isWrong(line, path) ? [`${path}:${String(at + 1)}: ${line.trim()}`] : [])),
  );
}

describe('names', () => {
  const banned = /^(managers?|helpers?|utils?|handlers?|processors?|impl|abstract)$/i;
  const words = (name: string): string[] => name.split(/[^A-Za-z]|(?<=[a-z])(?=[A-Z])/);

  test('no file is named after a word that says nothing', () => {
    expect(all.filter((path) => words(path).some((word) => banned.test(word)))).toEqual([]);
  });

  test('no name that we declare is such a word', { timeout: 60_000 }, () => {
    const found = code.flatMap((path) => {
      const file = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest);
      const names: string[] = [];
      const visit = (node: ts.Node): void => {
        const name = (node as Partial<ts.NamedDeclaration>).name;
        // Members that an interface of a library demands are its words, not ours.
        const isOurs = !ts.isPropertyAssignment(node) && !ts.isPropertyAccessExpression(node);
        if (isOurs && name && ts.isIdentifier(name) && words(name.text).some((word) => banned.test(word))) {
          const { line } = file.getLineAndCharacterOfPosition(name.getStart(file));
          names.push(`${path}:${String(line + 1)}: ${name.text}`);
        }
        ts.forEachChild(node, visit);
      };
      visit(file);
      return names;
    });
    expect(found).toEqual([]);
  });
});

describe('source files', () => {
  test('none in src is longer than 400 lines', () => {
    expect(production.filter((path) => read(path).split('\n').length > 401)).toEqual([]);
  });

  test('only src/runtime reads a clock, sets a timer or draws a random number', () => {
    const raw =
      /\b(Date\.now|performance\.now|Math\.random)\(|\b(setTimeout|setInterval|setImmediate)\(|\bnew Date\(\)/;
    const edges = production.filter((path) => !path.startsWith('src/runtime/'));
    expect(linesOf(edges, (line) => raw.test(line) && !/^\s*(\*|\/\/)/.test(line))).toEqual([]);
  });

  test('a TODO names its issue', () => {
    const open = /\b(TODO|FIXME|XXX)\b(?!\(#\d+\))/;
    expect(linesOf(code, (line, path) => path !== 'test/tidy.test.ts' && open.test(line))).toEqual([]);
  });

  test('no file names a place on somebody’s machine', () => {
    const place = /(^|[\s"'`(=:])\/(tmp|home|root|Users|work|var\/folders)\/[\w.]/;
    const own = (path: string): boolean => path !== 'package-lock.json';
    expect(linesOf(text.filter(own), (line) => place.test(line))).toEqual([]);
  });
});

describe('lists', () => {
  test.each(['sources', 'journal', 'layers'])('every Kind in src/%s stands in its index', (folder) => {
    const index = read(`src/${folder}/index.ts`);
    const kinds = production
      .filter((path) => path.startsWith(`src/${folder}/`))
      .flatMap((path) =>
        [...read(path).matchAll(/export const (\w+): (?:Source|Journal|Layer)Kind\b/g)].map((m) => m[1]),
      );
    expect(kinds.length).toBeGreaterThan(0);
    expect(kinds.filter((kind) => !new RegExp(`\\b${kind ?? ''}\\b`).test(index))).toEqual([]);
  });
});

test('docs/reference.md is what the code says (else: npm run generate)', async () => {
  const path = join(root, 'docs', 'reference.md');
  const lists = { sources: sourceKinds, journals: journalKinds, layers: layerKinds };
  const text = await reference({
    ...lists,
    config: configSchema,
    jsonSchema: jsonSchemaOf,
    errors: ERRORS,
    metrics: createMetrics(),
  });
  expect(read('docs/reference.md')).toBe(await format(text, { ...(await resolveConfig(path)), filepath: path }));
});

describe('SPEC.md', () => {
  const spec = read('SPEC.md');
  const sections = spec.split(/^##+ /m).filter((section) => /^I\d+ /.test(section));
  const idOf = (section: string): string => section.slice(0, section.indexOf(' '));
  const ids = sections.map(idOf);
  const claims = sections.flatMap((section) =>
    [...section.matchAll(/^- `([^`]+)`: (.+)$/gm)].map(([, path = '', name = '']) => ({ section, path, name })),
  );

  test('every invariant names a test that holds it', () => {
    expect(sections.filter((section) => !claims.some((claim) => claim.section === section)).map(idOf)).toEqual([]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each(claims)('$path has the test "$name"', ({ path, name }) => {
    expect(existsSync(join(root, path)), `${path} exists`).toBe(true);
    expect(read(path)).toContain(name);
  });

  test('every invariant that code or a test speaks of is in SPEC.md', () => {
    const spoken = linesOf(code, (line) =>
      [...line.matchAll(/\bSPEC (I\d+)/g)].some(([, id = '']) => !ids.includes(id)),
    );
    expect(spoken).toEqual([]);
  });
});
