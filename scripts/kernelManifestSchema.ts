import { writeFileSync } from 'node:fs';
import { toJsonSchema } from '@valibot/to-json-schema';
import { kernelManifestSchema } from '../src/profiler/kernelManifest.ts';

/** Editors use it to complete and to check `*.wgslprof.json`; reading itself goes by the schema it comes from. */
export const manifestSchemaFile = new URL('../media/wgslprof.schema.json', import.meta.url);

/** The JSON Schema of kernel manifests. It cannot see the kernel, with which a manifest must agree. */
export function manifestJsonSchema() {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...toJsonSchema(kernelManifestSchema, { typeMode: 'input', errorMode: 'ignore' }),
    title: 'How Attention Profiler runs a WGSL kernel',
  };
}

if (import.meta.main) writeFileSync(manifestSchemaFile, `${JSON.stringify(manifestJsonSchema(), null, 2)}\n`);
