/** The two families of languages whose code is read token by token. */
export type CodeFamily = 'script' | 'c';

export interface Token {
  kind: 'name' | 'number' | 'string' | 'mark';
  /** Strings without their quotes. */
  text: string;
  start: number;
  end: number;
  /** True where a line end stands between this token and the one before. */
  fresh: boolean;
}

/** A `#define NAME body`; `optional` where an `#ifndef NAME` lets the build set another value. */
export interface Macro {
  name: string;
  start: number;
  body: Token[];
  optional: boolean;
}

export interface Tokens {
  tokens: Token[];
  macros: Macro[];
  /** For every bracket the index of its partner; -1 for other tokens and for brackets without one. */
  partner: Int32Array;
}

/** Marks of three and of two characters; all others are single. */
const longMarks = new Set('<<< >>> ... **= === !== <<= >>= &&= ||= ??='.split(' '));
const shortMarks = new Set('=> == != <= >= && || ?? ?. -> :: ** << ++ -- += -= *= /= %= &= |= ^='.split(' '));

/** A slash behind these begins a regular expression, not a division. */
const beforeRegularExpression = /^(?:[=(,:[!&|?{};+*%~^<>-]|=>|&&|\|\||\?\?|===?|!==?)$/;

/** Splits code into tokens; comments and preprocessor lines are left out. One pass, each character once. */
export function tokenize(text: string, family: CodeFamily): Tokens {
  const reader = new Reader(text, family);
  const tokens = reader.read(0, text.length);
  return { tokens, macros: reader.macros, partner: partnersOf(tokens) };
}

class Reader {
  readonly macros: Macro[] = [];
  private readonly guards = new Set<string>();
  private readonly text: string;
  private readonly family: CodeFamily;

  constructor(text: string, family: CodeFamily) {
    this.text = text;
    this.family = family;
  }

  read(from: number, end: number): Token[] {
    const { text, family } = this;
    const tokens: Token[] = [];
    let fresh = true;
    const push = (kind: Token['kind'], start: number, stop: number, content = text.slice(start, stop)) => {
      tokens.push({ kind, text: content, start, end: stop, fresh });
      fresh = false;
      return stop;
    };
    for (let at = from; at < end; ) {
      const character = text[at]!;
      const code = text.charCodeAt(at);
      if (code === 10) fresh = true;
      if (code <= 32) at++;
      else if (isNameStart(code)) at = push('name', at, this.while(at, end, isNamePart));
      else if (isDigitCode(code) || (character === '.' && isDigitCode(text.charCodeAt(at + 1)))) {
        at = push('number', at, this.while(at + 1, end, isNumberPart));
      } else if (text.startsWith('//', at)) at = endOfLine(text, at, end);
      else if (text.startsWith('/*', at)) {
        const close = text.indexOf('*/', at + 2);
        at = close < 0 ? end : Math.min(end, close + 2);
      } else if (character === '"' || character === "'" || character === '`') {
        const stop = this.endOfString(at, end, character);
        at = push('string', at, stop, text.slice(at + 1, Math.max(at + 1, stop - 1)));
      } else if (family === 'c' && character === '#' && fresh) at = this.directive(at, end);
      else if (family === 'script' && character === '/' && startsExpression(tokens.at(-1))) {
        at = push('string', at, this.endOfString(at, end, '/'), '');
      } else {
        at = push('mark', at, at + markLength(text, at));
      }
    }
    return tokens;
  }

  private while(from: number, end: number, accepts: (code: number) => boolean): number {
    let at = from;
    while (at < end && accepts(this.text.charCodeAt(at))) at++;
    return at;
  }

  private endOfString(open: number, end: number, quote: string): number {
    for (let at = open + 1; at < end; at++) {
      const character = this.text[at];
      if (character === '\\') at++;
      else if (character === quote) return at + 1;
      // Only template literals run over line ends; a quote left open ends with its line.
      else if (character === '\n' && quote !== '`') return at;
    }
    return end;
  }

  private directive(at: number, end: number): number {
    let stop = endOfLine(this.text, at, end);
    while (stop < end && /\\\r?$/.test(this.text.slice(Math.max(at, stop - 2), stop)))
      stop = endOfLine(this.text, stop + 1, end);
    const head = /^#[ \t]*(ifndef|define)[ \t]+([A-Za-z_]\w{0,63})(?![\w(])/.exec(
      this.text.slice(at, at + 120),
    );
    if (head?.[1] === 'ifndef') this.guards.add(head[2]!);
    if (head?.[1] === 'define') {
      const name = head[2]!;
      const body = new Reader(this.text, 'script').read(at + head[0].length, stop);
      this.macros.push({ name, start: at, body, optional: this.guards.has(name) });
    }
    return stop;
  }
}

function markLength(text: string, at: number): number {
  if (!/[<>.*=!&|?:+/%^-]/.test(text[at + 1] ?? '')) return 1;
  return longMarks.has(text.slice(at, at + 3)) ? 3 : shortMarks.has(text.slice(at, at + 2)) ? 2 : 1;
}

function startsExpression(before: Token | undefined): boolean {
  return (
    !before || (before.kind === 'mark' ? beforeRegularExpression.test(before.text) : before.text === 'return')
  );
}

function partnersOf(tokens: Token[]): Int32Array {
  const partner = new Int32Array(tokens.length).fill(-1);
  const open: number[] = [];
  for (const [index, { kind, text }] of tokens.entries()) {
    if (kind !== 'mark' || text.length !== 1) continue;
    if ('([{'.includes(text)) open.push(index);
    else if (')]}'.includes(text)) {
      // A closer of another kind is left alone, so that half-typed code loses one bracket and not all.
      const last = open.at(-1);
      if (last === undefined || '([{'.indexOf(tokens[last]!.text) !== ')]}'.indexOf(text)) {
        if (last !== undefined && text === '}') recover(open, tokens, partner, index);
        continue;
      }
      open.pop();
      partner[last] = index;
      partner[index] = last;
    }
  }
  return partner;
}

/** A closing brace ends the brackets that were left open inside its block; it looks back a bounded way. */
function recover(open: number[], tokens: Token[], partner: Int32Array, index: number): void {
  for (let depth = open.length - 1; depth >= Math.max(0, open.length - 8); depth--) {
    if (tokens[open[depth]!]!.text !== '{') continue;
    partner[open[depth]!] = index;
    partner[index] = open[depth]!;
    open.length = depth;
    return;
  }
}

function endOfLine(text: string, from: number, end: number): number {
  const at = text.indexOf('\n', from);
  return at < 0 ? end : Math.min(at, end);
}

const isDigitCode = (code: number) => code >= 48 && code <= 57;
const isNameStart = (code: number) =>
  (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95 || code === 36 || code > 0xbf;
const isNamePart = (code: number) => isNameStart(code) || isDigitCode(code);
/** Digits, separators, a fraction and suffixes: `0x40`, `1'024`, `1_024`, `2048u`, `0.5f`. */
const isNumberPart = (code: number) => isNamePart(code) || code === 46 || code === 39;
