import type { Token, Tokens } from './tokens.ts';

/** What an expression of the code says, as far as sizes and calls go. Everything else is `unknown`. */
export type Expression = { at: Token } & (
  | { kind: 'number'; value: number }
  | { kind: 'string'; value: string }
  /** A dotted name; `->`, `::` and `?.` are written as dots. */
  | { kind: 'name'; path: string }
  | { kind: 'call'; callee: Expression; callArguments: Expression[] }
  | { kind: 'member'; object: Expression; name: string }
  | { kind: 'element'; object: Expression; index: number }
  | { kind: 'list'; items: Expression[] }
  | { kind: 'record'; entries: Entry[] }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression }
  | { kind: 'unknown' }
);

export interface Entry {
  key: string;
  keyToken: Token;
  value: Expression;
}

const precedence: Record<string, number> = { '<<': 1, '+': 2, '-': 2, '*': 3, '/': 3, '%': 3, '**': 4 };
const terminators = new Set([',', ';', ')', ']', '}', ':']);
const links = new Set(['.', '->', '::', '?.']);
const cTypes = /^(?:int|long|unsigned|size_t|float|double|auto|bool|u?int\d+_t)$/;

/** Brackets inside brackets past this depth are not read. */
const deepest = 40;

/**
 * Reads expressions on demand. All that one reader reads costs at most `budget` steps; once they are spent
 * everything is unknown, so that no text takes long.
 */
export class ExpressionReader {
  readonly source: Tokens;
  private at = 0;
  private end = 0;
  private depth = 0;
  private budget: number;

  constructor(source: Tokens, budget: number) {
    this.source = source;
    this.budget = budget;
  }

  /** The expression that starts at a token and ends before a comma, a closing bracket or the statement's end. */
  expression(from: number, end = this.source.tokens.length): Expression {
    this.at = from;
    this.end = end;
    this.depth = 0;
    return this.whole();
  }

  /** The tokens that `expression` did not read. */
  get position(): number {
    return this.at;
  }

  /** The arguments of the call whose opening bracket is at `open`; null where the bracket is never closed. */
  callArguments(open: number): Expression[] | null {
    const close = this.source.partner[open]!;
    if (close < 0) return null;
    this.depth = 0;
    this.end = close;
    return this.items(open + 1, close);
  }

  private whole(): Expression {
    const from = this.at;
    const value = this.operation(0);
    const next = this.peek();
    // A script may end a statement with its line.
    if (!next || terminators.has(next.text) || (next.fresh && next.kind !== 'mark')) return value;
    this.skipToTerminator();
    return { kind: 'unknown', at: this.token(from) };
  }

  private items(from: number, close: number): Expression[] {
    const found: Expression[] = [];
    const outer = this.end;
    this.end = close;
    this.at = from;
    while (this.at < close && this.budget > 0) {
      const before = this.at;
      found.push(this.whole());
      if (this.at < close) this.at++;
      if (this.at === before) this.at++;
    }
    this.at = close + 1;
    this.end = outer;
    return found;
  }

  private operation(least: number): Expression {
    let left = this.operand();
    for (let token = this.peek(); token; token = this.peek()) {
      const rank = token.kind === 'mark' ? precedence[token.text] : undefined;
      if (rank === undefined || rank < least) return left;
      this.at++;
      const right = this.operation(token.text === '**' ? rank : rank + 1);
      left = { kind: 'binary', operator: token.text, left, right, at: left.at };
    }
    return left;
  }

  private operand(): Expression {
    const token = this.peek();
    if (!token || --this.budget < 0 || this.depth > deepest) {
      this.at = this.end;
      return { kind: 'unknown', at: this.token(this.at - 1) };
    }
    this.depth++;
    const value = this.postfix(this.primary(token));
    this.depth--;
    return value;
  }

  private primary(token: Token): Expression {
    if (token.kind === 'number') {
      this.at++;
      const value = numberOf(token.text);
      return value === null ? { kind: 'unknown', at: token } : { kind: 'number', value, at: token };
    }
    if (token.kind === 'string') {
      this.at++;
      return { kind: 'string', value: token.text, at: token };
    }
    if (token.kind === 'name') return this.named(token);
    const close = this.source.partner[this.at]!;
    if (close >= 0 && close < this.end) {
      if (token.text === '(') return this.bracketed(token, close);
      if (token.text === '[') return { kind: 'list', items: this.items(this.at + 1, close), at: token };
      if (token.text === '{') return this.braced(token, close);
    }
    // `-1` keeps its sign; addresses, negations and spreads are nobody's size.
    this.at++;
    const operand = this.operand();
    return token.text === '-' && operand.kind === 'number'
      ? { kind: 'number', value: -operand.value, at: token }
      : { kind: 'unknown', at: token };
  }

  private named(token: Token): Expression {
    this.at++;
    if (token.text === 'new' || token.text === 'await') return this.operand();
    let path = token.text;
    while (links.has(this.peek()?.text ?? '') && this.source.tokens[this.at + 1]?.kind === 'name') {
      path += `.${this.source.tokens[this.at + 1]!.text}`;
      this.at += 2;
    }
    this.skipTypeArguments();
    return { kind: 'name', path, at: token };
  }

  private bracketed(token: Token, close: number): Expression {
    const inner = this.source.tokens[close - 1]!;
    const isCast =
      close - this.at <= 3 && cTypes.test(inner.text) && this.source.tokens[this.at + 1]!.kind === 'name';
    if (isCast) {
      this.at = close + 1;
      return this.operand();
    }
    const items = this.items(this.at + 1, close);
    return items.length === 1 ? items[0]! : { kind: 'unknown', at: token };
  }

