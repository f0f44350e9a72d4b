import type { AttentionApi } from '../apis/row.ts';
import { apiOfName, apiOfPath, tritonAttention } from '../apis/table.ts';
import type { Analysis } from './analysis.ts';
import { addArgument } from './argparse.ts';
import { type Argument, type Expression, textOf } from './ast.ts';
import { attributeOf } from './attributes.ts';
import { callBuiltin } from './builtins.ts';
import { baseNames, findMethod, instantiate, lineage } from './classes.ts';
import { describeCall, describeManual, describeUnknown } from './describe.ts';
import * as dims from './dim.ts';
import { evaluate, itemsOf } from './evaluate.ts';
import { callFunction, inlineBody } from './functions.ts';
import { join } from './join.ts';
import { callLayer } from './layers.ts';
import { concrete } from './modules.ts';
import { einsum, matmulOf, type OnAttention } from './ops/contractions.ts';
import { rearrange } from './ops/einops.ts';
import { keepsShape } from './ops/elementwise.ts';
import { asTensor, type OperationCall, reshaped } from './ops/operation.ts';
import { libraries, makers, operations } from './ops/registry.ts';
import { childScope } from './scope.ts';
import { setAttribute } from './targets.ts';
import { type BoundArguments, type Layer, opaque, type Scope, tensor, type Value } from './value.ts';

type Call = Extract<Expression, { kind: 'call' }>;

/** The value of a call; a call of attention is noted on the way. */
export function evaluateCall(analysis: Analysis, node: Call, scope: Scope): Value {
  if (keepsBuffer(analysis, node, scope)) return opaque();
  const superCall = superMethod(analysis, node, scope);
  const callee = superCall ?? calleeOf(analysis, node.callee, scope);
  const args = evaluateArguments(analysis, node.args, scope);
  return callValue(analysis, callee, args, node);
}

/** A method of something unknown is called on it, so that what it is handed can tell. */
function calleeOf(analysis: Analysis, callee: Expression, scope: Scope): Value {
  if (callee.kind !== 'attribute') return evaluate(analysis, callee, scope);
  const object = evaluate(analysis, callee.object, scope);
  const isBare = object.kind === 'opaque' && !object.attributes?.has(callee.name);
  return isBare
    ? { kind: 'method', object, name: callee.name, node: callee }
    : attributeOf(analysis, object, callee.name, callee);
}

function evaluateArguments(analysis: Analysis, args: readonly Argument[], scope: Scope): BoundArguments {
  const bound: BoundArguments = { positional: [], keywords: new Map(), open: false };
  for (const { name, splat, value } of args) {
    const made = evaluate(analysis, value, scope);
    if (splat === 0 && name === null) bound.positional.push(made);
    else if (splat === 0) bound.keywords.set(name!, made);
    else if (splat === 1) {
      const items = itemsOf(made) ?? (made.kind === 'many' ? null : null);
      if (items) bound.positional.push(...items);
      else bound.open = true;
    } else if (made.kind === 'dict') {
      for (const [key, item] of made.entries) bound.keywords.set(key, item);
      if (made.open) bound.open = true;
    } else bound.open = true;
  }
  return bound;
}

/** `self.register_buffer("mask", torch.tril(...))` is an attribute. */
function keepsBuffer(analysis: Analysis, node: Call, scope: Scope): boolean {
  const { callee, args } = node;
  if (callee.kind !== 'attribute' || callee.name !== 'register_buffer') return false;
  const [name, value] = args;
  if (name?.value.kind !== 'string' || !value) return false;
  setAttribute(
    analysis,
    evaluate(analysis, callee.object, scope),
    name.value.value,
    evaluate(analysis, value.value, scope),
  );
  return true;
}

/** `super().forward(x)`, `super().__init__(config)`. */
function superMethod(analysis: Analysis, node: Call, scope: Scope): Value | null {
  const { callee } = node;
  if (callee.kind !== 'attribute' || callee.object.kind !== 'call') return null;
  const inner = callee.object.callee;
  if (inner.kind !== 'name' || inner.id !== 'super' || !scope.owner) return null;
  let self: Value | null = null;
  for (let at: Scope | null = scope; at && !self; at = at.parent) self = at.names.get('self') ?? null;
  for (const base of lineage(analysis, scope.owner).slice(1)) {
    const method = findMethod(analysis, base, callee.name);
    if (method)
      return { kind: 'function', def: method.def, scope: childScope(method.type.scope, method.type), self };
  }
  return opaque();
}

