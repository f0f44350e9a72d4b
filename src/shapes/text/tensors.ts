import type { Dtype } from '../../attention/problem.ts';
import type { Code } from './evaluate.ts';
import { type Known, literal, unknown } from './known.ts';
import type { Expression } from './syntax.ts';

/** The sizes of a tensor, outermost first; ggml counts from the innermost, and is turned round here. */
export interface TensorShape {
  dims: Known[];
  dtype: Dtype | null;
}

const deepest = 12;
const creators =
  /^(?:zeros|ones|empty|randn|rand|full|fill|normal|uniform|randomNormal|randomUniform|truncatedNormal|randomStandardNormal)$/;
const unchanged =
  /^(?:ref|clone|contiguous|cuda|cpu|detach|requires_grad_|set_requires_grad|astype|cast|js)$/;
const dtypesByName: Record<string, Dtype> = {
  GGML_TYPE_F32: 'f32',
  GGML_TYPE_F16: 'f16',
  GGML_TYPE_BF16: 'bf16',
  kFloat: 'f32',
  kFloat32: 'f32',
  kHalf: 'f16',
  kFloat16: 'f16',
  kBFloat16: 'bf16',
  float32: 'f32',
  float16: 'f16',
  bfloat16: 'bf16',
};

const lastName = (path: string) => path.slice(path.lastIndexOf('.') + 1);

/** Follows a tensor from its use to where it is made or viewed; null where that is not known. */
export function tensorOf(code: Code, expression: Expression, place: number, depth = 0): TensorShape | null {
  if (depth > deepest) return null;
  const next = (inner: Expression, at = place) => tensorOf(code, inner, at, depth + 1);
  if (expression.kind === 'member') return expression.name === 'ref' ? next(expression.object) : null;
  if (expression.kind === 'name') {
    const path = expression.path.replace(/\.ref$/, '');
    const found = path.includes('.') ? null : code.definition(path, place);
    if (!found || found.declaration.isDefault || found.declaration.element !== null) return null;
    return next(found.value, found.declaration.from - 1);
  }
  if (expression.kind !== 'call') return null;
  const { callee, callArguments } = expression;
  if (callee.kind === 'name') {
    const name = lastName(callee.path);
    if (name.startsWith('ggml_')) return ggmlTensor(code, name, callArguments, place, next);
    if (
      creators.test(name) ||
      name === 'Tensor' ||
      name === 'tensor' ||
      name === 'Input' ||
      name === 'input'
    ) {
      return created(code, name, callArguments, place);
    }
    const dot = callee.path.lastIndexOf('.');
    if (dot < 0) return null;
    const object: Expression = { kind: 'name', path: callee.path.slice(0, dot), at: callee.at };
    return method(code, name, next(object), callArguments, place);
  }
  return callee.kind === 'member'
    ? method(code, callee.name, next(callee.object), callArguments, place)
    : null;
}

function sizes(code: Code, items: Expression[], place: number): Known[] {
  // A length of -1 is whatever is left.
  return items.map((item) => (item.kind === 'number' && item.value < 1 ? unknown() : code.size(item, place)));
}

function created(code: Code, name: string, given: Expression[], place: number): TensorShape | null {
  const dtype = given.map((each) => dtypeIn(each)).find((each) => each !== null) ?? null;
  if (name === 'input' || name === 'Input') {
    const shape =
      given[0]?.kind === 'record' ? given[0].entries.find(({ key }) => key === 'shape')?.value : undefined;
    // A Keras input leaves the batch open.
    return shape?.kind === 'list' ? { dims: [unknown(), ...sizes(code, shape.items, place)], dtype } : null;
  }
  const isFilled = name === 'Tensor' || name === 'tensor';
  const list = isFilled ? given.slice(1).find(isList) : given.find(isList);
  if (!list) return null;
  const isTorch = code.family === 'c' && given.length === 1;
  return { dims: sizes(code, list.items, place), dtype: dtype ?? (isTorch ? 'f32' : null) };
}

const isList = (each: Expression): each is Expression & { kind: 'list' } => each.kind === 'list';

