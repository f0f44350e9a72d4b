import type { RecordedCall, Recording, SourceLine } from './recording.ts';

/** What all processes of a run recorded, by file and line. */
export class RecordedRun {
  /** One call for each distinct signature at a place, counts of all processes together. */
  readonly calls: readonly RecordedCall[];
  readonly recordings: readonly Recording[];
  private readonly byFile = new Map<string, Map<number, RecordedCall[]>>();

  constructor(recordings: readonly Recording[]) {
    this.recordings = recordings;
    this.calls = merged(recordings.flatMap(({ calls }) => calls));
    for (const call of this.calls) {
      this.index(call, call);
      if (call.via && !(call.via.line === call.line && sameFile(call.via.file, call.file)))
        this.index(call.via, call);
    }
  }

  /** How many attention calls ran, those that are not described included. */
  get total(): number {
    const described = this.calls.reduce((sum, { count }) => sum + count, 0);
    return this.recordings.reduce((sum, { dropped, unread }) => sum + dropped + unread, described);
  }

  /** The calls that a line made, itself or through a library, most frequent first. Lines from 1. */
  at(file: string, line: number): readonly RecordedCall[] {
    return this.byFile.get(fileKey(file))?.get(line) ?? [];
  }

  /** The files that made calls, as the program named them. */
  get files(): string[] {
    const named = this.calls.flatMap(({ file, via }) => (via ? [file, via.file] : [file]));
    return [...new Set(named)];
  }

  /** The lines of a file that made calls, in order. */
  linesOf(file: string): number[] {
    return [...(this.byFile.get(fileKey(file))?.keys() ?? [])].sort((a, b) => a - b);
  }

  private index({ file, line }: SourceLine, call: RecordedCall): void {
    const key = fileKey(file);
    const lines = this.byFile.get(key) ?? new Map<number, RecordedCall[]>();
    this.byFile.set(key, lines);
    const calls = lines.get(line);
    if (calls) calls.push(call);
    else lines.set(line, [call]);
  }
}

function merged(calls: readonly RecordedCall[]): RecordedCall[] {
  const bySignature = new Map<string, RecordedCall>();
  for (const call of calls) {
    const { count, ...signature } = call;
    const key = JSON.stringify(signature);
    const known = bySignature.get(key);
    bySignature.set(key, known ? { ...known, count: known.count + count } : call);
  }
  return [...bySignature.values()].sort((a, b) => b.count - a.count);
}

/** A name that is the same for the same file: Windows writes drive letters in either case and separators both ways. */
export function fileKey(file: string): string {
  const slashed = file.replaceAll('\\', '/');
  return /^[a-zA-Z]:\//.test(slashed) ? slashed.toLowerCase() : slashed;
}

function sameFile(a: string, b: string): boolean {
  return fileKey(a) === fileKey(b);
}
