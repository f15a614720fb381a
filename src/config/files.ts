import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { TEXT_MAX } from '../contracts/yaml.ts';
import { matchesName } from './glob.ts';

export const IS_DIRECTORY = 'it is a directory';

/** Reads a text file; throws what the file system throws. */
export type ReadFile = (path: string) => string;

export type FileText = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly why: string };

/**
 * A regular file of at most 1 MiB, as text. Its kind and size are looked at before it is opened, so that neither a
 * FIFO nor a device can hold the process up.
 */
export function readText(path: string, read: ReadFile = (file) => readFileSync(file, 'utf8')): FileText {
  try {
    const stat = lstatSync(realpathSync(path));
    if (stat.isDirectory()) return { ok: false, why: IS_DIRECTORY };
    if (!stat.isFile()) return { ok: false, why: 'it is not a regular file' };
    if (stat.size > TEXT_MAX) return { ok: false, why: 'it is larger than 1 MiB' };
    return { ok: true, text: read(path) };
  } catch (error) {
    return { ok: false, why: reasonOf(error) };
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read by this user',
  EISDIR: IS_DIRECTORY,
  ELOOP: 'its links lead in a circle',
  ENOTDIR: 'a part of its path is not a directory',
};

export function reasonOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? (REASONS[code] ?? code) : 'it cannot be read';
}

export type Expanded =
  { readonly ok: true; readonly paths: readonly string[] } | { readonly ok: false; readonly why: string };

/** Segments of one pattern, and files of one: more than anyone keeps. */
const SEGMENTS_MAX = 16;
const FILES_MAX = 1_000;

/**
 * Files below `root` that a pattern names, as paths relative to it, sorted. Nothing outside `root` is ever named, not by `..`, not by an
 * absolute path, not through a link: the real path decides.
 */
export function expandGlob(root: string, pattern: string): Expanded {
  const segments = pattern.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (
    isAbsolute(pattern) ||
    pattern.includes('\\') ||
    pattern.includes('://') ||
    segments.includes('..') ||
    pattern.includes('\0')
  )
    return { ok: false, why: 'it leads out of the directory of the configuration' };
  if (segments.length === 0 || segments.length > SEGMENTS_MAX) return { ok: false, why: 'it names no file' };
  try {
    const realRoot = realpathSync(root);
    let paths: string[] = [realRoot];
    for (const segment of segments) {
      paths = paths.flatMap((path) => step(path, segment));
      if (paths.length > FILES_MAX) return { ok: false, why: `it names more than ${String(FILES_MAX)} files` };
    }
    const outside = paths.find((path) => !isInside(realRoot, realpathSync(path)));
    if (outside !== undefined)
      return { ok: false, why: `${relative(realRoot, outside)} is a link out of the directory of the configuration` };
    return { ok: true, paths: paths.map((path) => relative(realRoot, path)).sort() };
  } catch (error) {
    return { ok: false, why: reasonOf(error) };
  }
}

function step(directory: string, segment: string): string[] {
  if (!segment.includes('*')) {
    const path = join(directory, segment);
    return existsSync(path) ? [path] : [];
  }
  try {
    return readdirSync(directory)
      .filter((name) => (!name.startsWith('.') || segment.startsWith('.')) && matchesName(segment, name))
      .map((name) => join(directory, name));
  } catch {
    // A file where the pattern wants a directory names nothing.
    return [];
  }
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