/** Calls a value with arguments that are values already. */
export function callValue(analysis: Analysis, callee: Value, args: BoundArguments, node: Expression): Value {
  analysis.tick();
  const api = apiOf(analysis, callee, node);
  if (api) return callAttention(analysis, api.row, api.layer, args, node);
  handedOn(analysis, args, node);
  switch (callee.kind) {
    case 'ref':
      return callRef(analysis, callee.path, args, node);
    case 'function':
      return callDefined(analysis, callee, args, node);
    case 'class':
      return instantiate(analysis, callee, args, node);
    case 'instance': {
      const method =
        findMethod(analysis, callee.type, 'forward') ??
        findMethod(analysis, callee.type, '__call__') ??
        findMethod(analysis, callee.type, 'call');
      if (!method) return opaque();
      return callFunction(
        analysis,
        { kind: 'function', def: method.def, scope: method.type.scope, self: callee },
        args,
        node,
      );
    }
    case 'layer':
      return (
        callLayer(callee, args.positional, analysis.symbols, (inner, values) =>
          callValue(analysis, inner, plain(values), node),
        ) ?? opaque()
      );
    case 'lambda': {
      const scope = childScope(callee.scope);
      for (const [index, parameter] of callee.node.parameters.entries()) {
        scope.names.set(
          parameter.name,
          args.keywords.get(parameter.name) ?? args.positional[index] ?? opaque(parameter.name),
        );
      }
      return evaluate(analysis, callee.node.body, scope);
    }
    case 'partial':
      return callValue(analysis, callee.callee, merged(callee.args, args), node);
    case 'method':
      return callMethod(analysis, callee, args, node);
    case 'either': {
      const results = callee.values.map((value) => callValue(analysis, value, args, node));
      return results.reduce((joined, value) => join(joined, value, analysis.symbols));
    }
    case 'many':
      return callValue(analysis, callee.item, args, node);
    case 'opaque':
      return byName(analysis, callee.name ?? calleeName(node), args, node);
    default:
      return opaque();
  }
}

const plain = (values: Value[]): BoundArguments => ({ positional: values, keywords: new Map(), open: false });

function merged(first: BoundArguments, then: BoundArguments): BoundArguments {
  return {
    positional: [...first.positional, ...then.positional],
    keywords: new Map([...first.keywords, ...then.keywords]),
    open: first.open || then.open,
  };
}

function calleeName(node: Expression): string {
  const callee = node.kind === 'call' ? node.callee : node;
  return callee.kind === 'name' ? callee.id : callee.kind === 'attribute' ? callee.name : '';
}

/** Which row of the table of APIs a callee is, by what it is bound to; by its own name only where nothing says more. */
function apiOf(
  analysis: Analysis,
  callee: Value,
  node: Expression,
): { row: AttentionApi; layer: Layer | null } | null {
  if (callee.kind === 'either') {
    for (const value of callee.values) {
      const found = apiOf(analysis, value, node);
      if (found) return found;
    }
    return null;
  }
  if (callee.kind === 'partial') return null;
  if (callee.kind === 'layer') {
    const row = apiOfPath(callee.type);
    return row?.constructorParameters ? { row, layer: callee } : null;
  }
  if (
    callee.kind === 'method' &&
    callee.object.kind === 'layer' &&
    /^(apply|init_with_output|forward|__call__)$/.test(callee.name)
  ) {
    return apiOf(analysis, callee.object, node);
  }
  if (callee.kind === 'ref') {
    const row = apiOfPath(callee.path);
    if (row) return row.constructorParameters ? null : { row, layer: null };
    return isTritonPath(callee.path) && argumentCount(node) >= 4
      ? { row: tritonAttention, layer: null }
      : null;
  }
  if (callee.kind === 'method' && callee.object.kind === 'class' && callee.name === 'apply') {
    const names = `${callee.object.def.name} ${textOf(node, 40)}`;
    const isFunction = baseNames(callee.object).some((base) => /(^|\.)Function$/.test(base));
    return isFunction && /atten|attn|flash/i.test(names) && argumentCount(node) >= 4
      ? { row: tritonAttention, layer: null }
      : null;
  }
  const row = apiOfName(calleeName(node));
  return row && !row.constructorParameters ? { row, layer: null } : null;
}

