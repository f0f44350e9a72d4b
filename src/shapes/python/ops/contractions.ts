import type { Expression } from '../ast.ts';
import type { Dim } from '../dim.ts';
import * as dims from '../dim.ts';
import { type Roles, type Scores, type Tensor, tensor, type Value } from '../value.ts';
import { argument, asTensor, asText, giveRank, type Operation, type OperationCall } from './operation.ts';

/** Told when code that spells attention out is complete: softmax of a product of q and k, times v. */
export type OnAttention = (
  scores: readonly Scores[],
  v: Tensor,
  roles: Partial<Roles> & { headDimV?: Dim | null },
) => void;

/** `a @ b`, batched over all axes but the last two. */
export function matmul(
  a: Tensor,
  b: Tensor,
  node: Expression,
  onAttention: OnAttention,
  symbols: OperationCall['symbols'],
): Tensor {
  if (a.origin?.kind === 'weights') {
    onAttention(a.origin.scores, b, { headDimV: b.shape?.at(-1) ?? null });
    const shape =
      a.shape && b.shape && a.shape.length >= 2 ? [...a.shape.slice(0, -1), b.shape.at(-1)!] : null;
    return tensor(shape, b.dtype);
  }
  const shape = productShape(a, b, symbols);
  const result = tensor(shape, a.dtype ?? b.dtype);
  const turned = b.origin?.kind === 'swapped';
  // Keys that were laid out otherwise are told by the width that they share with the queries.
  const [width, rows] = [a.shape?.at(-1), b.shape?.at(-2)];
  const ranks =
    (a.shape?.length ?? 0) >= 3 && (b.shape?.length ?? 0) >= 3 && width && rows && dims.same(width, rows);
  if (turned || ranks) {
    const k =
      turned && b.origin?.kind === 'swapped'
        ? b.origin.of
        : tensor(b.shape && [...b.shape.slice(0, -2), b.shape.at(-1)!, b.shape.at(-2)!], b.dtype);
    result.origin = {
      kind: 'scores',
      scores: [{ node, api: 'manual', q: a, k, roles: null, causal: 'no', bias: false, dropout: null }],
    };
  }
  return result;
}

function productShape(a: Tensor, b: Tensor, symbols: OperationCall['symbols']): Dim[] | null {
  if (!a.shape) return null;
  if (!b.shape) return a.shape.length > 0 ? [...a.shape.slice(0, -1), symbols.dim()] : null;
  if (a.shape.length === 0 || b.shape.length < 2) return null;
  const [longer, rest] = a.shape.length >= b.shape.length ? [a.shape, b.shape] : [b.shape, a.shape];
  const batch = longer.slice(0, -2).map((dim, index) => {
    const twin = rest[index - longer.length + rest.length];
    return twin && index - longer.length + rest.length >= 0 && index < longer.length - 2 && dims.isOne(dim)
      ? twin
      : dim;
  });
  return [...batch, ...(a.shape.length >= 2 ? [a.shape.at(-2)!] : []), b.shape.at(-1)!];
}

/** `einsum("b h i d, b h j d -> b h i j", q, k)`, in torch's, einops' and numpy's spelling. */
export function einsum(call: OperationCall, onAttention: OnAttention): Value | null {
  const at = call.args.findIndex((value) => value.kind === 'string');
  const equation = asText(call.args[at]) ?? asText(call.keywords.get('equation'));
  const operands = call.args.filter((_, index) => index !== at).map(asTensor);
  const parsed = equation === null ? null : parseEquation(equation);
  if (!parsed || parsed.inputs.length !== operands.length || operands.some((x) => x === null)) return null;
  const sizes = new Map<string, Dim>();
  for (const [index, letters] of parsed.inputs.entries()) {
    const x = operands[index]!;
    if (letters.includes('...')) continue;
    // The letters say the rank.
    giveRank(x, letters.length, call.symbols);
    if (x.shape?.length !== letters.length) return tensor(null, x.dtype);
    for (const [place, letter] of letters.entries()) {
      const size = x.shape[place]!;
      dims.suggestName(size, letter);
      const known = sizes.get(letter);
      if (!known || (dims.sizeOf(known) === null && dims.sizeOf(size) !== null) || dims.isOne(known))
        sizes.set(letter, size);
    }
  }
  const [a, b] = operands as Tensor[];
  const whole = parsed.output.every((letter) => sizes.has(letter));
  const result = tensor(whole ? parsed.output.map((letter) => sizes.get(letter)!) : null, a!.dtype);
  if (operands.length !== 2 || !b) return result;
  if (a!.origin?.kind === 'weights' || b.origin?.kind === 'weights') {
    const [weights, v, letters] =
      a!.origin?.kind === 'weights' ? [a!, b, parsed.inputs[1]!] : [b, a!, parsed.inputs[0]!];
    const other = parsed.inputs[letters === parsed.inputs[1] ? 0 : 1]!;
    const own = letters.find((letter) => !other.includes(letter) && parsed.output.includes(letter));
    if (weights.origin?.kind === 'weights') {
      onAttention(weights.origin.scores, v, {
        headDimV: own === undefined ? null : (sizes.get(own) ?? null),
      });
    }
    return result;
  }
  const roles = rolesOf(parsed, sizes);
  if (roles) {
    const scores: Scores = {
      node: call.node,
      api: 'einsum',
      q: a!,
      k: b,
      roles,
      causal: 'no',
      bias: false,
      dropout: null,
    };
    result.origin = { kind: 'scores', scores: [scores] };
  }
  return result;
}

