import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { contractJsonSchema } from '../config/json-schema.ts';

it('what editors are told is what is read here (else: npm run generate)', () => {
  const published: unknown = JSON.parse(readFileSync('schema/contract.schema.json', 'utf8'));
  expect(JSON.parse(JSON.stringify(contractJsonSchema()))).toEqual(published);
});
