import type { CodeFamily, Token, Tokens } from './tokens.ts';

/** A place where a name begins to mean something, valid from its token to the end of its block. */
export interface Declaration {
  name: string;
  at: Token;
  /** Token range in which the name may be seen. */
  from: number;
  to: number;
  /** First token of the value; null for parameters and for variables without one. */
  value: number | null;
  /** The element of the value that is meant, `const [B, T] = ...`. */
  element: number | null;
  /** True for defaults of parameters: callers may pass another value. */
  isDefault: boolean;
}

export interface Declarations {
  byName: Map<string, Declaration[]>;
  /** Token indices at which a name or a dotted path gets another value, or may get one through its address. */
  changes: Map<string, number[]>;
  /** First token of the value that a dotted path is set to, `config.n_head = 12`. */
  pathValues: Map<string, number[]>;
  /** Names of the parameters of the functions that the file defines or declares. */
  functions: Map<string, string[][]>;
}

const control = new Set(['if', 'while', 'for', 'switch', 'catch', 'return', 'sizeof', 'await', 'typeof']);
const noType = new Set(
  'return else case goto new delete in of throw await yield typeof sizeof do public private export default'.split(
    ' ',
  ),
);
const assignments = /^(?:[-+*/%&|^]|<<|>>|\*\*|&&|\|\||\?\?)?=$/;

