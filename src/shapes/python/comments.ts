import type { Analysis } from './analysis.ts';
import { namedSize } from './annotations.ts';
import { type Expression, type FunctionDef, type Place, rowIn } from './ast.ts';
import type { Dim } from './dim.ts';
import { number } from './dim.ts';
import { type Fact, fact } from './fact.ts';

/** One size of a shape in a comment: a number or a name, or names times each other, which stay unknown here. */
const size = '(?:\\d{1,7}|[A-Za-z_][\\w.]{0,30})';
const shape = new RegExp(`[([]\\s*(${size}(?:\\s*,\\s*${size}){2,4})\\s*,?\\s*[)\\]]`);

/** The sizes that a comment such as `# (B, nh, T, hs)` names; null where it names none, or several that differ. */
export function shapeInComment(analysis: Analysis, text: string, origin: Fact): Dim[] | null {
  if (text.length > 400) return null;
  // `(a, b) -> (b, a)`: what stands behind the arrow is what comes out.
  const last = text.split(/->|=>|→/).at(-1)!;
  const match = shape.exec(last);
  if (!match) return null;
  const words = match[1]!.split(',').map((word) => word.trim());
  if (words.some((word) => /^(left|right|default|optional|None|True|False)$/i.test(word))) return null;
  return words.map((word) => {
    if (/^\d+$/.test(word)) return number(Number(word), origin);
    return /\./.test(word) ? analysis.symbols.dim() : namedSize(analysis, word, origin);
  });
}

/** The comment at the right end of a statement. */
export function commentOf(node: { place: Place; start: number; end: number }): string | null {
  const { comments } = node.place;
  if (comments.size === 0 && node.place.trailing === null) return null;
  if (node.end === node.place.text.length && node.place.trailing !== null) return node.place.trailing;
  return comments.get(rowIn(node.place, node.end)) ?? comments.get(rowIn(node.place, node.start)) ?? null;
}

/**
 * What a docstring says of the shape of a parameter: `q: (batch, seqlen, nheads, headdim)`,
 * `q, k, v: Tensors of shape (B, T, H, D)`.
 */
export function shapeInDocstring(
  analysis: Analysis,
  def: FunctionDef,
  name: string,
  named: Map<string, Dim>,
): Dim[] | null {
  if (!def.docstring) return null;
  const line = def.docstring
    .split('\n')
    .find(
      (candidate) =>
        candidate.length < 300 &&
        new RegExp(`^\\s*[-*]?\\s*\`?(\\w+\\s*[,/]\\s*)*${name}\\b[^:(]{0,40}(\\([^)]*\\))?\\s*[:(]`).test(
          candidate,
        ) &&
        shape.test(candidate),
    );
  if (line === undefined) return null;
  const node: Expression = {
    place: def.place,
    start: Math.max(def.start, def.place.text.indexOf(line, def.start)),
    end: def.end,
    kind: 'other',
    children: [],
  };
  const sizes = shapeInComment(analysis, line.slice(line.indexOf(name)), fact('comment', node));
  // One name in a docstring is one size.
  return sizes?.map((dim) => sameName(dim, named)) ?? null;
}

function sameName(dim: Dim, named: Map<string, Dim>): Dim {
  const [term] = dim.p.terms.values();
  const atom = term?.atoms[0];
  const name = atom && 'sym' in atom ? atom.sym.name : null;
  if (name === null) return dim;
  const known = named.get(name);
  if (!known) named.set(name, dim);
  return known ?? dim;
}
