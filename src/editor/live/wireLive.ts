import { type Disposable, type ExtensionContext, languages, type TextEditor } from 'vscode';
import type { CommandId } from '../contributions.ts';
import type { JobArgument } from '../jobArgument.ts';
import type { Log } from '../log.ts';
import { problemArgument } from '../problemArgument.ts';
import type { RecordCommand } from '../recorded/recordCommand.ts';
import { RecordedHover } from '../recorded/recordedHover.ts';
import { RecordedShapes } from '../recorded/recordedShapes.ts';
import { readSettings } from '../settings.ts';
import { TensorInlineValues } from './inlineValues.ts';
import { liveShapeAt } from './liveCall.ts';
import { LiveFrames } from './liveFrames.ts';
import { LiveHover } from './liveHover.ts';

/** What runs and what ran: the parts of the editor that know live values. */
export interface LiveParts {
  frames: LiveFrames;
  recorded: RecordedShapes;
  /** The job of the attention call at the cursor of a paused program; null where there is none. */
  jobAtCursor: (editor: TextEditor) => Promise<JobArgument | null>;
  handlers: Record<
    Extract<CommandId, 'attention.recordShapes' | 'attention.profileRecorded'>,
    (argument?: unknown) => unknown
  >;
}

/** Python in files, notebooks and unsaved documents. */
const python = { language: 'python' };

/** Makes these parts and registers them. Nothing is read, asked or started before it is needed. */
export function wireLive(
  context: ExtensionContext,
  log: Log,
  own: <T extends Disposable>(part: T) => T,
): LiveParts {
  const frames = own(new LiveFrames(() => readSettings().liveShapes, log));
  const values = own(new TensorInlineValues(frames));
  own(languages.registerInlineValuesProvider(python, values));
  own(languages.registerHoverProvider(python, new LiveHover(frames)));

  const recorded = own(new RecordedShapes(context.storageUri ?? context.globalStorageUri, log));
  own(languages.registerHoverProvider(python, new RecordedHover(recorded)));
  let command: Promise<RecordCommand> | null = null;
  const recording = () => {
    command ??= import('../recorded/recordCommand.ts').then(({ RecordCommand }) =>
      own(new RecordCommand(recorded, context.extensionUri, log)),
    );
    return command;
  };

  return {
    frames,
    recorded,
    jobAtCursor: async ({ document, selection }) => {
      if (!selection.isEmpty) return null;
      const shape = await liveShapeAt(frames, document, selection.active.line);
      return shape && problemArgument(shape.problem, readSettings().algorithms);
    },
    handlers: {
      'attention.recordShapes': async (argument) => (await recording()).record(argument),
      'attention.profileRecorded': async () =>
        (await import('../recorded/profileRecorded.ts')).profileRecorded(recorded),
    },
  };
}