/** `attention` from a module that says it is Triton's or flash attention's. */
function isTritonPath(path: string): boolean {
  return (
    /(^|\.)attention$/.test(path) && /triton|flash|fused/i.test(path.slice(0, path.lastIndexOf('.') + 1))
  );
}

function argumentCount(node: Expression): number {
  return node.kind === 'call' ? node.args.length : 0;
}

function callAttention(
  analysis: Analysis,
  api: AttentionApi,
  layer: Layer | null,
  args: BoundArguments,
  node: Expression,
): Value {
  const call = node.kind === 'call' ? node : null;
  const method = call?.callee.kind === 'attribute' ? call.callee.name : '';
  // flax hands the variables, or a key, in front of the inputs.
  const shift = layer && /^(apply|init_with_output)$/.test(method) ? 1 : 0;
  const own = shift ? { ...args, positional: args.positional.slice(shift) } : args;
  const { draft, result } =
    args.open && own.positional.length === 0 && own.keywords.size === 0
      ? describeUnknown(analysis, api, node)
      : describeCall(analysis, api, layer, own, node);
  if (analysis.recording) analysis.drafts.push(draft);
  if (shift && method === 'init_with_output') return { kind: 'sequence', items: [result, opaque()] };
  return layer && api.id === 'nn.MultiheadAttention'
    ? { kind: 'sequence', items: [result, opaque()] }
    : result;
}

/** An attention function that is handed to another one with tensors behind it: `time(F.sdpa, q, k, v)`. */
function handedOn(analysis: Analysis, args: BoundArguments, node: Expression): void {
  if (!analysis.recording) return;
  const at = args.positional.findIndex((value) => value.kind === 'ref' || value.kind === 'either');
  const callee = args.positional[at];
  if (!callee || node.kind !== 'call') return;
  const found = callee.kind === 'ref' ? apiOfPath(callee.path) : null;
  const rest = args.positional.slice(at + 1);
  const isTriton = callee.kind === 'ref' && isTritonPath(callee.path) && rest.length >= 4;
  const row = found ?? (isTriton ? tritonAttention : null);
  const needed = row && 'qkv' in row.tensors ? 1 : 3;
  if (
    !row ||
    row.constructorParameters ||
    rest.length < needed ||
    !rest.slice(0, needed).every((value) => value.kind === 'tensor' || value.kind === 'opaque')
  )
    return;
  const { draft } = describeCall(analysis, row, null, { ...args, positional: rest }, node);
  analysis.drafts.push(draft);
}

export function onAttention(analysis: Analysis): OnAttention {
  return (scores, v, roles) => {
    if (!analysis.recording) return;
    for (const one of scores) analysis.drafts.push(describeManual(analysis, one, v, roles));
  };
}

function operationCall(
  analysis: Analysis,
  name: string,
  library: string,
  args: BoundArguments,
  node: Expression,
): OperationCall {
  return {
    symbols: analysis.symbols,
    node,
    name,
    library,
    args: args.positional,
    keywords: args.keywords,
    apply: (callee, values) => callValue(analysis, callee, plain(values), node),
  };
}

const products = /^(matmul|bmm|batch_matmul|baddbmm)$/;

function tensorFunction(
  analysis: Analysis,
  name: string,
  library: string,
  args: BoundArguments,
  node: Expression,
): Value | null {
  const call = operationCall(analysis, name, library, args, node);
  if (args.open) return null;
  if (name === 'einsum') return einsum(call, onAttention(analysis));
  if (products.test(name)) return matmulOf(onAttention(analysis))(call);
  if (library === 'einops' && (name === 'rearrange' || name === 'repeat' || name === 'reduce')) {
    return name === 'reduce' ? null : rearrange(call);
  }
  if (name === 'rearrange') return rearrange(call);
  return operations.get(name)?.(call) ?? null;
}

