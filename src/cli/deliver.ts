import type { ProfileDocument } from '../profiler/document/schema.ts';
import { writeDocument } from '../profiler/document/write.ts';
import { writeOutputFile } from './outputFile.ts';
import { runName } from './profileRows.ts';
import type { Terminal } from './services.ts';
import { type Style, styleFor } from './style.ts';
import { oneLine } from './wrongUse.ts';

/** To the file, and to standard output; a file that cannot be written never costs the result. */
export async function deliver(
  document: ProfileDocument,
  { json: asJson, output }: { json?: boolean; output?: string },
  textOf: (document: ProfileDocument, style: Style) => string,
  terminal: Terminal,
): Promise<void> {
  const json = writeDocument(document);
  const lost = output === undefined ? null : writeOutputFile(output, json);
  if (asJson || lost !== null) {
    await terminal.out.write(json);
  } else {
    const kept = output === undefined ? '' : `\nWritten to ${oneLine(output)}\n`;
    await terminal.out.write(textOf(document, styleFor(terminal)) + kept);
  }
  if (lost !== null) {
    throw new Error(`${lost}; the result was printed on standard output as JSON instead`);
  }
}

/** Throws where a run failed: the command then did not do what was asked. */
export function refuseFailed({ runs }: ProfileDocument): void {
  const failed = runs.filter(({ status }) => status === 'failed');
  if (failed.length === 0) return;
  const shown = failed.slice(0, 20).map((run) => {
    const place = run.point === undefined ? '' : ` at ${run.point}`;
    return `${runName(run)}${place}: ${run.reason}`;
  });
  const more = failed.length > shown.length ? '; and more' : '';
  throw new Error(`${failed.length} of ${runs.length} runs failed: ${shown.join('; ')}${more}`);
}
