import { type CancellationToken, Hover, type HoverProvider, type Position, type TextDocument } from 'vscode';
import { distinctShapes, liveShapeOf } from '../../shapes/recorded/liveShape.ts';
import { recordedText } from '../live/liveShapeText.ts';
import { profileLink, trustedMarkdown } from '../profileLink.ts';
import type { RecordedShapes } from './recordedShapes.ts';

/** Shows which attention calls a line made in the last recorded run. */
export class RecordedHover implements HoverProvider {
  private readonly shapes: RecordedShapes;

  constructor(shapes: RecordedShapes) {
    this.shapes = shapes;
  }

  async provideHover(
    document: TextDocument,
    position: Position,
    token: CancellationToken,
  ): Promise<Hover | null> {
    await this.shapes.load();
    const calls = token.isCancellationRequested ? [] : this.shapes.in(document, position.line);
    if (calls.length === 0) return null;
    const others = calls.flatMap((call) => {
      const shape = liveShapeOf(call);
      return shape.ok ? [] : [{ count: call.count, reason: shape.error }];
    });
    const text = recordedText({
      shapes: distinctShapes(calls),
      others,
      when: `recorded ${ago(this.shapes.writtenAt ?? new Date())}`,
      link: ({ problem }) => profileLink(problem),
    });
    const line = document.lineAt(position.line);
    const range = line.range.with(line.range.start.translate(0, line.firstNonWhitespaceCharacterIndex));
    return new Hover(trustedMarkdown(text), range);
  }
}

/** `5 minutes ago`, `just now`, `2 days ago` */
export function ago(then: Date, now = new Date()): string {
  const minutes = Math.floor((now.getTime() - then.getTime()) / 60_000);
  const units: [string, number][] = [
    ['day', 24 * 60],
    ['hour', 60],
    ['minute', 1],
  ];
  for (const [unit, length] of units) {
    const count = Math.floor(minutes / length);
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  }
  return 'just now';
}
