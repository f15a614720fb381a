// Goal: whoever pastes the README's tour sees what it says. Method: its shell blocks, in one shell, against the built
// command line, with nothing changed but the port and where `npx tidemark` comes from.
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run, startChild } from '../support/children.ts';
import { needs } from '../support/needs.ts';
import { freePort } from '../support/ports.ts';

const root = join(import.meta.dirname, '..', '..');
const main = join(root, 'dist', 'cli', 'main.js');
const tour = /^## A tour[^]*?(?=^## )/m.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[0] ?? '';
const blocks = [...tour.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, text = '']) => text);

/** Runs all blocks in one shell and gives what each wrote. A command that fails ends the shell. */
async function paste(folder: string): Promise<{ readonly code: number | null; readonly outputs: string[] }> {
  const mark = '--8<--';
  const port = String(await freePort());
  const script = [
    'set -eo pipefail',
    // No tour may leave its daemon behind. A job is a group: the shell that runs the function, and the daemon.
    'set -m',
    `trap 'kill -- $(jobs -p | sed s/^/-/) 2> /dev/null || true' EXIT`,
    `npx() { shift; "${process.execPath}" "${main}" "$@"; }`,
    ...blocks.map((block) => `${block.replaceAll('4200', port)}\necho '${mark}'`),
  ].join('\n');
  const shell = startChild('bash', ['-c', script], { cwd: folder, env: { ...process.env, NO_COLOR: '1' } });
  let said = '';
  const listen = (chunk: Buffer): void => {
    said += chunk.toString();
  };
  shell.stdout?.on('data', listen);
  shell.stderr?.on('data', listen);
  const code = await new Promise<number | null>((resolve) => shell.once('close', resolve));
  return { code, outputs: said.split(`${mark}\n`) };
}

const suite = await needs('bash, curl and a build (npm run build)', async () => {
  await run('bash', ['-c', 'curl --version']);
  return existsSync(main) ? null : 'dist/ is missing';
});

suite('the tour in the README', () => {
  let folder = '';
  let result: Awaited<ReturnType<typeof paste>>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tidemark-tour-'));
    result = await paste(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const output = (block: number): string => result.outputs[block] ?? '';

  test('runs to its end as pasted', () => {
    expect(blocks).toHaveLength(7);
    expect(result.code, result.outputs.join('\n')).toBe(0);
    expect(result.outputs).toHaveLength(blocks.length + 1);
  });

  test('finds the mistake in the contract at its place, with what was meant', () => {
    expect(output(0)).toMatch(/contracts\/product\.yaml:5:7/);
    expect(output(0)).toContain('purge_tag');
    expect(output(1)).not.toMatch(/:\d+:\d+ +error/);
  });

  test('shows what an event would do', () => {
    expect(output(2)).toContain('product:42');
    expect(output(2)).toContain('product-42');
  });

  test('ends the entry and refuses the fill from before', () => {
    expect(output(3)).toContain('"price":10');
    expect(output(3).trim().split('\n').at(-1)).not.toContain('price');
    expect(output(4)).toMatch(/key-invalidated|tag-invalidated|below-floor/);
  });

  test('explains, keeps what it could not plan, and replays', () => {
    expect(output(5)).toContain('product.updated');
    expect(output(5)).toContain('product_id');
    expect(output(6)).toMatch(/replay/i);
  });
});
