import { readText } from '../config/files.ts';
import { loadConfig } from '../config/load.ts';
import { reviewConfig } from '../config/review.ts';
import { parseContracts } from '../contracts/parse.ts';
import type { Finding } from '../contracts/finding.ts';
import { inOrder } from '../contracts/report.ts';
import { kinds } from '../service/kinds.ts';
import { gather, shownPath } from './gather.ts';
import type { Shell } from './shell.ts';

export interface Inspected {
  /** Every file looked at, as a person in the working directory would name it. */
  readonly files: readonly string[];
  readonly findings: readonly Finding[];
}

/** Every finding in what was named: configurations with the contracts that they name, then contract files by themselves. */
export function inspect(named: readonly string[], shell: Pick<Shell, 'cwd' | 'env'>): Inspected {
  const { configs, contracts } = gather(named, shell);
  const seen = new Set(configs);
  const findings: Finding[] = [];
  for (const file of configs) {
    const loaded = loadConfig({ file, env: shell.env, kinds });
    findings.push(...loaded.findings);
    if (loaded.config) findings.push(...reviewConfig(loaded.config, kinds));
    for (const contract of loaded.config?.contracts.contracts ?? []) seen.add(contract.file);
    for (const finding of loaded.findings) seen.add(finding.file);
  }
  for (const file of contracts.filter((path) => !seen.has(path))) {
    seen.add(file);
    findings.push(...parseFile(file));
  }
  const { cwd } = shell;
  const shown = findings.map((finding) => ({ ...finding, file: shownPath(finding.file, cwd) }));
  return { files: Array.from(seen, (path) => shownPath(path, cwd)).sort(), findings: inOrder(shown) };
}

function parseFile(file: string): readonly Finding[] {
  const read = readText(file);
  if (read.ok) return parseContracts(read.text, file).findings;
  const what = `the file cannot be read: ${read.why}`;
  return [
    {
      severity: 'error',
      code: 'FILE_UNREADABLE',
      file,
      line: 1,
      column: 1,
      what,
      why: 'its contracts cannot be checked',
      fix: 'correct the path or its permissions',
    },
  ];
}
