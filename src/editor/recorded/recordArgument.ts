import * as v from 'valibot';
import { Uri, workspace } from 'vscode';
import { launchTargets, type RecordingTarget } from './recordingTarget.ts';

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(4000));

const argument = v.union([
  v.strictObject({
    file: text,
    args: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(4000))), v.maxLength(200)), []),
  }),
  v.strictObject({ configuration: text }),
]);

/**
 * What `attention.recordShapes` takes: `{ "file": "train.py", "args": ["--steps", "2"] }`, a path absolute or inside
 * the first folder, or `{ "configuration": "Train" }`, the name of a launch configuration. Throws in one line.
 */
export function parseTarget(value: unknown): RecordingTarget {
  const parsed = v.safeParse(argument, value);
  if (!parsed.success) {
    throw new Error(
      'attention.recordShapes takes { "file": "train.py", "args": [] } or { "configuration": "Train" }',
    );
  }
  const { output } = parsed;
  if ('file' in output) {
    const [folder] = workspace.workspaceFolders ?? [];
    const isAbsolute = /^([/\\]|[a-zA-Z]:[/\\])/.test(output.file);
    if (!isAbsolute && !folder) throw new Error(`no folder is open to find ${output.file} in`);
    const file = isAbsolute ? Uri.file(output.file) : Uri.joinPath(folder!.uri, output.file);
    return { kind: 'script', file, args: output.args };
  }
  const target = launchTargets().find(({ configuration }) => configuration.name === output.configuration);
  if (target) return target;
  throw new Error(`there is no launch configuration of a Python program named ${output.configuration}`);
}
