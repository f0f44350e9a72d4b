/**
 * A cursor over text that reads the few tokens a literal shape is made of. Every method looks at a bounded
 * number of characters, so that a scan of a whole text stays linear whatever the text is.
 */
export class Scanner {
  readonly text: string;
  position: number;
  /** No token reaches past this. */
  readonly end: number;

  constructor(text: string, position: number, reach: number) {
    this.text = text;
    this.position = position;
    this.end = Math.min(text.length, position + reach);
  }

  peek(): string {
    return this.position < this.end ? this.text[this.position]! : '';
  }

  /** Consumes `token` if it is next. */
  take(token: string): boolean {
    if (!this.text.startsWith(token, this.position) || this.position + token.length > this.end) return false;
    this.position += token.length;
    return true;
  }

  /** Skips spaces and tabs. */
  skipBlanks(): void {
    while (this.position < this.end && isBlank(this.text.charCodeAt(this.position))) this.position++;
  }

  /** Skips spaces, line ends and `#` comments, as between the arguments of a call. */
  skipTrivia(): void {
    while (this.position < this.end) {
      const code = this.text.charCodeAt(this.position);
      if (isBlank(code) || code === 10) this.position++;
      else if (code === 35) this.skipLine();
      else return;
    }
  }

  private skipLine(): void {
    while (this.position < this.end && this.text.charCodeAt(this.position) !== 10) this.position++;
  }

  identifier(): string | null {
    const start = this.position;
    if (!isIdentifierStart(this.text.charCodeAt(start))) return null;
    while (this.position < this.end && isIdentifierPart(this.text.charCodeAt(this.position))) this.position++;
    return this.text.slice(start, this.position);
  }

  /**
   * A positive whole number as Python writes it: `4096`, `4_096`, `4 * 1024`, `2**12`, `1 << 12`. Null, and the
   * position anywhere, for all else: floats, negatives, names, leading zeros, numbers past 2^31.
   */
  wholeNumber(): number | null {
    const value = this.product();
    const before = this.position;
    this.skipBlanks();
    if (value !== null && this.take('<<')) {
      this.skipBlanks();
      return combine(value, this.product(), (left, right) => left * 2 ** right);
    }
    this.position = before;
    return value;
  }

  private product(): number | null {
    let value = this.power();
    while (value !== null) {
      const before = this.position;
      this.skipBlanks();
      if (this.peek() !== '*' || this.text[this.position + 1] === '*') {
        this.position = before;
        return value;
      }
      this.position++;
      this.skipBlanks();
      value = combine(value, this.power(), (left, right) => left * right);
    }
    return null;
  }

  private power(): number | null {
    const base = this.digits();
    const before = this.position;
    this.skipBlanks();
    if (!this.take('**')) {
      this.position = before;
      return base;
    }
    this.skipBlanks();
    return combine(base, this.digits(), (left, right) => left ** right);
  }

  private digits(): number | null {
    const start = this.position;
    let digits = '';
    while (this.position < this.end && digits.length <= 10) {
      const code = this.text.charCodeAt(this.position);
      if (isDigit(code)) digits += this.text[this.position];
      else if (code !== 95 || digits === '') break;
      this.position++;
    }
    const next = this.text.charCodeAt(this.position);
    const broken = digits === '' || digits[0] === '0' || isIdentifierPart(next) || next === 46;
    if (broken || this.text.charCodeAt(this.position - 1) === 95 || this.position === start) return null;
    return inReach(Number(digits));
  }
}

function combine(
  left: number | null,
  right: number | null,
  operation: (left: number, right: number) => number,
): number | null {
  return left === null || right === null ? null : inReach(operation(left, right));
}

function inReach(value: number): number | null {
  return value >= 1 && value < 2 ** 31 ? value : null;
}

/** `×` lies among the letters of Latin-1 but separates sizes. */
const timesSign = 0xd7;

export function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 13;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isIdentifierStart(code: number): boolean {
  const letter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
  return letter || (code > 0xbf && code !== timesSign);
}

export function isIdentifierPart(code: number): boolean {
  return isIdentifierStart(code) || isDigit(code);
}
