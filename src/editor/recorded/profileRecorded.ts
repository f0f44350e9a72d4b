import { type QuickPickItem, window, workspace } from 'vscode';
import { type DistinctShape, distinctShapes } from '../../shapes/recorded/liveShape.ts';
import type { RecordedCall } from '../../shapes/recorded/recording.ts';
import { describeLiveShape, plural } from '../live/liveShapeText.ts';
import { runCommand } from '../messages.ts';
import { problemArgument } from '../problemArgument.ts';
import { readSettings } from '../settings.ts';
import type { RecordedShapes } from './recordedShapes.ts';

interface ShapeItem extends QuickPickItem {
  shape: DistinctShape<RecordedCall>;
}

/** Lets the user choose among the distinct shapes of the last run, and profiles one after the other. */
export async function profileRecorded(shapes: RecordedShapes): Promise<void> {
  await shapes.load();
  const { run } = shapes;
  if (!run) return offerToRecord('No run was recorded in this workspace.');
  const items = distinctShapes(run.calls).map(itemOf);
  if (items.length === 0)
    return offerToRecord('The recorded run has no attention call that can be profiled.');
  const chosen = await window.showQuickPick(items, {
    title: 'Attention: Profile What Ran',
    placeHolder: 'Shapes of the last recorded run, the most frequent first',
    canPickMany: true,
    matchOnDescription: true,
    matchOnDetail: true,
  });
  for (const { shape } of chosen ?? []) {
    const argument = problemArgument(shape.shape.problem, readSettings().algorithms);
    try {
      await runCommand('attention.profile', argument);
    } catch {
      // It is on the screen already; what the user cancelled takes the rest along.
      return;
    }
  }
}

function itemOf(shape: DistinctShape<RecordedCall>): ShapeItem {
  const { notes, title, query } = shape.shape;
  const places = [
    ...new Set(shape.calls.map(({ file, line }) => `${workspace.asRelativePath(file)}:${line}`)),
  ];
  const more = places.length > 2 ? ` and ${places.length - 2} more` : '';
  return {
    label: describeLiveShape(shape.shape),
    description: `${plural(shape.count, 'call')}, ${query.dtype}`,
    detail: [`${title} at ${places.slice(0, 2).join(', ')}${more}`, ...notes].join('; '),
    shape,
  };
}

async function offerToRecord(text: string): Promise<void> {
  const record = 'Record a Run...';
  const chosen = await window.showInformationMessage(`Attention Profiler: ${text}`, record);
  if (chosen === record) await runCommand('attention.recordShapes').then(undefined, () => undefined);
}
