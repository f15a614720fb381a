import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const PREFIX = 'tidemark-built-';
/** Builds of other states of the source are left to the runs that may use them for so long. */
const OLD_MS = 60 * 60_000;

let known: string | null = null;

/**
 * The path of `cli/main.js`, compiled from the source as it is now, beside a `dist` that somebody may be using.
 * Node 20 cannot run TypeScript, so whoever starts the real program needs this. Made once for one state of the source,
 * in a folder named after its content: test files and runs that come later find it there.
 */
export function builtCli(): string {
  known ??= build();
  return known;
}

function build(): string {
  const target = join(tmpdir(), PREFIX + fingerprint());
  const main = join(target, 'dist', 'cli', 'main.js');
  if (existsSync(main)) return main;
  const draft = mkdtempSync(join(tmpdir(), `${PREFIX}draft-`));
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  // Types are the type check's business; this must also run while a file beside it is being written.
  const args = [
    '-p',
    join(ROOT, 'tsconfig.build.json'),
    '--outDir',
    join(draft, 'dist'),
    '--noCheck',
    '--declaration',
    'false',
  ];
  const { status, stdout } = spawnSync(process.execPath, [tsc, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the source cannot be compiled: ${stdout}`);
  for (const path of sourceFiles().filter((file) => !file.endsWith('.ts'))) {
    cpSync(join(ROOT, 'src', path), join(draft, 'dist', path));
  }
  cpSync(join(ROOT, 'package.json'), join(draft, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(draft, 'node_modules'), 'dir');
  removeOld();
  try {
    renameSync(draft, target);
  } catch (error) {
    // Another test file was faster, with the same content.
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(main)) throw error;
  }
  return main;
}

function sourceFiles(): string[] {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  return files.filter((path) => !path.endsWith('.test.ts') && statSync(join(ROOT, 'src', path)).isFile()).sort();
}

function fingerprint(): string {
  const hash = createHash('sha256').update(ROOT);
  for (const path of ['../package.json', '../tsconfig.json', '../tsconfig.build.json', ...sourceFiles()]) {
    hash.update(path).update(readFileSync(join(ROOT, 'src', path)));
  }
  return hash.digest('hex').slice(0, 16);
}

function removeOld(): void {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const path = join(tmpdir(), name);
    const age = Date.now() - statSync(path, { throwIfNoEntry: false })!.mtimeMs;
    if (age > OLD_MS) rmSync(path, { recursive: true, force: true });
  }
}