function callRef(analysis: Analysis, path: string, args: BoundArguments, node: Expression): Value {
  const [root] = path.split('.', 1);
  const last = path.slice(path.lastIndexOf('.') + 1);
  if (root === 'builtins') return callBuiltin(analysis, last, args, node);
  if (
    /^(compile|jit|no_grad|inference_mode|remat|disable|script|njit|pmap|maybe_compile)$/.test(last) &&
    args.positional[0]
  )
    return args.positional[0];
  if (last === 'partial' && args.positional[0]) {
    return {
      kind: 'partial',
      callee: args.positional[0],
      args: { ...args, positional: args.positional.slice(1) },
    };
  }
  if (last === 'checkpoint' && args.positional[0])
    return callValue(analysis, args.positional[0], plain(args.positional.slice(1)), node);
  if (last === 'ArgumentParser') return { ...opaque('parser'), attributes: new Map() };
  const local = concrete(analysis, { kind: 'ref', path });
  if (local.kind === 'class') return instantiate(analysis, local, args, node);
  const library = root === 'np' ? 'numpy' : (root ?? '');
  const known = libraries.has(library);
  if (known || last === 'rearrange' || last === 'einsum') {
    const result = tensorFunction(analysis, last, known ? library : 'torch', args, node);
    if (result) return result;
  }
  if (/^[A-Z]/.test(last) || apiOfPath(path)?.constructorParameters)
    return { kind: 'layer', type: path, args };
  if (library === 'math' || (known && /^(sqrt|prod|ceil|floor)$/.test(last)))
    return callBuiltin(analysis, last, args, node);
  return byName(analysis, last, args, node);
}

/** What a function that is not at hand gives back, by what people call such functions. */
function byName(analysis: Analysis, dotted: string, args: BoundArguments, node: Expression): Value {
  const name = dotted.slice(dotted.lastIndexOf('.') + 1);
  const api = apiOfName(name);
  if (api && !api.constructorParameters) return callAttention(analysis, api, null, args, node);
  if (/^[A-Z]\w*(Linear|Norm|Embedding)$/.test(name)) return { kind: 'layer', type: name, args };
  const [first, second] = args.positional;
  const a = asTensorValue(first);
  if (/softmax/i.test(name) && a)
    return operations.get('softmax')!(operationCall(analysis, 'softmax', 'torch', args, node)) ?? opaque();
  if (!keepsShape.test(name) || !a) return opaque();
  const b = asTensorValue(second);
  const both = b && /rot|rope/i.test(name) && namesPair(node);
  return both ? { kind: 'sequence', items: [{ ...a }, { ...b }] } : { ...a };
}

function asTensorValue(value: Value | undefined) {
  return value?.kind === 'tensor' || (value?.kind === 'opaque' && value.tensor) ? asTensor(value) : null;
}

/** `apply_rotary(q, k, cos, sin)`: both come back. */
function namesPair(node: Expression): boolean {
  if (node.kind !== 'call') return false;
  const [first, second] = node.args.map(({ value }) => textOf(value, 30));
  return first !== undefined && second !== undefined && /q/i.test(first) && /k/i.test(second);
}

function callDefined(
  analysis: Analysis,
  callee: Extract<Value, { kind: 'function' }>,
  args: BoundArguments,
  node: Expression,
): Value {
  if (/^(stable_)?softmax$/i.test(callee.def.name)) return byName(analysis, 'softmax', args, node);
  const result = callFunction(analysis, callee, args, node);
  const known = result.kind === 'sequence' ? result.items.every(isTold) : isTold(result);
  if (known || !keepsShape.test(callee.def.name)) return result;
  const guess = byName(analysis, callee.def.name, args, node);
  return guess.kind === 'opaque' ? result : guess;
}

function isTold(value: Value): boolean {
  return value.kind !== 'opaque' && !(value.kind === 'tensor' && !value.shape);
}

/** Caches give back the same batch, heads and width, and more keys. */
const cacheMethods = /^(update|interleave_kv|update_kv|update_cache|append_kv|append)$/;

