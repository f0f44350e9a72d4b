import type { TextDocument } from 'vscode';
import { type LiveShape, liveShapeOf } from '../../shapes/recorded/liveShape.ts';
import type { TensorFacts } from '../../shapes/recorded/observedCall.ts';
import { attentionCallAt } from './callText.ts';
import { linesOfFrame } from './frameLines.ts';
import type { LiveFrames } from './liveFrames.ts';

const reachLines = 15;

/**
 * The problem of the attention call that covers a line, from the tensors of the frame that is paused in this
 * document. Null where nothing is paused here, no call is written there whose arguments are names, or one of them
 * is no tensor yet. Arguments that are neither names nor literals are said in the notes.
 */
export async function liveShapeAt(
  frames: LiveFrames,
  document: TextDocument,
  line: number,
): Promise<LiveShape | null> {
  const frame = frames.frameIn(document.uri);
  if (!frame) return null;
  const first = Math.max(0, line - reachLines);
  const last = Math.min(document.lineCount - 1, line + reachLines);
  const lines = Array.from({ length: last - first + 1 }, (_, index) => document.lineAt(first + index).text);
  const call = attentionCallAt(lines.join('\n'), line - first);
  if (!call) return null;
  // Another function may have the same names for other tensors, and a later line other tensors for its names.
  const run = linesOfFrame((each) => document.lineAt(each).text, document.lineCount, frame.line);
  if (first + call.firstLine < run.first || first + call.firstLine > run.last) return null;
  const known = await frames.tensorsOf(frame.session, frame.frameId);
  const tensors: Record<string, TensorFacts> = {};
  for (const [parameter, name] of call.tensors) {
    const tensor = known?.get(name);
    if (!tensor) return null;
    tensors[parameter] = tensor;
  }
  const shape = liveShapeOf({ api: call.api, tensors, flags: call.flags });
  if (!shape.ok) return null;
  const unread = call.unread.map((argument) => `${argument.slice(0, 60)} left out: it is no literal`);
  return { ...shape.value, notes: [...shape.value.notes, ...unread] };
}
