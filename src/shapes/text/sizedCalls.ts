import type { FoundCall } from './attentionCalls.ts';
import type { Code } from './evaluate.ts';
import { type Known, literal } from './known.ts';
import { type Draft, sizesFromRoles } from './site.ts';
import { isDoubtful, type Role, rolesOf } from './sizeNames.ts';
import type { Expression } from './syntax.ts';

/** Functions named after attention that compute none of it, or none with a softmax. */
const helpers =
  /linear|mask|weight|alloc|free|init|load|save|print|config|param|size|bytes|flops|cache|test|check|verify|name|create|destroy/i;
const attentionName = /attention|attn|sdpa|(?:^|_)mha(?:_|$)/i;

/** A call with more arguments is data. */
const mostArguments = 64;

/** Head dims that a position alone may be read as. */
const usualHeadDims = new Set([16, 32, 40, 48, 64, 72, 80, 96, 112, 128, 160, 192, 256]);

/**
 * A call such as `attention_forward(out, inp, B, T, C, NH)`: its sizes by the names of the function's parameters,
 * where the file has them, else by the names of the arguments, else by their position, and then only where
 * batch, heads, length and head dim can stand in no other order.
 */
export function sizedCall(code: Code, call: FoundCall): Draft | null {
  const { name, callArguments, place, start, end } = call;
  if (!attentionName.test(name) || helpers.test(name) || callArguments.length < 3) return null;
  if (callArguments.length > mostArguments) return null;
  const sizes =
    byName(code, callArguments, parametersOf(code, call), place) ??
    byName(code, callArguments, argumentNames(callArguments), place) ??
    byPosition(callArguments);
  if (!sizes) return null;
  const isKnown = Object.values(sizes).some(({ value }) => value !== null);
  const api = code.family === 'c' ? 'c.attention' : 'js.attention';
  return isKnown || sizes.heads?.symbol ? { start, end, api, callee: name, sizes } : null;
}

/** The parameters of the one function of this name that takes as many arguments. */
function parametersOf(code: Code, { name, callArguments }: FoundCall): string[] | null {
  const fitting = (code.names.functions.get(name) ?? [])
    .slice(0, 50)
    .filter((each) => each.length === callArguments.length);
  const [first] = fitting;
  return first && fitting.every((each) => each.join() === first.join()) ? first : null;
}

function argumentNames(given: Expression[]): string[] {
  return given.map((each) => (each.kind === 'name' ? each.path.slice(each.path.lastIndexOf('.') + 1) : ''));
}

function byName(
  code: Code,
  given: Expression[],
  names: string[] | null,
  place: number,
): Draft['sizes'] | null {
  if (!names) return null;
  const roles = rolesOf(names);
  const known = new Map<Role, Known>();
  for (const [index, role] of roles.entries()) {
    if (!role || !isSizeLike(given[index]!)) continue;
    const size = code.size(given[index]!, place);
    if (!isDoubtful(names[index]!, role, size.value)) known.set(role, size);
  }
  return known.has('batch') || known.has('seqLen') || known.has('seqLenQ') ? sizesFromRoles(known) : null;
}

/** Tensors are handed over under the same letters: `K` and `V` are no sizes, nor is `q.data`. */
function isSizeLike(expression: Expression): boolean {
  return expression.kind === 'number' || expression.kind === 'name' || expression.kind === 'binary';
}

function byPosition(given: Expression[]): Draft['sizes'] | null {
  const numbers = given.map((each) =>
    each.kind === 'number' && Number.isInteger(each.value) ? each.value : null,
  );
  const first = numbers.findIndex((each) => each !== null);
  const run = numbers.slice(first).filter((each) => each !== null);
  const inOneRun = numbers.slice(first, first + 4).every((each) => each !== null);
  if (first < 0 || run.length !== 4 || !inOneRun) return null;
  const [batch, heads, length, dim] = run as [number, number, number, number];
  const onlyReading =
    batch >= 1 && heads >= 1 && heads <= 128 && length > 256 && length % dim === 0 && usualHeadDims.has(dim);
  if (!onlyReading) return null;
  const [b, h, n, d] = [batch, heads, length, dim].map(literal) as [Known, Known, Known, Known];
  return {
    batch: b,
    heads: h,
    kvHeads: { ...h, basis: 'default' },
    seqLenQ: n,
    seqLenKv: n,
    headDim: d,
    headDimV: d,
  };
}
