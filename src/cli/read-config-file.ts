import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { TidemarkError } from '../errors.ts';
import { readConfig } from '../service/read-config.ts';
import { CONFIG_NAME } from './gather.ts';
import type { Shell } from './shell.ts';

/** @throws FILE_UNREADABLE, ConfigInvalid */
export function readConfigFile(named: string | undefined, shell: Pick<Shell, 'cwd' | 'env'>): Config {
  return readConfig({ config: configPath(named, shell), env: shell.env });
}

/** A file that is not there is told apart from one that is wrong: the first needs another folder, the second an editor. */
export function configPath(named: string | undefined, shell: Pick<Shell, 'cwd'>): string {
  const path = resolve(shell.cwd, named ?? CONFIG_NAME);
  if (existsSync(path)) return path;
  throw new TidemarkError('CONFIG_MISSING', named ?? `there is no ${CONFIG_NAME} in ${shell.cwd}`);
}
