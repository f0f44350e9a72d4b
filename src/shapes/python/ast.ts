/** A top-level statement: its text, and where it stands now. Nodes below it know only offsets into the text. */
export interface Place {
  /** Row of the first line, from 0; moves when lines above are added, while the nodes stay. */
  row: number;
  /** Column of the first character: 0 but behind a semicolon or in code that does not parse. */
  column: number;
  text: string;
  /** Null for the file at hand. */
  file: string | null;
  /** Index of the notebook cell; null in a file. */
  cell: number | null;
  /** Comments of the statement by row, counted from the statement's first line. */
  comments: Map<number, string>;
  /** The comment at the right of the whole statement, which is a sibling of it. */
  trailing: string | null;
  /** Offsets at which the lines of `text` start; filled in on first use. */
  lineStarts: number[] | null;
}

interface Node {
  place: Place;
  start: number;
  end: number;
}

export interface Argument {
  name: string | null;
  /** `*value` is 1, `**value` is 2. */
  splat: 0 | 1 | 2;
  value: Expression;
}

export interface Parameter {
  name: string;
  splat: 0 | 1 | 2;
  annotation: Expression | null;
  initial: Expression | null;
  keywordOnly: boolean;
  start: number;
}

export interface Comprehension {
  target: Expression;
  iterable: Expression;
}

export type Expression = Node &
  (
    | { kind: 'name'; id: string }
    | { kind: 'integer'; value: number }
    | { kind: 'float'; value: number }
    | { kind: 'string'; value: string }
    | { kind: 'constant'; value: true | false | null | '...' }
    | { kind: 'attribute'; object: Expression; name: string }
    | { kind: 'call'; callee: Expression; args: Argument[] }
    | { kind: 'subscript'; object: Expression; index: Expression[] }
    | { kind: 'slice'; parts: (Expression | null)[] }
    | { kind: 'sequence'; items: Expression[]; literal: 'tuple' | 'list' | 'set' }
    | { kind: 'dict'; entries: { key: Expression | null; value: Expression }[] }
    | { kind: 'binary'; operator: string; left: Expression; right: Expression }
    | { kind: 'unary'; operator: string; operand: Expression }
    | { kind: 'compare'; left: Expression; operators: string[]; rights: Expression[] }
    | { kind: 'boolean'; operator: 'and' | 'or'; left: Expression; right: Expression }
    | { kind: 'conditional'; test: Expression; yes: Expression; no: Expression }
    | { kind: 'lambda'; parameters: Parameter[]; body: Expression }
    | {
        kind: 'comprehension';
        element: Expression;
        clauses: Comprehension[];
        literal: 'list' | 'set' | 'dict';
      }
    | { kind: 'star'; value: Expression; double: boolean }
    | { kind: 'walrus'; name: string; value: Expression }
    | { kind: 'other'; children: Expression[] }
  );

export interface FunctionDef extends Node {
  kind: 'function';
  name: string;
  parameters: Parameter[];
  decorators: Expression[];
  body: Statement[];
  docstring: string | null;
}

export interface ClassDef extends Node {
  kind: 'class';
  name: string;
  bases: Argument[];
  decorators: Expression[];
  body: Statement[];
}

export interface ImportedName {
  /** The dotted path, with the leading dots of a relative import. */
  path: string;
  /** The name that it gets here; for `import a.b` that is `a`, and `path` is `a` too. */
  as: string;
}

export type Statement =
  | FunctionDef
  | ClassDef
  | (Node &
      (
        | { kind: 'assign'; targets: Expression[]; value: Expression }
        | { kind: 'annotated'; target: Expression; annotation: Expression; value: Expression | null }
        | { kind: 'augmented'; target: Expression; operator: string; value: Expression }
        | { kind: 'expression'; value: Expression }
        | { kind: 'return'; value: Expression | null }
        | { kind: 'if'; test: Expression; yes: Statement[]; no: Statement[] }
        | { kind: 'for'; target: Expression; iterable: Expression; body: Statement[]; otherwise: Statement[] }
        | { kind: 'while'; test: Expression; body: Statement[]; otherwise: Statement[] }
        | { kind: 'with'; items: { value: Expression; target: Expression | null }[]; body: Statement[] }
        | { kind: 'try'; body: Statement[]; handlers: Statement[][]; after: Statement[] }
        | { kind: 'imports'; names: ImportedName[]; star: string | null }
        | { kind: 'assert'; test: Expression }
        | { kind: 'stop' }
        | { kind: 'other'; children: Expression[] }
      ));

export function textOf(node: Node, longest = 160): string {
  const text = node.place.text.slice(node.start, Math.min(node.end, node.start + longest + 1));
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > longest ? `${line.slice(0, longest)}...` : line;
}

/** Row of an offset, counted from the statement's first line. */
export function rowIn(place: Place, offset: number): number {
  const starts = lineStarts(place);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

function lineStarts(place: Place): number[] {
  if (place.lineStarts) return place.lineStarts;
  const starts = [0];
  for (let at = place.text.indexOf('\n'); at >= 0; at = place.text.indexOf('\n', at + 1)) starts.push(at + 1);
  place.lineStarts = starts;
  return starts;
}

/** Line from 1 of an offset. */
export function lineOf(place: Place, offset: number): number {
  return place.row + rowIn(place, offset) + 1;
}

/** Column from 0 of an offset. */
export function columnOf(place: Place, offset: number): number {
  const row = rowIn(place, offset);
  return offset - lineStarts(place)[row]! + (row === 0 ? place.column : 0);
}

/** The whole first line of a node, without what surrounds it. */
export function lineText(place: Place, offset: number): string {
  const row = rowIn(place, offset);
  const starts = lineStarts(place);
  const line = place.text.slice(starts[row]!, starts[row + 1] ?? place.text.length).trim();
  return line.length > 160 ? `${line.slice(0, 160)}...` : line;
}