function dtypeIn(expression: Expression): Dtype | null {
  if (expression.kind === 'string') return dtypesByName[expression.value] ?? null;
  if (expression.kind === 'name') return dtypesByName[lastName(expression.path)] ?? null;
  if (expression.kind === 'record') {
    const entry = expression.entries.find(({ key }) => key === 'dtype');
    return entry ? dtypeIn(entry.value) : null;
  }
  if (expression.kind === 'member') return dtypeIn(expression.object);
  if (expression.kind !== 'call') return null;
  // Options of PyTorch are chained: `torch::dtype(torch::kHalf).device(torch::kCUDA)`.
  const said = [...expression.callArguments, expression.callee].map(dtypeIn);
  return said.find((each) => each !== null) ?? null;
}

function method(
  code: Code,
  name: string,
  object: TensorShape | null,
  given: Expression[],
  place: number,
): TensorShape | null {
  const [first] = given;
  if (name === 'reshape' || name === 'view') {
    const items = first && isList(first) ? first.items : given;
    return items.length === 0 ? null : { dims: sizes(code, items, place), dtype: object?.dtype ?? null };
  }
  if (!object) return null;
  if (unchanged.test(name)) return object;
  if (name === 'half') return { ...object, dtype: 'f16' };
  if (name === 'to') return { ...object, dtype: given.map(dtypeIn).find((each) => each !== null) ?? null };
  if (name !== 'transpose' && name !== 'permute') return null;
  const order = sizes0(first && isList(first) ? first.items : given, object.dims.length);
  if (!order) return null;
  if (name === 'transpose' && !(first && isList(first))) {
    if (order.length !== 2) return null;
    const dims = [...object.dims];
    [dims[order[0]!], dims[order[1]!]] = [dims[order[1]!]!, dims[order[0]!]!];
    return { ...object, dims };
  }
  return permuted(object, order);
}

/** Axes as whole numbers, negative ones from the end. */
function sizes0(items: Expression[], rank: number): number[] | null {
  const axes = items.map((item) =>
    item.kind === 'number' ? (item.value < 0 ? item.value + rank : item.value) : -1,
  );
  return axes.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < rank) ? axes : null;
}

function permuted(tensor: TensorShape, order: number[]): TensorShape | null {
  if (new Set(order).size !== tensor.dims.length || order.length !== tensor.dims.length) return null;
  return { ...tensor, dims: order.map((axis) => tensor.dims[axis]!) };
}

/** ggml names the sizes `ne`, fastest first: `ggml_new_tensor_4d(ctx, type, D, S, H, B)`. */
function ggmlTensor(
  code: Code,
  name: string,
  given: Expression[],
  place: number,
  next: (inner: Expression) => TensorShape | null,
): TensorShape | null {
  const rank = Number(/_([34])d$/.exec(name)?.[1] ?? 0);
  const reversed = (items: Expression[], dtype: Dtype | null): TensorShape | null => {
    if (items.length !== rank) return null;
    const dims = sizes(code, items, place).reverse();
    return { dims: rank === 3 ? [literal(1), ...dims] : dims, dtype };
  };
  const source = given[1] ? () => next(given[1]!) : () => null;
  if (/^ggml_new_tensor_[34]d$/.test(name))
    return reversed(given.slice(2, 2 + rank), given[1] ? dtypeIn(given[1]) : null);
  if (/^ggml_(?:reshape|view)_[34]d$/.test(name))
    return reversed(given.slice(2, 2 + rank), source()?.dtype ?? null);
  if (name === 'ggml_cont' || name === 'ggml_dup') return source();
  if (name === 'ggml_cast') {
    const tensor = source();
    return tensor && { ...tensor, dtype: given[2] ? dtypeIn(given[2]) : null };
  }
  if (name !== 'ggml_permute' || given.length !== 6) return null;
  const tensor = source();
  const axes = sizes0(given.slice(2), 4);
  if (!tensor || !axes || new Set(axes).size !== 4) return null;
  // Axis i of the source becomes axis axes[i] of the result, both counted from the innermost.
  const dims: Known[] = [...tensor.dims];
  for (const [from, to] of axes.entries()) dims[3 - to] = tensor.dims[3 - from]!;
  return { ...tensor, dims };
}
