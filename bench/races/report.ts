import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, platform } from 'node:os';
import { join } from 'node:path';
import type { Race, Result } from './race.ts';
import type { Peer } from './subject.ts';

export interface Row {
  readonly peer: Peer;
  readonly results: Readonly<Record<Race, Result | null>>;
}

export function versionOf(root: string, name: string): string {
  const folder = name === 'tidemark' ? root : join(root, 'node_modules', name);
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
}

export function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown';
  return `Node.js ${process.version}, ${platform()} ${arch()}, ${String(availableParallelism())} × ${model}`;
}

const HEAD = ['library', 'by key', 'by tag', 'tag known after the load', 'reader joins the old load'];

/** The table of who is stale how often and how long, then the calls that were used. */
export function report(root: string, rows: readonly Row[], ttlMs: number): string {
  const lines = rows.map(({ peer, results }) => {
    const name = `${peer.name} ${versionOf(root, peer.name)}`;
    return [name, ...(['key', 'tag', 'learned', 'joined'] as const).map((race) => cell(results[race], ttlMs))];
  });
  const calls = rows.flatMap(({ peer }) =>
    Object.entries(peer.calls).map(([race, text]) => [peer.name, LABELS[race as keyof typeof LABELS], `\`${text}\``]),
  );
  return `${table([HEAD, ...lines])}\n\n${table([['library', 'race', 'calls'], ...calls])}\n`;
}

const LABELS = { key: 'by key, and joined', tag: 'by tag', learned: 'tag known after the load' };

function cell(result: Result | null, ttlMs: number): string {
  if (!result) return 'has no such thing';
  const { rounds, stale, stayed } = result;
  const often = `${String(stale)} of ${String(rounds)} stale`;
  if (stale === 0 || stayed === null) return often;
  return stayed === 1 ? `${often}, until the TTL` : `${often}, for ${String((stayed * ttlMs) / 1_000)} s`;
}

function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
