import { writeFileSync } from 'node:fs';
import { toJsonSchema } from '@valibot/to-json-schema';
import { documentParts, documentSchema } from '../src/profiler/document/schema.ts';

/** Editors use it to complete and to check `*.attnprof.json`; the extension itself reads with the schema. */
export const schemaFile = new URL('../media/attnprof.schema.json', import.meta.url);

/**
 * The JSON Schema of result files, from the one schema that the code itself uses. It cannot say everything
 * that reading checks (references, sums), so what it accepts may still be refused.
 */
export function documentJsonSchema() {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...toJsonSchema(documentSchema, { typeMode: 'output', errorMode: 'ignore', definitions: documentParts }),
    title: 'Attention Profiler result',
    description:
      'Times are milliseconds; bytes and counts are integers, decimal strings past 2^53; what cannot be known is null.',
  };
}

if (import.meta.main) writeFileSync(schemaFile, `${JSON.stringify(documentJsonSchema(), null, 2)}\n`);
