import { apiOfPath } from '../apis/table.ts';
import { bindNames } from './binding.ts';
import type { Symbols } from './dim.ts';
import * as dims from './dim.ts';
import { asDim, asItems, asTensor, reshaped, sizesOf, withLast } from './ops/operation.ts';
import type { Layer, Tensor, Value } from './value.ts';

/** Layers that make the last axis another size: which argument says it, by class name. */
const lastAxis: Record<string, { index: number; names: string[] }> = {
  Linear: { index: 1, names: ['out_features', 'output_size'] },
  Conv1D: { index: 0, names: ['nf'] },
  Dense: { index: 0, names: ['features', 'units'] },
};

const sameShape = /(Norm|Norm\w|Dropout|DropPath|Identity|ReLU|GELU|SiLU|Rotary\w*|Rope\w*)$/;

/** The result of calling a layer of a library on a tensor; null where its class is not known. */
export function callLayer(
  layer: Layer,
  args: Value[],
  symbols: Symbols,
  apply: (callee: Value, args: Value[]) => Value,
): Value | null {
  const name = className(layer);
  const x = asTensor(args[0]);
  if (name === 'Sequential' || name === 'ModuleList') {
    return layer.args.open || name === 'ModuleList'
      ? null
      : layer.args.positional.reduce<Value>(
          (value, inner) => apply(inner, [value]),
          args[0] ?? { kind: 'sequence', items: [] },
        );
  }
  if (!x) return null;
  if (name === 'Softmax') return weightsOf(x);
  if (sameShape.test(name)) return { ...x };
  if (name === 'Embedding' || name === 'Embed') {
    const width = asDim(argument(layer, 1, ['embedding_dim', 'features', 'output_dim']), symbols);
    return reshaped({ ...x, dtype: null }, x.shape && width ? [...x.shape, width] : null);
  }
  if (name === 'DenseGeneral') return denseGeneral(layer, x, symbols);
  const rule = lastAxis[name] ?? (name.endsWith('Linear') ? lastAxis.Linear : undefined);
  if (!rule) return null;
  const size = asDim(argument(layer, rule.index, rule.names), symbols);
  // The parameters say the dtype, and a layer says nothing of theirs.
  learnWidth(layer, x, name, symbols);
  if (!x.shape) return withLast(x, size, symbols);
  return reshaped(x, size ? [...x.shape.slice(0, -1), size] : null);
}

function weightsOf(x: Tensor): Tensor {
  return x.origin?.kind === 'scores' ? { ...x, origin: { ...x.origin, kind: 'weights' } } : x;
}

/** What goes into a linear layer is as wide as the layer says. */
function learnWidth(layer: Layer, x: Tensor, name: string, symbols: Symbols): void {
  if (!name.endsWith('Linear')) return;
  const width = asDim(argument(layer, 0, ['in_features', 'input_size']), symbols);
  const value = width && dims.sizeOf(width);
  const fact = width && dims.factOf(width);
  if (!value || !fact) return;
  const last = x.shape ? x.shape.at(-1) : x.partial?.get(-1);
  const sym = last && dims.symbolOf(last);
  if (sym && sym.known === null) sym.known = { value, fact };
  else if (!x.shape && !last) {
    x.partial ??= new Map();
    x.partial.set(-1, width);
  }
}

function denseGeneral(layer: Layer, x: Tensor, symbols: Symbols): Value {
  const features = argument(layer, 0, ['features']);
  const sizes = sizesOf(asItems(features) ?? (features ? [features] : []), symbols);
  const several = layer.args.keywords.has('axis');
  return reshaped(x, x.shape && sizes && !several ? [...x.shape.slice(0, -1), ...sizes] : null);
}

function className(layer: Layer): string {
  return layer.type.slice(layer.type.lastIndexOf('.') + 1);
}

function argument(layer: Layer, index: number, names: readonly string[]): Value | undefined {
  for (const name of names) {
    const value = layer.args.keywords.get(name);
    if (value) return value;
  }
  return layer.args.positional[index];
}

/** `linear.out_features`, `mha.num_heads`: what the layer was built with. */
export function argumentOf(layer: Layer, name: string): Value | null {
  const api = apiOfPath(layer.type);
  const bound = api?.constructorParameters
    ? bindNames(api.constructorParameters, layer.args)
    : layer.args.keywords;
  if (bound.has(name)) return bound.get(name)!;
  const simple: Record<string, [number, string]> = {
    in_features: [0, 'in_features'],
    out_features: [1, 'out_features'],
  };
  const rule = simple[name];
  return rule && className(layer).endsWith('Linear') ? (layer.args.positional[rule[0]] ?? null) : null;
}