  /** `{8, 16}` is a list, `{ heads: 8 }` and `{ .heads = 8 }` are records. */
  private braced(token: Token, close: number): Expression {
    const { tokens } = this.source;
    const first = tokens[this.at + 1]!;
    const second = tokens[this.at + 2];
    const isRecord =
      (first.text === '.' && tokens[this.at + 3]?.text === '=') ||
      ((first.kind === 'name' || first.kind === 'string') && second?.text === ':') ||
      (first.kind === 'name' &&
        (second?.text === ',' || second?.text === '}') &&
        !this.holdsNumbers(close)) ||
      first.text === '...';
    if (!isRecord) return { kind: 'list', items: this.items(this.at + 1, close), at: token };
    return { kind: 'record', entries: this.entries(this.at + 1, close), at: token };
  }

  private holdsNumbers(close: number): boolean {
    return this.source.tokens
      .slice(this.at + 1, Math.min(close, this.at + 17))
      .some(({ kind }) => kind === 'number');
  }

  private entries(from: number, close: number): Entry[] {
    const { tokens } = this.source;
    const found: Entry[] = [];
    const outer = this.end;
    this.end = close;
    this.at = from;
    while (this.at < close && this.budget > 0) {
      if (tokens[this.at]!.text === '.') this.at++;
      const keyToken = tokens[this.at]!;
      const follows = tokens[this.at + 1]?.text;
      if (this.at < close && (keyToken.kind === 'name' || keyToken.kind === 'string')) {
        if (follows === ':' || follows === '=') {
          this.at += 2;
          found.push({ key: keyToken.text, keyToken, value: this.whole() });
        } else if (keyToken.kind === 'name' && (follows === ',' || follows === '}')) {
          this.at++;
          found.push({
            key: keyToken.text,
            keyToken,
            value: { kind: 'name', path: keyToken.text, at: keyToken },
          });
        }
      }
      this.skipToTerminator(',');
      this.at++;
    }
    this.at = close + 1;
    this.end = outer;
    return found;
  }

  private postfix(start: Expression): Expression {
    let value = start;
    for (let token = this.peek(); token; token = this.peek()) {
      const close = this.source.partner[this.at]!;
      if (token.text === '<<<') {
        // The grid, the block and the shared memory of a launch say nothing that is sure about the problem.
        const configured = this.source.tokens
          .slice(this.at, this.at + 200)
          .findIndex(({ text }) => text === '>>>');
        if (configured < 0) return value;
        this.at += configured + 1;
      } else if (token.text === '(' && close >= 0 && close < this.end) {
        value = { kind: 'call', callee: value, callArguments: this.items(this.at + 1, close), at: value.at };
      } else if (token.text === '[' && !token.fresh && close >= 0 && close < this.end) {
        const [index] = this.items(this.at + 1, close);
        if (index?.kind !== 'number') value = { kind: 'unknown', at: value.at };
        else value = { kind: 'element', object: value, index: index.value, at: value.at };
      } else if (links.has(token.text) && this.source.tokens[this.at + 1]?.kind === 'name') {
        value = { kind: 'member', object: value, name: this.source.tokens[this.at + 1]!.text, at: value.at };
        this.at += 2;
        this.skipTypeArguments();
      } else return value;
    }
    return value;
  }

  /** `<int>` of `static_cast<int>(x)`: names, numbers and marks of types up to a `>` that a bracket follows. */
  private skipTypeArguments(): void {
    const { tokens } = this.source;
    if (this.peek()?.text !== '<') return;
    for (let at = this.at + 1; at < Math.min(this.end, this.at + 12); at++) {
      const { kind, text } = tokens[at]!;
      if (text === '>' && (tokens[at + 1]?.text === '(' || tokens[at + 1]?.text === '<<<')) {
        this.at = at + 1;
        return;
      }
      if (kind === 'mark' && !['::', ',', '*'].includes(text)) return;
    }
  }

  private skipToTerminator(only?: string): void {
    for (; this.at < this.end; this.at++) {
      const { text } = this.source.tokens[this.at]!;
      if (only ? text === only : terminators.has(text) && text !== ':') return;
      const close = this.source.partner[this.at]!;
      if (close > this.at) this.at = Math.min(close, this.end);
      this.budget--;
    }
  }

  private peek(): Token | undefined {
    return this.at < this.end ? this.source.tokens[this.at] : undefined;
  }

  private token(at: number): Token {
    const { tokens } = this.source;
    return tokens[Math.max(0, Math.min(at, tokens.length - 1))]!;
  }
}

/** `4096`, `0x40`, `1'024`, `1_024`, `2048u`, `0.5f`; null for what is no number after all, such as `1.2.3`. */
export function numberOf(text: string): number | null {
  const plain = text.replace(/(?<=[\da-fA-F])['_](?=[\da-fA-F])/g, '');
  if (/^0[xX][\da-fA-F]{1,8}[uUlL]{0,3}$/.test(plain)) return Number.parseInt(plain, 16);
  const digits = /^(\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(?:[eE]\d{1,2})?(?:[uUlLfFnzZ]{0,3})$/.exec(plain);
  if (!digits || /^0\d/.test(plain)) return null;
  const value = Number(plain.replace(/[uUlLfFnzZ]+$/, ''));
  return Number.isFinite(value) ? value : null;
}
