/** The names in a symbol, `C // num_heads` has C and num_heads: what values can be asked for. */
export function namesIn(symbol: string): string[] {
  return [...new Set(symbol.match(/[A-Za-z_][\w.]*/g) ?? [])];
}

/**
 * The number that a symbol is: the value of the whole text where it has one, else whole-number arithmetic
 * (+ - * // and brackets) on the values of its names. Null where a value is missing or the text is anything else.
 */
export function evaluateSymbol(symbol: string, values: Readonly<Record<string, number>>): number | null {
  if (Object.hasOwn(values, symbol)) return values[symbol]!;
  if (symbol.length > 300) return null;
  const tokens = symbol.match(/\/\/|[A-Za-z_][\w.]*|\d+|[-+*()]|\S/g) ?? [];
  let at = 0;
  const atom = (): number | null => {
    const token = tokens[at++];
    if (token === undefined) return null;
    if (token === '(') {
      const inner = sum();
      return tokens[at++] === ')' ? inner : null;
    }
    if (token === '-') {
      const negated = atom();
      return negated === null ? null : -negated;
    }
    if (/^\d/.test(token)) return Number(token);
    return Object.hasOwn(values, token) ? values[token]! : null;
  };
  const product = (): number | null => {
    let left = atom();
    while (tokens[at] === '*' || tokens[at] === '//') {
      const divides = tokens[at++] === '//';
      const right = atom();
      if (left === null || right === null || (divides && right === 0)) left = null;
      else left = divides ? Math.floor(left / right) : left * right;
    }
    return left;
  };
  function sum(): number | null {
    let left = product();
    while (tokens[at] === '+' || tokens[at] === '-') {
      const sign = tokens[at++] === '+' ? 1 : -1;
      const right = product();
      left = left === null || right === null ? null : left + sign * right;
    }
    return left;
  }
  const value = sum();
  return at === tokens.length && value !== null && Number.isSafeInteger(value) ? value : null;
}
