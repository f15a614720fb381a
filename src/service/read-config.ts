import { readFile } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { reviewConfig } from '../config/review.ts';
import type { Finding } from '../contracts/finding.ts';
import { TidemarkError } from '../errors.ts';
import { journalKinds } from '../journal/index.ts';
import type { JsonObject } from '../model/json.ts';
import { layerKinds } from '../layers/index.ts';
import { sourceKinds } from '../sources/index.ts';

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
