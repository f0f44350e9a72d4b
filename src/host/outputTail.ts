const maxLines = 40;
const maxLineLength = 1000;

/** Keeps the last lines of a process's output, whatever amount it writes, and hands each line on once. */
export class OutputTail {
  readonly #onLine: (line: string) => void;
  readonly #lines: string[] = [];
  #partial = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(chunk: string): void {
    const parts = (this.#partial + chunk).split(/\r?\n/);
    // A line without an end must not grow for ever either.
    this.#partial = (parts.pop() ?? '').slice(0, maxLineLength);
    for (const part of parts) this.#add(part);
  }

  end(): void {
    if (this.#partial !== '') this.#add(this.#partial);
    this.#partial = '';
  }

  get text(): string {
    return this.#lines.join('\n');
  }

  #add(line: string): void {
    const short = line.trimEnd().slice(0, maxLineLength);
    if (short === '') return;
    this.#lines.push(short);
    if (this.#lines.length > maxLines) this.#lines.shift();
    this.#onLine(short);
  }
}
