/** Where something is wrong: the kernel's WGSL, or the manifest beside it. */
export type ProblemFile = 'kernel' | 'manifest';

/** Something about a user's kernel or its manifest that keeps it from running, in one line. */
export class KernelProblem extends Error {
  override readonly name = 'KernelProblem';
  readonly file: ProblemFile;
  /** Line and column in the file, from 1, where they are known. */
  readonly line: number | null;
  readonly column: number | null;

  constructor(file: ProblemFile, message: string, line: number | null = null, column: number | null = null) {
    super(message);
    this.file = file;
    this.line = line;
    this.column = column;
  }
}
