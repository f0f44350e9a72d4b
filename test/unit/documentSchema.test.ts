import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { documentJsonSchema, schemaFile } from '../../scripts/documentSchema.ts';

test('the JSON Schema in the package is the one of the code', () => {
  const stored = JSON.parse(readFileSync(schemaFile, 'utf8'));
  // Where this fails: node scripts/documentSchema.ts writes it anew.
  expect(stored).toEqual(documentJsonSchema());
});