interface Equation {
  inputs: string[][];
  output: string[];
}

function parseEquation(text: string): Equation | null {
  const [left, right] = text.split('->');
  if (left === undefined || right === undefined || text.length > 200) return null;
  const letters = (part: string): string[] => {
    const trimmed = part.trim();
    // einops writes names with blanks between, torch letters without.
    const spaced = /\s/.test(trimmed) || /^\w{0}$/.test(trimmed);
    return spaced ? trimmed.split(/\s+/) : (trimmed.match(/\.\.\.|\w/g) ?? []);
  };
  return { inputs: left.split(',').map(letters), output: letters(right) };
}

/**
 * What each letter of a product of q and k is: letters that both have and the result has not are the head dim, shared
 * ones are batch and heads, those of q alone the queries (and the group of heads that share a key), of k alone the keys.
 */
function rolesOf({ inputs, output }: Equation, sizes: Map<string, Dim>): Roles | null {
  const [q, k] = inputs as [string[], string[]];
  const summed = q.filter((letter) => k.includes(letter) && !output.includes(letter));
  const shared = q.filter((letter) => k.includes(letter) && output.includes(letter));
  const ofQ = q.filter((letter) => !k.includes(letter) && output.includes(letter));
  const ofK = k.filter((letter) => !q.includes(letter) && output.includes(letter));
  if (summed.length !== 1 || ofK.length !== 1 || ofQ.length < 1 || ofQ.length > 2 || shared.length > 2)
    return null;
  if (output.at(-1) !== ofK[0] || [q, k, output].some((letters) => letters.includes('...'))) return null;
  const size = (letter: string | undefined) => (letter === undefined ? null : (sizes.get(letter) ?? null));
  const group =
    ofQ.length === 2
      ? ofQ.find((letter) => /^g/i.test(letter) || (shared.length === 1 && /^h/i.test(letter)))
      : undefined;
  if (ofQ.length === 2 && group === undefined) return null;
  const rows = ofQ.find((letter) => letter !== group);
  const headLetter = shared.length === 2 ? shared[1] : undefined;
  const kvHeads = size(headLetter);
  const groups = size(group);
  return {
    batch: size(shared[0]),
    heads: kvHeads && groups ? dims.multiply(kvHeads, groups) : (kvHeads ?? groups),
    kvHeads: kvHeads ?? (groups ? dims.number(1, dims.factOf(groups)) : null),
    seqLenQ: size(rows),
    seqLenKv: size(ofK[0]),
    headDim: size(summed[0]),
  };
}

/** The first operand that counts in `matmul(a, b)`, `bmm`, `baddbmm(input, a, b)`. */
export function matmulOf(onAttention: OnAttention): Operation {
  return (call) => {
    const shift = call.name === 'baddbmm' ? 1 : 0;
    const a = asTensor(argument(call, shift, 'input', 'batch1', 'a'));
    const b = asTensor(argument(call, shift + 1, 'other', 'mat2', 'batch2', 'b'));
    if (!a || !b) return null;
    const turned = call.keywords.get('transpose_b');
    const right: Tensor =
      turned?.kind === 'bool' && turned.value
        ? {
            ...b,
            shape: b.shape && [...b.shape.slice(0, -2), b.shape.at(-1)!, b.shape.at(-2)!],
            origin: { kind: 'swapped', of: b },
          }
        : b;
    return matmul(a, right, call.node, onAttention, call.symbols);
  };
}
