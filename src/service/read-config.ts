import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import type { Finding } from '../contracts/finding.ts';
import { TidemarkError } from '../errors.ts';
import type { JsonObject } from '../model/json.ts';
import type { Refresh } from '../pipeline/projection.ts';
import { kinds } from './kinds.ts';

/** A path, or the content of a `tidemark.yaml` as an object. */
export type ConfigSource = string | JsonObject;

/** All mistakes of a configuration at once. */
export class ConfigInvalid extends TidemarkError {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    const lines = findings.map(
      ({ file, line, column, code, what, fix }) => `\n  ${file}:${line}:${column}  ${code}  ${what}; ${fix}`,
    );
    super('CONFIG_INVALID', lines.join(''));
    this.findings = findings;
  }
}

export interface ReadConfigOptions {
  readonly config?: ConfigSource;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly projections?: Readonly<Record<string, Refresh>>;
}

/** @throws ConfigInvalid */
export function readConfig({ config = 'tidemark.yaml', cwd, env, projections = {} }: ReadConfigOptions): Config {
  const loaded = loadConfig({
    ...(typeof config === 'string' ? { file: config } : { object: config }),
    ...(cwd === undefined ? {} : { baseDir: cwd }),
    env: env ?? process.env,
    kinds,
    projections: Object.keys(projections),
  });
  if (loaded.config === null) throw new ConfigInvalid(loaded.findings.filter(({ severity }) => severity === 'error'));
  return loaded.config;
}
