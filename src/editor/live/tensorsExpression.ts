import { isText, longestName, readTensor } from '../../shapes/recorded/checks.ts';
import type { TensorFacts } from '../../shapes/recorded/observedCall.ts';

/** Tensors of one frame that are asked for; the rest of a frame that has more stays without. */
export const mostTensors = 64;

/** Classes of tensors by the package that they come from; nothing else is asked for a shape. */
const packages = ['torch', 'numpy', 'jax', 'jaxlib', 'tensorflow', 'cupy', 'mlx'];
const classes = ['Tensor', 'ndarray', 'ArrayImpl', 'Tracer', 'EagerTensor', 'array'];
/** Packages whose `device` is a plain attribute. */
const withDevice = ['torch', 'numpy', 'cupy'];

const set = (names: string[]) => `(${names.map((name) => `'${name}'`).join(', ')})`;

/**
 * One Python expression that gives, as JSON, `[name, shape, dtype, device]` of each tensor that a frame can name,
 * its own variables first. It reads attributes of tensors alone and assigns nothing; names of builtins that the
 * program has taken for itself do it no harm. What counts as a tensor is decided by its classes, so that no code of
 * the program runs to tell. A size that is no plain number becomes -1.
 */
export const tensorsExpression = [
  "(lambda b, own, outer: __import__('json').dumps(b.list(__import__('itertools').islice((",
  '[n, [s if b.type(s) is b.int else -1 for s in v.shape], b.str(v.dtype), ',
  `b.str(v.device) if b.any(c.__module__.split('.')[0] in ${set(withDevice)} for c in b.type(v).__mro__) else '']`,
  // debugpy's locals() hold the globals too, in front.
  ' for n, v in [*b.reversed([*own.items()]), *((n, v) for n, v in outer.items() if n not in own)]',
  ' if b.type(n) is b.str and b.any(',
  `c.__name__ in ${set(classes)} and c.__module__.split('.')[0] in ${set(packages)}`,
  ` for c in b.type(v).__mro__)), ${mostTensors}))))`,
  "(__import__('builtins'), {**locals()}, {**globals()})",
].join('');

/** The longest answer that is read; 64 tensors with their longest names stay below. */
const longestAnswer = 64 * 400;

/** Tensors by the name that the frame has for them. */
export type LiveTensors = ReadonlyMap<string, TensorFacts>;

/** What a debugger answered: the `repr` of a text, or the text itself. Null where it is not ours. */
export function parseTensors(answer: unknown): LiveTensors | null {
  if (!isText(answer, longestAnswer)) return null;
  const entries = parseJson(unquoted(answer.trim()));
  if (!Array.isArray(entries) || entries.length > mostTensors) return null;
  const tensors = new Map<string, TensorFacts>();
  for (const entry of entries) {
    if (!Array.isArray(entry) || entry.length !== 4) return null;
    const [name, shape, dtype, device] = entry as unknown[];
    if (!isText(name, longestName) || !isText(dtype, longestName)) continue;
    const tensor = readTensor({ shape, dtype: plainDtype(dtype), device: device === '' ? null : device });
    if (tensor) tensors.set(name, tensor);
  }
  return tensors;
}

/** `torch.float32`, `float32`, `<dtype: 'float32'>` and `mlx.core.float32` are the same to a reader. */
function plainDtype(dtype: string): string {
  return /(\w+)'?>?$/.exec(dtype)?.[1] ?? dtype;
}

/** The text of a Python literal of ASCII; anything else as it is. */
function unquoted(text: string): string {
  const quote = text[0];
  if ((quote !== "'" && quote !== '"') || text.length < 2 || !text.endsWith(quote)) return text;
  return text.slice(1, -1).replace(/\\(['"\\])/g, '$1');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
