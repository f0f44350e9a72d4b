import type { Memento } from 'vscode';
import { maxSize } from '../../attention/shape.ts';
import type { SymbolValues } from './siteProblem.ts';

const key = 'sizesOfNames';

/** More names than this are not kept; those that were given a value longest ago go first. */
const mostNames = 500;
const longestName = 300;

/** Values that the user gave names of the code, kept for the workspace. */
export class RememberedSizes {
  private readonly state: Memento;
  private known: Map<string, number> | null = null;

  /** Called after a value has changed. */
  onChange: () => void = () => undefined;

  constructor(state: Memento) {
    this.state = state;
  }

  get values(): SymbolValues {
    return Object.fromEntries(this.read());
  }

  async remember(answers: ReadonlyMap<string, number>): Promise<void> {
    const known = this.read();
    for (const [name, value] of answers) {
      if (name.length > longestName) continue;
      known.delete(name);
      known.set(name, value);
    }
    for (const name of [...known.keys()].slice(0, Math.max(0, known.size - mostNames))) known.delete(name);
    await this.state.update(key, [...known]);
    this.onChange();
  }

  /** What is stored may be of another version, or written by hand. */
  private read(): Map<string, number> {
    if (this.known) return this.known;
    const stored: unknown = this.state.get(key);
    const entries = Array.isArray(stored) ? stored : [];
    this.known = new Map(
      entries.filter(
        (entry): entry is [string, number] =>
          Array.isArray(entry) && typeof entry[0] === 'string' && isSize(entry[1]),
      ),
    );
    return this.known;
  }
}

/** Whether a value can be a size at all. */
export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= maxSize;
}
