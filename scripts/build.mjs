// Builds dist/ from src/ and dashboard/: only what has changed since the last build, by content.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { main, root, step } from './step.mjs';

const dist = join(root, 'dist');
const stampFile = join(dist, '.build.json');
const isTest = (path) => /\.test\.tsx?$/.test(path);

/** Every file below these paths of the repository, as paths from its root, sorted. */
function files(...paths) {
  const walk = (path) =>
    readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) => {
      const below = `${path}/${entry.name}`;
      if (entry.isDirectory()) return ['dist', 'node_modules'].includes(entry.name) ? [] : walk(below);
      return isTest(below) ? [] : [below];
    });
  return paths.flatMap((path) => (/\.\w+$/.test(path) ? [path] : walk(path))).sort();
}

function fingerprint(paths) {
  const hash = createHash('sha256');
  for (const path of paths)
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(root, path)))
      .update('\0');
  return hash.digest('hex');
}

function run(script, args, cwd = root) {
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd,
    stdio: ['ignore', 2, 2],
  });
  if (status !== 0) throw new Error(`${script} ${args.join(' ')} failed; its own words are above.`);
}

/** What a former build left behind and today's sources no longer make: it would be found, loaded and packed. */
function removeOrphans(sources) {
  const made = new Set(sources.flatMap((path) => outputs(relative('src', path))));
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const name = relative(dist, path).split(sep).join('/');
      if (entry.isDirectory()) {
        if (name !== 'dashboard') walk(path);
      } else if (path !== stampFile && !made.has(name)) rmSync(path);
    }
  };
  walk(dist);
}

const outputs = (path) =>
  path.endsWith('.ts') ? [path.replace(/\.ts$/, '.js'), path.replace(/\.ts$/, '.d.ts')] : [path];

function buildServer(sources) {
  // Types are checked by `npm run types`; whoever only wants to run Tidemark need not wait for it.
  run('typescript/bin/tsc', ['-p', 'tsconfig.build.json', '--noCheck']);
  for (const path of sources.filter((source) => !source.endsWith('.ts'))) {
    const target = join(dist, relative('src', path));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(root, path), target);
  }
  removeOrphans(sources);
}

function buildDashboard() {
  run('vite/bin/vite.js', ['build', '--logLevel', 'warn'], join(root, 'dashboard'));
  rmSync(join(dist, 'dashboard'), { recursive: true, force: true });
  cpSync(join(root, 'dashboard', 'dist'), join(dist, 'dashboard'), { recursive: true });
}

export async function build() {
  const stamp = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, 'utf8')) : {};
  const settle = (part, value) => {
    stamp[part] = value;
    writeFileSync(stampFile, JSON.stringify(stamp));
  };
  const sources = files('src');
  const server = fingerprint([...sources, 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']);
  if (stamp.server !== server) {
    await step('build dist', () => buildServer(sources));
    settle('server', server);
  }
  if (!existsSync(join(root, 'dashboard', 'index.html'))) return;
  const dashboard = fingerprint([...files('dashboard', 'src/model'), 'package-lock.json']);
  if (stamp.dashboard !== dashboard || !existsSync(join(dist, 'dashboard', 'index.html'))) {
    await step('build dashboard', buildDashboard);
    settle('dashboard', dashboard);
  }
}

await main(import.meta.url, build);
