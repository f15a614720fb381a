// npm run generate: writes what is committed but made from the code, docs/reference.md and schema/.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { reference } from './reference.mjs';
import { setup } from './setup.mjs';
import { root } from './step.mjs';

const load = (path) => import(pathToFileURL(join(root, 'dist', path)).href);

async function write(path, text) {
  const file = join(root, path);
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
  process.stderr.write(`  ${path}\n`);
}

if (await setup()) {
  const { sourceKinds } = await load('sources/index.js');
  const { journalKinds } = await load('journal/index.js');
  const { layerKinds } = await load('layers/index.js');
  const { configSchema } = await load('config/schema.js');
  const { jsonSchemaOf } = await load('contracts/shape.js');
  const { ERRORS } = await load('errors.js');
  const { createMetrics } = await load('runtime/metrics.js');
  const lists = {
    sources: sourceKinds,
    journals: journalKinds,
    layers: layerKinds,
    errors: ERRORS,
    metrics: createMetrics(),
  };
  await write('docs/reference.md', await reference({ ...lists, config: configSchema, jsonSchema: jsonSchemaOf }));
  const { configJsonSchema, contractJsonSchema } = await load('config/json-schema.js');
  await write('schema/contract.schema.json', JSON.stringify(contractJsonSchema()));
  await write('schema/tidemark.schema.json', JSON.stringify(configJsonSchema(lists)));
} else {
  process.exitCode = 1;
}
