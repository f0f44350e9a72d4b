import { validateDocument } from './read.ts';
import type { ProfileDocument } from './schema.ts';

/**
 * The text of a result file: JSON, two spaces, keys in the order of the schema whatever order the object had
 * them in, a newline at the end. Throws where the document is not valid, so that no unreadable file is written.
 */
export function writeDocument(document: ProfileDocument): string {
  const valid = validateDocument(document);
  if (!valid.ok) throw new Error(`the result cannot be written: ${valid.error}`);
  return `${JSON.stringify(valid.value, null, 2)}\n`;
}
