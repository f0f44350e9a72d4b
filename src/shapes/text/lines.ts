import type { Evidence } from '../site.ts';

/** Longer lines are cut where they are shown as evidence. */
const longestEvidence = 160;

/** Turns offsets into lines from 1 and columns from 0, by bisection. */
export class LineIndex {
  readonly text: string;
  private readonly starts: number[] = [0];

  constructor(text: string) {
    this.text = text;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.starts.push(at + 1);
  }

  locate(offset: number): { line: number; column: number } {
    let low = 0;
    let high = this.starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.starts[low]! };
  }

  range(start: number, end: number): { line: number; column: number; endLine: number; endColumn: number } {
    const last = this.locate(end);
    return { ...this.locate(start), endLine: last.line, endColumn: last.column };
  }

  /** The offset of a column of a line, the line from 1. */
  offset(line: number, column: number): number {
    return this.starts[line - 1]! + column;
  }

  /** Text of a line, from 1. */
  line(line: number): string {
    const start = this.starts[line - 1]!;
    const text = this.text.slice(start, (this.starts[line] ?? this.text.length + 1) - 1);
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  }

  evidence(offset: number, kind: Evidence['kind']): Evidence {
    const { line } = this.locate(offset);
    const start = this.starts[line - 1]!;
    const text = this.text.slice(
      start,
      Math.min(start + longestEvidence, (this.starts[line] ?? this.text.length + 1) - 1),
    );
    return { line, text: text.trim(), kind };
  }
}
