// Before npm publish: the changes of this version must stand under its own heading, not under "Unreleased".
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './step.mjs';

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
const unreleased = /^## Unreleased\n(?<text>[^]*?)(?=^## |(?![^]))/m.exec(changelog)?.groups?.text.trim();

if (unreleased || !changelog.includes(`\n## ${version} `)) {
  process.stderr.write(`CHANGELOG.md: move what is under "Unreleased" to "## ${version} (date)" before publishing.\n`);
  process.exitCode = 1;
}
