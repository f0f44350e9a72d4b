import { readFileSync, statSync } from 'node:fs';
import { maxDocumentLength, readDocument } from '../profiler/document/read.ts';
import type { ProfileDocument } from '../profiler/document/schema.ts';
import { quote, WrongUse } from './wrongUse.ts';

/** A character of the text takes up to four bytes in UTF-8. */
const mostBytes = 4 * maxDocumentLength;

/** The result in a file; null where there is no such file, or it is a pipe or a device. Throws WrongUse. */
export function readDocumentFile(file: string): ProfileDocument | null {
  let text: string;
  try {
    const found = statSync(file, { throwIfNoEntry: false });
    if (!found || (!found.isFile() && !found.isDirectory())) return null;
    if (found.isDirectory()) throw new WrongUse(`${quote(file)} is a folder: give a file`);
    if (found.size > mostBytes) throw new WrongUse(`${quote(file)} is too large to be a result`);
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof WrongUse) throw error;
    throw new WrongUse(`${quote(file)} cannot be read: check the path and who may read it`);
  }
  const document = readDocument(text);
  if (!document.ok) throw new WrongUse(`${quote(file)}: ${document.error}`);
  return document.value;
}