/** Finds what names stand for, in one pass over the tokens. */
export function findDeclarations(source: Tokens, family: CodeFamily): Declarations {
  const { tokens, partner } = source;
  const found: Declarations = {
    byName: new Map(),
    changes: new Map(),
    pathValues: new Map(),
    functions: new Map(),
  };
  const blockEnds: number[] = [];
  const declare = (
    name: Token,
    from: number,
    to: number,
    value: number | null,
    extra?: Partial<Declaration>,
  ) => {
    const declaration = {
      name: name.text,
      at: name,
      from,
      to,
      value,
      element: null,
      isDefault: false,
      ...extra,
    };
    push(found.byName, name.text, declaration);
  };
  for (let index = 0; index < tokens.length; index++) {
    const { kind, text } = tokens[index]!;
    while (blockEnds.length > 0 && blockEnds.at(-1)! <= index) blockEnds.pop();
    const blockEnd = blockEnds.at(-1) ?? tokens.length;
    if (text === '{' && kind === 'mark' && partner[index]! > index) blockEnds.push(partner[index]!);
    if (text === '(' && kind === 'mark') parametersAt(index);
    if (kind !== 'name') continue;
    const before = tokens[index - 1];
    const after = tokens[index + 1];
    if (family === 'script' && (text === 'const' || text === 'let' || text === 'var')) {
      const next = tokens[index + 1];
      if (next?.text === '[' || next?.text === '{') destructure(index + 1, blockEnd);
      continue;
    }
    if (before && (before.text === '.' || before.text === '->' || before.text === '?.')) {
      memberChange(index);
      continue;
    }
    if (before?.text === '++' || before?.text === '--' || after?.text === '++' || after?.text === '--') {
      push(found.changes, text, index);
    }
    if (family === 'c' && before?.text === '&' && !isValueEnd(tokens[index - 2]))
      push(found.changes, text, index);
    // `std::cin >> B`; a shift reads the same, and then a constant is lost and nothing is wrong.
    if (family === 'c' && before?.text === '>' && tokens[index - 2]?.text === '>')
      push(found.changes, text, index);
    if (isDeclared(index)) {
      const value = valueAfter(index);
      declare(tokens[index]!, index, blockEnd, value);
    } else if (after && assignments.test(after.text)) push(found.changes, text, index);
  }
  return found;

  function isDeclared(index: number): boolean {
    const before = tokens[index - 1];
    const after = tokens[index + 1]?.text ?? ';';
    if (family === 'script')
      return /^(?:const|let|var)$/.test(before?.text ?? '') || followsDeclaration(index);
    if (!/^(?:=|;|,|\)|\[|\{|:)$/.test(after)) return false;
    if (before?.text === ',') return after !== ')' && followsDeclaration(index);
    if (before?.kind === 'name') return !noType.has(before.text);
    // `a * b` and `a > b` compute; only a value or the end of the statement makes a pointer of it.
    const isPointer = before?.text === '*' || before?.text === '&' || before?.text === '>';
    const type = tokens[index - 2];
    return isPointer && type?.kind === 'name' && !noType.has(type.text) && (after === '=' || after === ';');
  }

  /** `T` of `int B = 8, T = 1024;`: walks back over at most a short list to the word that declares. */
  function followsDeclaration(index: number): boolean {
    if (tokens[index - 1]?.text !== ',' || tokens[index + 1]?.text !== '=') return false;
    for (let at = index - 2; at >= Math.max(0, index - 60); at--) {
      const { text, kind } = tokens[at]!;
      if (text === ';' || text === '{' || text === '}' || text === '(') return false;
      if (partner[at]! >= 0 && partner[at]! < at) at = partner[at]!;
      else if (/^(?:const|let|var)$/.test(text)) return true;
      else if (family === 'c' && kind === 'name' && tokens[at + 1]?.kind === 'name') return true;
    }
    return false;
  }

  function valueAfter(index: number): number | null {
    const next = tokens[index + 1]?.text;
    if (next === '=') return index + 2;
    // `constexpr int B{8};`
    if (family === 'c' && next === '{' && tokens[index + 3]?.text === '}') return index + 2;
    if (family === 'script' && next === ':') {
      for (let at = index + 2; at < index + 20 && at < tokens.length; at++) {
        const { text } = tokens[at]!;
        if (text === '=') return at + 1;
        if (text === ';' || text === ',' || text === '{') return null;
      }
    }
    return null;
  }

  function destructure(open: number, blockEnd: number): void {
    const close = partner[open]!;
    if (close < 0) return;
    const value = tokens[close + 1]?.text === '=' ? close + 2 : null;
    const isList = tokens[open]!.text === '[';
    let element = 0;
    for (let at = open + 1; at < Math.min(close, open + 100); at++) {
      const token = tokens[at]!;
      const follows = tokens[at + 1]!.text;
      if (token.text === ',') element++;
      if (token.kind === 'name' && /^[,=\]}]$/.test(follows)) {
        declare(token, at, blockEnd, isList ? value : null, { element: isList ? element : null });
      }
    }
  }

  /** `config.n_head = 12` with its path; reached at the last name of the path. */
  function memberChange(index: number): void {
    const after = tokens[index + 1];
    if (!after || !assignments.test(after.text)) return;
    let path = tokens[index]!.text;
    let at = index;
    while (
      at >= 2 &&
      /^(?:\.|->|\?\.)$/.test(tokens[at - 1]!.text) &&
      tokens[at - 2]!.kind === 'name' &&
      index - at < 12
    ) {
      at -= 2;
      path = `${tokens[at]!.text}.${path}`;
    }
    if (at === index) return;
    push(found.changes, path, index);
    if (after.text === '=') push(found.pathValues, path, index + 2);
  }

  /** The parameters of a function: they hide what the same names mean outside. */
  function parametersAt(open: number): void {
    const close = partner[open]!;
    const name = tokens[open - 1];
    if (close < 0 || close - open > 400 || (name && control.has(name.text))) return;
    const body = bodyAfter(close);
    const isDefinition = body !== null;
    const isPrototype =
      family === 'c' && name?.kind === 'name' && tokens[close + 1]?.text === ';' && isTyped(open - 2);
    if (!isDefinition && !isPrototype) return;
    const names: string[] = [];
    let fresh = true;
    for (let at = open + 1; at <= close; at++) {
      const token = tokens[at]!;
      const follows = tokens[at + 1]?.text ?? '';
      if (partner[at]! > at && (token.text === '(' || family === 'c')) at = partner[at]!;
      else if (token.text === ',' && family === 'c') fresh = true;
      else if (token.kind === 'name' && fresh && /^[,)=\]}:[?]$/.test(follows)) {
        if (family === 'c' && at === open + 1 && follows === ')') continue;
        names.push(token.text);
        fresh = family === 'script';
        const value = follows === '=' ? at + 2 : null;
        if (isDefinition) declare(token, at, body, value, { isDefault: true });
      }
    }
    if (name?.kind === 'name') push(found.functions, name.text, names);
  }

  /** The last token of the body that follows a parameter list, null where none does. */
  function bodyAfter(close: number): number | null {
    let at = close + 1;
    while (family === 'c' && /^(?:const|noexcept|override|final)$/.test(tokens[at]?.text ?? '')) at++;
    if (family === 'script' && tokens[at]?.text === ':') {
      // A return type: up to the brace or the arrow, if it is near and nothing else comes first.
      for (at++; at < close + 30 && tokens[at] && !/^(?:\{|=>|;|=)$/.test(tokens[at]!.text); at++);
    }
    if (family === 'script' && tokens[at]?.text === '=>') at++;
    else if (tokens[at]?.text !== '{') return null;
    if (tokens[at]?.text === '{') return partner[at]! >= 0 ? partner[at]! : tokens.length;
    for (const limit = at + 100; at < limit && tokens[at]; at++) {
      if (tokens[at]!.text === ';' || (tokens[at]!.fresh && at > close + 2)) return at;
      if (partner[at]! > at) at = partner[at]!;
    }
    // The end is not near: what the parameter hides stays hidden.
    return tokens.length;
  }

  function isTyped(at: number): boolean {
    const token = tokens[at];
    return (
      token !== undefined &&
      ((token.kind === 'name' && !noType.has(token.text)) || /^[*&>]$/.test(token.text))
    );
  }

  function isValueEnd(token: Token | undefined): boolean {
    return (
      token !== undefined && (token.kind !== 'mark' ? !noType.has(token.text) : /^[)\]]$/.test(token.text))
    );
  }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
