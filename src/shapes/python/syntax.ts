/**
 * The few parts of a tree-sitter tree that the analysis reads. Structural, so that this floor names no package:
 * the parser is handed in by whoever loads the wasm.
 */
export interface SyntaxCursor {
  readonly nodeType: string;
  readonly nodeIsNamed: boolean;
  readonly startIndex: number;
  readonly endIndex: number;
  readonly currentFieldName: string | null;
  gotoFirstChild(): boolean;
  /** To the first child that ends behind an offset. */
  gotoFirstChildForIndex(index: number): boolean;
  gotoNextSibling(): boolean;
  gotoParent(): boolean;
  delete(): void;
}

export interface SyntaxTree {
  walk(): SyntaxCursor;
  edit(edit: SyntaxEdit): void;
  delete(): void;
}

export interface SyntaxPoint {
  row: number;
  column: number;
}

/** Offsets and columns in UTF-16 units, as editors count. */
export interface SyntaxEdit {
  startIndex: number;
  oldEndIndex: number;
  newEndIndex: number;
  startPosition: SyntaxPoint;
  oldEndPosition: SyntaxPoint;
  newEndPosition: SyntaxPoint;
}

export interface SyntaxParser {
  parse(text: string, oldTree?: SyntaxTree | null): SyntaxTree | null;
  delete(): void;
}

/** A node as plain data, offsets relative to the top-level statement that it belongs to. */
export interface RawNode {
  type: string;
  field: string | null;
  named: boolean;
  start: number;
  end: number;
  children: RawNode[];
}

/** Nodes deeper than this are cut off; no code that people write comes near. */
const deepest = 150;

/** Most nodes that one top-level statement may have; the rest is cut off. */
const mostNodes = 400_000;

/** Reads the node under the cursor and all below it; the cursor ends where it began. */
export function readNode(cursor: SyntaxCursor, base: number): RawNode {
  let count = 0;
  const read = (depth: number): RawNode => {
    const node: RawNode = {
      type: cursor.nodeType,
      field: cursor.currentFieldName,
      named: cursor.nodeIsNamed,
      start: cursor.startIndex - base,
      end: cursor.endIndex - base,
      children: [],
    };
    if (++count > mostNodes || depth >= deepest || !cursor.gotoFirstChild()) return node;
    do node.children.push(read(depth + 1));
    while (count <= mostNodes && cursor.gotoNextSibling());
    cursor.gotoParent();
    return node;
  };
  return read(0);
}

export interface TopLevelSpan {
  start: number;
  end: number;
  type: string;
}
