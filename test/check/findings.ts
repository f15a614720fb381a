import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { reviewConfig } from '../../src/config/review.ts';
import type { Finding } from '../../src/contracts/finding.ts';
import { parseContracts } from '../../src/contracts/parse.ts';
import { kinds } from './kinds.ts';

const fixtures = join(import.meta.dirname, 'fixtures');

export interface WrongFile {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

export function wrongFiles(folder: 'contracts' | 'config'): WrongFile[] {
  return readdirSync(join(fixtures, folder))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => {
      const path = join(fixtures, folder, name);
      return { name: `${folder}/${name}`, path, text: readFileSync(path, 'utf8') };
    });
}

/** What the environment of the wrong configurations holds; one value tries to be more than a scalar. */
const ENV = { SHOP_URL: 'postgres://127.0.0.1/shop', EMPTY: '', MANY: '7', PORT: '99999', INJECTED: '1\n  evil: {}' };

export function findingsOf({ name, path, text }: WrongFile): readonly Finding[] {
  if (name.startsWith('contracts/')) return parseContracts(text, path).findings;
  const { config, findings } = loadConfig({ file: path, kinds, env: ENV });
  return config ? [...findings, ...reviewConfig(config, kinds)] : findings;
}

/** `line:column CODE`; of another file than the one that is checked, with its name. */
export function brief({ line, column, code, file }: Finding, of: WrongFile): string {
  return `${file === of.path ? '' : `${basename(file)}:`}${line}:${column} ${code}`;
}

/**
 * What a file says about itself: `#! COLUMN CODE, COLUMN CODE` on the line of the mistakes, or `#! LINE:COLUMN CODE`
 * on the first line where a comment cannot stand beside the mistake.
 */
export function expectedOf({ text }: WrongFile): string[] {
  return text.split('\n').flatMap((line, i) => {
    const [, marks] = line.split('#! ');
    if (marks === undefined) return [];
    return marks.split(', ').map((mark) => (mark.includes(':') ? mark : `${i + 1}:${mark}`));
  });
}
