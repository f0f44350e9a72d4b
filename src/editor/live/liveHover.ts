import {
  type CancellationToken,
  Hover,
  type HoverProvider,
  MarkdownString,
  type Position,
  type TextDocument,
} from 'vscode';
import { formatTensor } from '../../shapes/recorded/observedCall.ts';
import { escapeMarkdown } from '../hoverText.ts';
import { profileLink, trustedMarkdown } from '../profileLink.ts';
import { linesOfFrame } from './frameLines.ts';
import { liveShapeAt } from './liveCall.ts';
import type { LiveFrames } from './liveFrames.ts';
import { liveCallText } from './liveShapeText.ts';

/**
 * While a program is paused: the tensor under the mouse, and the problem of an attention call. VS Code shows the
 * debugger's own hover first; this one comes with Alt.
 */
export class LiveHover implements HoverProvider {
  private readonly frames: LiveFrames;

  constructor(frames: LiveFrames) {
    this.frames = frames;
  }

  async provideHover(
    document: TextDocument,
    position: Position,
    token: CancellationToken,
  ): Promise<Hover | null> {
    const frame = this.frames.frameIn(document.uri);
    if (!frame || token.isCancellationRequested) return null;
    const { first, last } = linesOfFrame(
      (line) => document.lineAt(line).text,
      document.lineCount,
      frame.line,
    );
    if (position.line < first || position.line > last) return null;
    const range = document.getWordRangeAtPosition(position);
    const isAttribute =
      range !== undefined && document.lineAt(range.start).text[range.start.character - 1] === '.';
    const tensors = await this.frames.tensorsOf(frame.session, frame.frameId);
    const tensor = range && !isAttribute ? tensors?.get(document.getText(range)) : undefined;
    if (tensor) {
      const name = escapeMarkdown(document.getText(range));
      return new Hover(
        new MarkdownString(`**Attention** live: ${name} is ${escapeMarkdown(formatTensor(tensor))}`),
        range,
      );
    }
    const shape = await liveShapeAt(this.frames, document, position.line);
    return shape && new Hover(trustedMarkdown(liveCallText(shape, profileLink(shape.problem))), range);
  }
}
