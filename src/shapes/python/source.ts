import { type ClassDef, type FunctionDef, type Place, rowIn, type Statement } from './ast.ts';
import { convertStatements } from './convert.ts';
import { type RawNode, readNode, type SyntaxCursor, type SyntaxTree } from './syntax.ts';

/** A statement at the left margin. Functions and classes are turned into nodes only when somebody looks. */
export class TopLevel {
  readonly type: string;
  readonly place: Place;
  /** Offset in the file. */
  start: number;
  private nodes: Statement[] | null = null;

  constructor(type: string, start: number, place: Place) {
    this.type = type;
    this.start = start;
    this.place = place;
  }

  get text(): string {
    return this.place.text;
  }

  get isDefinition(): boolean {
    return /^(function|class|decorated)_definition$/.test(this.type);
  }

  /** The name of the function or class. */
  get definedName(): string | null {
    if (!this.isDefinition) return null;
    return /^(?:async\s+)?(?:def|class)\s+(\w+)/m.exec(this.text)?.[1] ?? null;
  }

  get converted(): boolean {
    return this.nodes !== null;
  }

  statements(load: (span: TopLevel) => Statement[]): Statement[] {
    this.nodes ??= load(this);
    return this.nodes;
  }
}

/** A file as its top-level statements. Those whose text did not change keep their nodes from one edit to the next. */
export class Source {
  readonly file: string | null;
  /** Index of the notebook cell; null in a file. */
  readonly cell: number | null;
  spans: TopLevel[] = [];
  private tree: SyntaxTree | null = null;

  constructor(file: string | null, cell: number | null = null) {
    this.file = file;
    this.cell = cell;
  }

  /** Takes what the parser made of a text; the tree must stay alive until the next one. */
  update(text: string, tree: SyntaxTree): void {
    this.tree = tree;
    const before = new Map<string, TopLevel[]>();
    for (const span of this.spans) {
      const list = before.get(span.text);
      if (list) list.push(span);
      else before.set(span.text, [span]);
    }
    const spans: TopLevel[] = [];
    let row = 0;
    let counted = 0;
    for (const { type, start, end, cursor } of childrenOf(tree)) {
      row += countLines(text, counted, start);
      counted = start;
      const own = text.slice(start, end);
      const column = start - (text.lastIndexOf('\n', start - 1) + 1);
      const kept = before.get(own)?.shift();
      if (kept && kept.type === type) {
        kept.start = start;
        kept.place.row = row;
        kept.place.column = column;
        kept.place.trailing = null;
        spans.push(kept);
        continue;
      }
      const place = placeOf(own, row, column, this);
      const span = new TopLevel(type, start, place);
      // All that is no definition runs; it is read while the cursor stands on it.
      if (!span.isDefinition && type !== 'comment') span.statements(() => read(cursor, start, place));
      spans.push(span);
    }
    this.spans = spans;
    // What stands at the right of a top-level statement is a sibling of it.
    this.moveTrailingComments();
  }

  statements(span: TopLevel): Statement[] {
    return span.statements((wanted) => {
      const tree = this.tree;
      if (!tree) return [];
      const cursor = tree.walk();
      try {
        if (!goTo(cursor, wanted.start)) return [];
        return read(cursor, wanted.start, wanted.place);
      } finally {
        cursor.delete();
      }
    });
  }

  private moveTrailingComments(): void {
    for (const [index, span] of this.spans.entries()) {
      const previous = this.spans[index - 1];
      if (span.type !== 'comment' || !previous) continue;
      const rows = countLines(previous.text, 0, previous.text.length);
      if (previous.place.row + rows === span.place.row) previous.place.trailing = span.text;
    }
  }
}

function placeOf(text: string, row: number, column: number, { file, cell }: Source): Place {
  return { row, column, text, file, cell, comments: new Map(), trailing: null, lineStarts: null };
}

function read(cursor: SyntaxCursor, start: number, place: Place): Statement[] {
  const raw = readNode(cursor, start);
  collectComments(raw, place);
  return convertStatements([raw], place);
}

interface Child {
  type: string;
  start: number;
  end: number;
  /** Stands on the child while it is looked at. */
  cursor: SyntaxCursor;
}

function* childrenOf(tree: SyntaxTree): Generator<Child> {
  const cursor = tree.walk();
  try {
    if (!cursor.gotoFirstChild()) return;
    do yield { type: cursor.nodeType, start: cursor.startIndex, end: cursor.endIndex, cursor };
    while (cursor.gotoNextSibling());
  } finally {
    cursor.delete();
  }
}

function goTo(cursor: SyntaxCursor, start: number): boolean {
  // What it returns differs from version to version; where the cursor stands does not.
  const root = cursor.nodeType;
  cursor.gotoFirstChildForIndex(start);
  if (cursor.nodeType === root && !cursor.gotoFirstChild()) return false;
  while (cursor.startIndex < start || (cursor.nodeType === 'comment' && cursor.startIndex === start)) {
    if (!cursor.gotoNextSibling()) return false;
  }
  return cursor.startIndex === start;
}

function countLines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

function collectComments(node: RawNode, place: Place): void {
  for (const child of node.children) {
    if (child.type === 'comment')
      place.comments.set(rowIn(place, child.start), place.text.slice(child.start, child.end));
    else if (child.children.length > 0) collectComments(child, place);
  }
}

/** All functions in a list of statements, with the class that each stands in, outermost first. */
export function* functionsIn(
  statements: readonly Statement[],
  owner: ClassDef | null = null,
): Generator<{ def: FunctionDef; owner: ClassDef | null }> {
  for (const statement of statements) {
    if (statement.kind === 'function') yield { def: statement, owner };
    else if (statement.kind === 'class') yield* functionsIn(statement.body, statement);
    else if (statement.kind === 'if') yield* functionsIn([...statement.yes, ...statement.no], owner);
    else if (statement.kind === 'try')
      yield* functionsIn([...statement.body, ...statement.handlers.flat()], owner);
    else if (statement.kind === 'with') yield* functionsIn(statement.body, owner);
  }
}
