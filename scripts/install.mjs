// Makes node_modules match package-lock.json. Plain Node, because nothing is installed yet.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, step } from './step.mjs';

const OLDEST_NODE = [20, 19];

export function checkNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  throw new Error(`Tidemark needs Node ${OLDEST_NODE.join('.')} or later, and this is Node ${version}.`);
}

/**
 * Compares what npm says it has installed with what the lock file asks for. Times of files would be quicker, but a
 * checkout or a copy touches them, and then every run would install again. Optional packages may be absent: most are
 * for other platforms.
 */
export function isInstalled() {
  const installedFile = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  return Object.entries(wanted).every(([path, { version, optional, peer }]) => {
    if (path === '') return true;
    const have = installed[path];
    return have ? have.version === version : optional === true || peer === true;
  });
}

export async function install() {
  if (isInstalled()) return;
  await step('npm ci', () => {
    // The npm that runs this script, where one does: on Windows a bare `npm` cannot be spawned without a shell.
    const cli = process.env.npm_execpath;
    const [command, first] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []];
    const args = [...first, 'ci', '--include=dev', '--no-progress', '--loglevel=error'];
    const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
    if (error) throw error;
    if (status !== 0) throw new Error(`npm ci failed with exit code ${status}; its own words are above.`);
  });
}
