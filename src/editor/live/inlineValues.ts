import {
  type CancellationToken,
  type Disposable,
  debug,
  EventEmitter,
  type InlineValue,
  type InlineValueContext,
  type InlineValuesProvider,
  InlineValueText,
  Range,
  type TextDocument,
} from 'vscode';
import { formatTensor } from '../../shapes/recorded/observedCall.ts';
import { linesOfFrame, mentions } from './frameLines.ts';
import type { LiveFrames } from './liveFrames.ts';

/** Shows the tensors of a paused frame behind the lines that name them: `q: (2, 12, 64, 64) float32 cuda:0`. */
export class TensorInlineValues implements InlineValuesProvider, Disposable {
  private readonly frames: LiveFrames;
  private readonly changes = new EventEmitter<void>();
  private readonly subscription: Disposable;

  readonly onDidChangeInlineValues = this.changes.event;

  constructor(frames: LiveFrames) {
    this.frames = frames;
    this.subscription = frames.onDidChange(() => this.changes.fire());
  }

  async provideInlineValues(
    document: TextDocument,
    viewPort: Range,
    { frameId, stoppedLocation }: InlineValueContext,
    token: CancellationToken,
  ): Promise<InlineValue[]> {
    const session = debug.activeDebugSession;
    if (!session) return [];
    const tensors = await this.frames.tensorsOf(session, frameId);
    if (!tensors || tensors.size === 0 || token.isCancellationRequested) return [];
    const lineAt = (line: number) => document.lineAt(line).text;
    const lines = linesOfFrame(lineAt, document.lineCount, stoppedLocation.end.line);
    const visible = {
      first: Math.max(lines.first, viewPort.start.line),
      last: Math.min(lines.last, viewPort.end.line),
    };
    return mentions(lineAt, visible, new Set(tensors.keys())).map(
      ({ name, line, start, end }) =>
        new InlineValueText(
          new Range(line, start, line, end),
          `${name}: ${formatTensor(tensors.get(name)!)}`,
        ),
    );
  }

  dispose(): void {
    this.subscription.dispose();
    this.changes.dispose();
  }
}
