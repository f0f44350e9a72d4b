import type { Dim } from '../dim.ts';
import * as dims from '../dim.ts';
import type { Tensor } from '../value.ts';
import {
  argument,
  asDim,
  asItems,
  asTensor,
  axis,
  giveRank,
  type Operation,
  type OperationCall,
  reshaped,
  sizesFrom,
  sizesOf,
} from './operation.ts';

/** `x.view(B, T, -1, D)`: at most one -1, which is what remains of the elements. */
const view: Operation = (call) => {
  const x = asTensor(call.args[0]);
  if (!x) return null;
  // `x.view(torch.float16)` is another dtype of the same bytes.
  const sizes = sizesFrom(call, 1);
  const made = reshaped(x, sizes ? solveRest(sizes, x.shape, call) : null);
  // Scores stay scores in another shape.
  if (x.origin && x.origin.kind !== 'swapped') made.origin = x.origin;
  return made;
};

/** Sizes with their -1 solved against the sizes before; an unsolved one is a new unknown. */
export function solveRest(sizes: Dim[], before: Dim[] | null, call: Pick<OperationCall, 'symbols'>): Dim[] {
  const rest = sizes.findIndex((size) => dims.sizeOf(size) === -1);
  if (rest < 0) return sizes;
  const others = sizes.filter((_, index) => index !== rest);
  const solved = before && quotientOf(before, others);
  return sizes.map((size, index) => (index === rest ? (solved ?? call.symbols.dim()) : size));
}

/** The product of `whole` over the product of `parts`; factors that both have are dropped first. */
function quotientOf(whole: Dim[], parts: Dim[]): Dim | null {
  const left = [...whole];
  const right: Dim[] = [];
  for (const part of parts) {
    const twin = left.findIndex((dim) => dims.same(dim, part));
    if (twin >= 0) left.splice(twin, 1);
    else right.push(part);
  }
  const [num, den] = [dims.product(left), dims.product(right)];
  if (!num || !den) return null;
  const fact = whole.map(dims.factOf).find((known) => known !== null) ?? null;
  const divided = dims.floorDivide(num, den);
  return divided && divided.fact === null ? { ...divided, fact } : divided;
}

const transpose: Operation = (call) => {
  const x = asTensor(call.args[0]);
  if (!x) return null;
  const order = asItems(argument(call, 1, 'perm', 'axes'));
  if (order) return permute({ ...call, args: [call.args[0]!, ...order], keywords: new Map() });
  const [first, second] = [argument(call, 1, 'dim0', 'axis1'), argument(call, 2, 'dim1', 'axis2')];
  // jax and numpy: `x.transpose(0, 2, 1, 3)`; without arguments all axes are reversed.
  if (call.args.length > 3) return permute(call);
  if (!first && !second) return swapped(x, x.shape ? [...x.shape].reverse() : null);
  if (!x.shape) {
    const lastTwo = [first, second].map((value) => axis(value, 99)).sort();
    return lastTwo[0] === 97 && lastTwo[1] === 98 ? swapped(x, null) : reshaped(x, null);
  }
  const [a, b] = [axis(first, x.shape.length), axis(second, x.shape.length)];
  if (a === null || b === null) return reshaped(x, null);
  const shape = [...x.shape];
  [shape[a], shape[b]] = [shape[b]!, shape[a]!];
  const last = x.shape.length - 1;
  return a !== b && Math.min(a, b) === last - 1 ? swapped(x, shape) : reshaped(x, shape);
};

function swapped(of: Tensor, shape: Dim[] | null): Tensor {
  return { ...reshaped(of, shape), origin: { kind: 'swapped', of } };
}

const lastTwoSwapped: Operation = (call) => {
  const x = asTensor(call.args[0]);
  if (!x) return null;
  const shape =
    x.shape && x.shape.length >= 2 ? [...x.shape.slice(0, -2), x.shape.at(-1)!, x.shape.at(-2)!] : null;
  return swapped(x, shape);
};

const permute: Operation = (call) => {
  const x = asTensor(call.args[0]);
  if (!x) return null;
  const given = asItems(call.args[1]) ?? asItems(call.keywords.get('dims')) ?? call.args.slice(1);
  const rank = given.length;
  const order = given.map((value) => axis(value, rank));
  if (order.some((index) => index === null) || new Set(order).size !== rank) return reshaped(x, null);
  // The permutation says the rank, even where nothing else does.
  const before = giveRank(x, rank, call.symbols);
  if (before.length !== rank) return reshaped(x, null);
  const shape = order.map((index) => before[index!]!);
  const swaps = rank >= 2 && order[rank - 1] === rank - 2;
  return swaps ? swapped(x, shape) : reshaped(x, shape);
};

const movedim: Operation = (call) => {
  const x = asTensor(call.args[0]);
  if (!x?.shape) return x && reshaped(x, null);
  const from = axis(argument(call, 1, 'source'), x.shape.length);
  const to = axis(argument(call, 2, 'destination'), x.shape.length);
  if (from === null || to === null) return reshaped(x, null);
  const shape = [...x.shape];
  const [moved] = shape.splice(from, 1);
  shape.splice(to, 0, moved!);
  return reshaped(x, shape);
};

