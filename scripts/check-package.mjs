// Packs what would be published and looks at it as its users will: types, files, and the command from a clean install.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build as bundle } from 'vite';
import { build } from './build.mjs';
import { main, root, step } from './step.mjs';

const WANTED = [
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'dist/index.js',
  'dist/index.d.ts',
  'dist/postgres/index.js',
  'dist/remote/index.js',
  'dist/remote/index.d.ts',
  'dist/postgres/index.d.ts',
  'dist/cli/main.js',
  'dist/dashboard/index.html',
  'schema/tidemark.schema.json',
  'schema/contract.schema.json',
];
const UNWANTED = /\.test\.|^(src|test|scripts|bench|dashboard)\/|\.build\.json$|\.tsbuildinfo$/;
/** With room for a sentence or two. The aim is 15 kB. */
const CLIENT_BYTES_MAX = 22_000;
/** Longest that `tidemark dev` may take to serve its page: it opens an SQLite file and listens, nothing else. */
const START_MS = 30_000;

function run(command, args, options = {}) {
  const done = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
  if (done.error) throw done.error;
  if (done.status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${done.status}\n${done.stdout ?? ''}`);
  return done.stdout;
}

const bin = (name, ...args) => run(join(root, 'node_modules', '.bin', name), args);

function pack(folder) {
  const [{ filename, files, size }] = JSON.parse(
    run('npm', ['pack', '--json', '--silent', '--pack-destination', folder]),
  );
  const paths = files.map((file) => file.path);
  const missing = WANTED.filter((path) => !paths.includes(path));
  const extra = paths.filter((path) => UNWANTED.test(path));
  if (missing.length > 0) throw new Error(`the package lacks ${missing.join(', ')}`);
  if (extra.length > 0) throw new Error(`the package carries ${extra.join(', ')}`);
  process.stderr.write(`  ${paths.length} files, ${Math.round(size / 1024)} kB\n`);
  return join(folder, filename);
}

function install(tarball, folder) {
  run('npm', ['init', '-y'], { cwd: folder });
  // The only step that asks a registry for more than tarballs, so a minute of its absence must not fail it.
  const patience = ['--fetch-retries=6', '--fetch-retry-mintimeout=2000', '--fetch-retry-maxtimeout=30000'];
  run('npm', ['install', tarball, '--prefer-offline', ...patience, '--no-progress', '--loglevel=error'], {
    cwd: folder,
  });
  run(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      "await import('tidemark'); await import('tidemark/client'); await import('tidemark/postgres')",
    ],
    {
      cwd: folder,
    },
  );
}

const DRIVERS = ['@nats-io/jetstream', '@nats-io/transport-node', 'ioredis'];

/** What `tidemark/client` adds to an application that bundles it. */
async function clientSize() {
  const { output } = await bundle({
    configFile: false,
    root,
    logLevel: 'silent',
    build: { ssr: join(root, 'dist', 'remote', 'index.js'), write: false, minify: true, target: 'node20' },
    ssr: { noExternal: true, external: DRIVERS },
  });
  // What is imported when it is asked for (NATS, a shared layer) is no part of it.
  const loaded = new Set(output.filter(({ isEntry }) => isEntry));
  for (const { imports } of loaded) for (const chunk of output) if (imports.includes(chunk.fileName)) loaded.add(chunk);
  const sizeOf = (chunks) => chunks.reduce((sum, { code = '' }) => sum + gzipSync(code).length, 0);
  const bytes = sizeOf([...loaded]);
  const later = sizeOf(output.filter((chunk) => !loaded.has(chunk)));
  const kB = (count) => `${(count / 1_000).toFixed(1)} kB`;
  process.stderr.write(
    `  ${kB(bytes)} compressed, and ${kB(later)} with the drivers beside it for NATS and shared layers\n`,
  );
  if (bytes > CLIENT_BYTES_MAX) throw new Error(`tidemark/client is larger than ${CLIENT_BYTES_MAX} bytes`);
}

/** `npx tidemark dev` as a newcomer types it: it must print its address, serve the page and end when asked to. */
async function dev(folder) {
  const child = spawn('npx', ['--no', 'tidemark', 'dev', '--listen', '127.0.0.1:0'], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const url = await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no address within ${START_MS} ms. It said:\n${said}`)), START_MS);
    const listen = (chunk) => {
      said += chunk;
      const found = /http:\/\/[\w.[\]:]+:\d+/.exec(said)?.[0];
      if (!found) return;
      clearTimeout(late);
      resolve(found);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.once('exit', (code) => reject(new Error(`tidemark dev ended with ${code}. It said:\n${said}`)));
  }).finally(() => child.removeAllListeners('exit'));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    const status = await new Promise((resolve, reject) =>
      get(`${url}/`, (response) => resolve(response.resume().statusCode)).on('error', reject),
    );
    if (status !== 200) throw new Error(`the dashboard answered ${status}`);
  } finally {
    process.kill(-child.pid, 'SIGTERM');
    await ended;
  }
}

async function check() {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-package-'));
  try {
    await build();
    await step('size of tidemark/client', clientSize);
    const tarball = await step('npm pack', () => pack(folder));
    await step('publint', () => bin('publint', 'run', tarball, '--strict'));
    await step('attw', () =>
      bin('attw', tarball, '--profile', 'esm-only', '--no-emoji', '--exclude-entrypoints', './schema/*.json'),
    );
    await step('install the package', () => install(tarball, folder));
    await step('npx tidemark dev', () => dev(folder));
  } finally {
    // `npx` ends before the daemon that it started, which still closes its journal in there.
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

await main(import.meta.url, check);