function callMethod(
  analysis: Analysis,
  callee: Extract<Value, { kind: 'method' }>,
  args: BoundArguments,
  node: Expression,
): Value {
  const { object, name } = callee;
  const own = { ...args, positional: [object, ...args.positional] };
  switch (object.kind) {
    case 'class': {
      const method = name === 'apply' ? findMethod(analysis, object, 'forward') : null;
      if (!method) return opaque();
      return inlineBody(
        analysis,
        { kind: 'function', def: method.def, scope: method.type.scope, self: null },
        { ...args, positional: [opaque('ctx'), ...args.positional] },
        node,
      );
    }
    case 'layer':
      if (name === 'apply')
        return callValue(analysis, object, { ...args, positional: args.positional.slice(1) }, node);
      return /^(forward|__call__|init_with_output)$/.test(name)
        ? callValue(analysis, object, args, node)
        : opaque();
    case 'dict':
      return dictMethod(object, name, args);
    case 'sequence':
      return name === 'copy' ? object : opaque();
    case 'string':
      return opaque();
    case 'ref':
      return callRef(analysis, `${object.path}.${name}`, args, node);
    default:
      break;
  }
  if (makers.has(name)) return opaque();
  const result = tensorFunction(analysis, name, 'torch', own, node);
  if (result) return result;
  if (name === 'size' || name === 'shape') {
    const at = args.positional[0];
    if (!at) return { kind: 'method', object, name: 'shape', node };
    return evaluateShapeAt(analysis, object, at);
  }
  if (object.kind === 'opaque' && !object.tensor) return unknownMethod(analysis, object, name, args, node);
  const x = asTensor(object);
  return x ? reshaped(x, null) : opaque();
}

function evaluateShapeAt(analysis: Analysis, object: Value, at: Value): Value {
  const holder = asTensor(object);
  const index = at.kind === 'int' ? dims.sizeOf(at.dim) : null;
  if (!holder || index === null) return opaque();
  if (holder.shape) {
    const size = holder.shape.at(index);
    return size ? { kind: 'int', dim: size } : opaque();
  }
  holder.partial ??= new Map();
  const known = holder.partial.get(index) ?? analysis.symbols.dim();
  holder.partial.set(index, known);
  return { kind: 'int', dim: known };
}

function unknownMethod(
  analysis: Analysis,
  object: Extract<Value, { kind: 'opaque' }>,
  name: string,
  args: BoundArguments,
  node: Expression,
): Value {
  if (name === 'add_argument') {
    addArgument(analysis, object, args, node);
    return opaque();
  }
  if (name === 'parse_args') return { ...opaque('args'), attributes: object.attributes };
  if (name === 'parse_known_args')
    return { kind: 'sequence', items: [{ ...opaque('args'), attributes: object.attributes }, opaque()] };
  if (name === 'register_buffer' && args.positional[0]?.kind === 'string' && args.positional[1]) {
    setAttribute(analysis, object, args.positional[0].value, args.positional[1]);
    return opaque();
  }
  const [k, v] = args.positional.filter((value) => value.kind === 'tensor');
  if (cacheMethods.test(name) && k && v) {
    return { kind: 'sequence', items: [k, v].map((value) => grown(analysis, asTensor(value)!)) };
  }
  return byName(analysis, name, args, node);
}

/** The same tensor with an unknown number of keys. */
function grown(analysis: Analysis, x: ReturnType<typeof tensor>): Value {
  if (x.shape?.length !== 4) return tensor(null, x.dtype);
  const headsAt = headLike(x.shape[2]!) && !headLike(x.shape[1]!) ? 2 : 1;
  return tensor(x.shape.with(headsAt === 1 ? 2 : 1, analysis.symbols.dim()), x.dtype);
}

function headLike(dim: dims.Dim): boolean {
  return /head|^n?h$|^nh/i.test(dims.nameOf(dim) ?? '') || dims.sizeOf(dim) !== null;
}

function dictMethod(dict: Extract<Value, { kind: 'dict' }>, name: string, args: BoundArguments): Value {
  if (name === 'values')
    return dict.open ? opaque() : { kind: 'sequence', items: [...dict.entries.values()] };
  if (name === 'items') {
    if (dict.open) return opaque();
    return {
      kind: 'sequence',
      items: [...dict.entries].map(([key, value]) => ({
        kind: 'sequence',
        items: [{ kind: 'string', value: key }, value],
      })),
    };
  }
  const [key] = args.positional;
  if ((name === 'get' || name === 'pop') && key?.kind === 'string')
    return dict.entries.get(key.value) ?? opaque();
  return opaque();
}
