/**
 * A kernel holds something whose accesses cannot be counted. Thrown rather than counting around it, because a
 * total that misses accesses looks like any other.
 */
export class UncountableError extends Error {
  override readonly name = 'UncountableError';
  /** What stands in the way, as the user wrote it or as WGSL calls it. */
  readonly construct: string;
  /** Line in the kernel's WGSL, from 1; null where the module as a whole is meant. */
  readonly line: number | null;
  /** Column, from 1, where it is known. */
  readonly column: number | null;

  /** `advice` says why in a few words, and what to write instead. */
  constructor(construct: string, line: number | null, advice: string, column: number | null = null) {
    super(`Cannot count ${construct}${line === null ? '' : ` on line ${line}`}: ${advice}`);
    this.construct = construct;
    this.line = line;
    this.column = column;
  }
}