const flatten: Operation = (call) => {
  const x = asTensor(call.args[0]);
  if (!x?.shape) return x && reshaped(x, null);
  const start = axis(argument(call, 1, 'start_dim'), x.shape.length, 0);
  const end = axis(argument(call, 2, 'end_dim'), x.shape.length, -1);
  if (start === null || end === null || start > end) return reshaped(x, null);
  const merged = dims.product(x.shape.slice(start, end + 1)) ?? call.symbols.dim();
  return reshaped(x, [...x.shape.slice(0, start), merged, ...x.shape.slice(end + 1)]);
};

const unflatten: Operation = (call) => {
  const x = asTensor(call.args[0]);
  const at = argument(call, 1, 'dim');
  const items = asItems(argument(call, 2, 'sizes')) ?? call.args.slice(2);
  const sizes = sizesOf(items, call.symbols);
  if (!x?.shape || !sizes) return x && reshaped(x, null);
  const index = axis(at, x.shape.length);
  if (index === null) return reshaped(x, null);
  const solved = solveRest(sizes, [x.shape[index]!], call);
  return reshaped(x, [...x.shape.slice(0, index), ...solved, ...x.shape.slice(index + 1)]);
};

const unsqueeze: Operation = (call) => {
  const x = asTensor(call.args[0]);
  if (!x?.shape) return x && reshaped(x, null);
  const at = axis(argument(call, 1, 'dim', 'axis'), x.shape.length + 1);
  if (at === null) return reshaped(x, null);
  return reshaped(x, x.shape.toSpliced(at, 0, dims.number(1, null)));
};

const squeeze: Operation = (call) => {
  const x = asTensor(call.args[0]);
  if (!x?.shape) return x && reshaped(x, null);
  const given = argument(call, 1, 'dim', 'axis');
  const at = axis(given, x.shape.length);
  // Without an axis all ones go, and which they are is not known.
  if (at === null)
    return reshaped(
      x,
      x.shape.every((d) => dims.sizeOf(d) !== null) && !given
        ? x.shape.filter((d) => dims.sizeOf(d) !== 1)
        : null,
    );
  const size = dims.sizeOf(x.shape[at]!);
  if (size === null) return reshaped(x, null);
  return reshaped(x, size === 1 ? x.shape.toSpliced(at, 1) : x.shape);
};

/** -1 keeps a size; new sizes go in front. */
const expand: Operation = (call) => {
  const x = asTensor(call.args[0]);
  const sizes = sizesFrom(call, 1);
  if (!x || !sizes) return x && reshaped(x, null);
  const front = sizes.length - (x.shape?.length ?? 0);
  const shape = sizes.map((size, index) =>
    dims.sizeOf(size) === -1 ? (x.shape?.[index - front] ?? call.symbols.dim()) : size,
  );
  return reshaped(x, front < 0 ? null : shape);
};

const repeat: Operation = (call) => {
  if (call.library !== 'torch' || call.keywords.has('axis')) return repeatAlong(call);
  const x = asTensor(call.args[0]);
  const counts = sizesFrom(call, 1);
  if (!x?.shape || !counts || counts.length < x.shape.length) return x && reshaped(x, null);
  const front = counts.length - x.shape.length;
  const shape = counts.map((count, index) => {
    const size = x.shape![index - front];
    return size ? (dims.multiply(size, count) ?? call.symbols.dim()) : count;
  });
  return reshaped(x, shape);
};

/** `torch.repeat_interleave(k, n, dim=2)`, `jnp.repeat(k, n, axis=2)`. */
const repeatAlong: Operation = (call) => {
  const x = asTensor(call.args[0]);
  const count = asDim(argument(call, 1, 'repeats'), call.symbols);
  if (!x?.shape || !count) return x && reshaped(x, null);
  const at = axis(argument(call, 2, 'dim', 'axis'), x.shape.length);
  if (at === null) return reshaped(x, null);
  const size = dims.multiply(x.shape[at]!, count) ?? call.symbols.dim();
  return { ...reshaped(x, x.shape.with(at, size)) };
};

/** `x.size()`, `x.size(1)`, `x.dim()`; sizes that are not known yet get places in the tensor. */
const size: Operation = (call) => {
  const x = asTensor(call.args[0]);
  const which = argument(call, 1, 'dim');
  if (!x) return null;
  if (!which) return shapeValue(x);
  if (!x.shape) return null;
  const at = axis(which, x.shape.length);
  return at === null ? null : { kind: 'int', dim: x.shape[at]! };
};

export function shapeValue(x: Tensor) {
  if (!x.shape) return null;
  return { kind: 'sequence' as const, items: x.shape.map((dim) => ({ kind: 'int' as const, dim })) };
}

export const views: Record<string, Operation> = {
  view,
  reshape: view,
  transpose,
  swapaxes: transpose,
  swapdims: transpose,
  mT: lastTwoSwapped,
  T: lastTwoSwapped,
  adjoint: lastTwoSwapped,
  permute,
  movedim,
  moveaxis: movedim,
  flatten,
  unflatten,
  unsqueeze,
  expand_dims: unsqueeze,
  squeeze,
  expand,
  broadcast_to: expand,
  repeat,
  repeat_interleave: repeatAlong,
  size,
};
