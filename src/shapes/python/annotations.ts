import type { Analysis } from './analysis.ts';
import { type Expression, textOf } from './ast.ts';
import type { Dim } from './dim.ts';
import { number } from './dim.ts';
import { type Fact, fact } from './fact.ts';
import { symbol } from './polynomial.ts';
import type { DtypeFact } from './value.ts';

const jaxtypingDtypes: Record<string, string | null> = {
  Float: null,
  Float32: 'f32',
  Float16: 'f16',
  BFloat16: 'bf16',
  Num: null,
  Inexact: null,
  Shaped: null,
};

/** `Float[Tensor, "batch heads seq 64"]`, as jaxtyping writes shapes. Null for any other annotation. */
export function annotatedShape(
  analysis: Analysis,
  node: Expression,
): { shape: Dim[] | null; dtype: DtypeFact | null } | null {
  if (node.kind !== 'subscript') return null;
  const kind = textOf(node.object, 60).split('.').at(-1)!;
  if (!(kind in jaxtypingDtypes)) return null;
  const parts =
    node.index.length === 1 && node.index[0]!.kind === 'sequence' ? node.index[0]!.items : node.index;
  const text = parts[1];
  if (text?.kind !== 'string') return null;
  const origin = fact('comment', text);
  const words = text.value
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '');
  const name = jaxtypingDtypes[kind];
  const dtype = name ? { name, fact: origin } : null;
  if (words.length > 8 || words.some((word) => /^(\*|\.\.\.)/.test(word))) return { shape: null, dtype };
  return { shape: words.map((word) => readSize(analysis, word, origin)), dtype };
}

/** A word of a shape: a number, a name, `name=4`; what broadcasts or is anonymous is unknown. */
export function readSize(analysis: Analysis, word: string, origin: Fact): Dim {
  const plain = word.replace(/^[#_?]+/, '').replace(/^\w+=(?=\d)/, '');
  if (/^\d{1,9}$/.test(plain)) return number(Number(plain), origin);
  if (!/^[A-Za-z_]\w*$/.test(plain)) return analysis.symbols.dim();
  return namedSize(analysis, plain, origin);
}

export function namedSize(analysis: Analysis, name: string, origin: Fact): Dim {
  const sym = analysis.symbols.fresh(name);
  sym.fact = origin;
  return { p: symbol(sym), fact: null };
}
