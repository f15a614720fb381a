import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { TidemarkError } from '../errors.ts';
import { UsageError } from './exit.ts';
import type { Shell } from './shell.ts';

export const CONFIG_NAME = 'tidemark.yaml';

/** Folders nobody means when they name the folder above. */
const SKIPPED: ReadonlySet<string> = new Set(['node_modules', 'dist']);
/** Deeper than any tree of contracts that a person keeps; ends a circle of links. */
const DEPTH_MAX = 16;
const FILES_MAX = 10_000;

export interface Gathered {
  readonly configs: readonly string[];
  readonly contracts: readonly string[];
}

/** Sorts what was named into configurations and contract files, both as absolute paths. Folders are searched. */
export function gather(named: readonly string[], shell: Pick<Shell, 'cwd'>): Gathered {
  const configs = new Set<string>();
  const contracts = new Set<string>();
  for (const name of named) {
    const path = resolve(shell.cwd, name);
    const found = isFolder(path, name) ? yamlFiles(path, 0) : [path];
    if (found.length === 0)
      throw new UsageError(`${name} holds no YAML file`, 'name a folder or a file with contracts');
    for (const file of found) (isConfig(file) ? configs : contracts).add(realpathSync(file));
  }
  return { configs: [...configs].sort(), contracts: [...contracts].sort() };
}

function isFolder(path: string, name: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw new TidemarkError('FILE_UNREADABLE', name, { cause: error });
  }
}

function yamlFiles(folder: string, depth: number): string[] {
  if (depth > DEPTH_MAX) return [];
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  const found = entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.name.startsWith('.')) return [];
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : yamlFiles(path, depth + 1);
    return entry.isFile() && /\.ya?ml$/i.test(entry.name) ? [path] : [];
  });
  if (found.length > FILES_MAX) throw new UsageError(`${folder} holds more than ${String(FILES_MAX)} YAML files`);
  return found;
}

/** Keys at the left edge that only a configuration has. Read as text, because the file may be no valid YAML. */
const CONFIG_KEY = /^(version|journal|server|sources|layers|namespaces|projections|contracts) *:/m;
const CONTRACT_KEY = /^event_invalidation *:/m;

function isConfig(path: string): boolean {
  if (basename(path) === CONFIG_NAME) return true;
  if (!/\.ya?ml$/i.test(path)) return false;
  try {
    const text = readFileSync(path, 'utf8');
    return CONFIG_KEY.test(text) && !CONTRACT_KEY.test(text);
  } catch {
    // Whoever reads it next says why it cannot be read.
    return false;
  }
}

/** As a person in the working directory would name the file: shorter when it is below, whole when it is elsewhere. */
export function shownPath(path: string, cwd: string): string {
  if (!isAbsolute(path)) return path;
  for (const base of [cwd, realpathSync(cwd)]) {
    const inside = relative(base, path);
    if (inside !== '' && !inside.startsWith('..') && !isAbsolute(inside)) return inside;
  }
  return path;
}
