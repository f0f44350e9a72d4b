interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Changes to a text by offset, applied all at once. Those at one offset are applied in the order they came. */
export class Edits {
  readonly #edits: Edit[] = [];

  insert(offset: number, text: string): void {
    this.#edits.push({ start: offset, end: offset, text });
  }

  /** Line breaks in the replaced text are kept, so that line numbers after it still hold. */
  replace(span: { start: number; end: number }, text: string): void {
    this.#edits.push({ start: span.start, end: span.end, text });
  }

  apply(source: string): string {
    const sorted = this.#edits.toSorted((a, b) => a.start - b.start);
    let result = '';
    let position = 0;
    for (const edit of sorted) {
      const breaks = source.slice(edit.start, edit.end).match(/\n/g)?.join('') ?? '';
      result += source.slice(position, edit.start) + edit.text + breaks;
      position = edit.end;
    }
    return result + source.slice(position);
  }
}
