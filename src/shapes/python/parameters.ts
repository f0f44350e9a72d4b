import type { Analysis } from './analysis.ts';
import { annotatedShape } from './annotations.ts';
import type { Expression, FunctionDef, Parameter } from './ast.ts';
import { defaultInstance, valued } from './classes.ts';
import * as dims from './dim.ts';
import { evaluate, itemsOf } from './evaluate.ts';
import { fact, weaken } from './fact.ts';
import { concrete } from './modules.ts';
import { asDtype } from './ops/operation.ts';
import { giveName } from './scope.ts';
import { opaque, type Scope, tensor, type Value } from './value.ts';

export interface BindingContext {
  self: Value | null;
  /** The call that gave the arguments; null where they come from several or from none. */
  node: Expression | null;
  basis: 'call-site' | 'config';
  /** Defaults of a constructor are what the object has unless others are passed. */
  isInit: boolean;
}

/** Gives every parameter of a function a value: the argument, else its annotation, sweep or default, else an unknown. */
export function bindParameters(
  analysis: Analysis,
  def: FunctionDef,
  args: ReadonlyMap<string, Value>,
  scope: Scope,
  context: BindingContext,
): void {
  const sweeps = sweepsOf(analysis, def, scope);
  for (const [index, parameter] of def.parameters.entries()) {
    const { name } = parameter;
    if (index === 0 && context.self && parameter.splat === 0) {
      scope.names.set(name, context.self);
      continue;
    }
    const given = args.get(name);
    if (given?.kind === 'opaque' && given.mixed) {
      scope.names.set(name, given);
      continue;
    }
    // Two defaults that differ are no account of what runs; a default that agrees is one.
    if (context.isInit && given && parameter.initial && isVague(given)) {
      scope.names.set(
        name,
        reconcile(analysis, given, unpassed(analysis, parameter, scope, context, sweeps), name),
      );
      continue;
    }
    if (given && given.kind !== 'opaque') {
      const node = context.node;
      const handed = valued(analysis, given, name, (known) =>
        node ? weaken(known, context.basis, node) : weaken(known, 'call-site', null),
      );
      giveName(handed, name);
      scope.names.set(name, handed);
      continue;
    }
    const value = unpassed(analysis, parameter, scope, context, sweeps);
    // An unknown argument may still be known to have a shape.
    if (given?.kind === 'opaque' && value.kind === 'opaque') {
      scope.names.set(
        name,
        context.isInit || analysis.inlineDepth > 0 ? { ...given, name: given.name ?? name } : value,
      );
    } else
      scope.names.set(
        name,
        given && value.kind !== 'opaque' && value.kind !== 'tensor' && value.kind !== 'instance'
          ? given
          : value,
      );
  }
}

function unpassed(
  analysis: Analysis,
  parameter: Parameter,
  scope: Scope,
  context: BindingContext,
  sweeps: Map<string, Value>,
): Value {
  const { name, annotation, initial } = parameter;
  if (parameter.splat === 1) return opaque(name);
  if (parameter.splat === 2) return { kind: 'dict', entries: new Map(), open: true };
  if (sweeps.has(name)) {
    return sweeps.get(name)!;
  }
  if (annotation) {
    const shaped = annotatedShape(analysis, annotation);
    if (shaped) return tensor(shaped.shape, shaped.dtype);
    const type = concrete(analysis, evaluate(analysis, annotation, scope));
    if (type.kind === 'class' && isConfiguration(type)) {
      const instance = defaultInstance(analysis, type);
      if (instance) return instance;
    }
  }
  if (!initial) return opaque(name);
  const value = evaluate(analysis, initial, scope);
  return defaultValue(analysis, value, name, initial, context.isInit);
}

function isConfiguration(type: Extract<Value, { kind: 'class' }>): boolean {
  const isDataclass = type.def.decorators.some((d) =>
    /dataclass|^define|^attrs?\b/.test(d.place.text.slice(d.start, d.end)),
  );
  return isDataclass || /(config|args|params|hparams|options|settings)$/i.test(type.def.name);
}

/** A default is shown as one. Flags of a plain function stay unknown: callers set them. */
function defaultValue(
  analysis: Analysis,
  value: Value,
  name: string,
  initial: Expression,
  isInit: boolean,
): Value {
  const origin = fact('default', initial);
  if (value.kind === 'int') return valued(analysis, value, name, () => origin);
  if (value.kind === 'ref' || value.kind === 'string') {
    const dtype = asDtype(value, initial);
    if (dtype) return { kind: 'dtype', dtype: { ...dtype, fact: origin } };
    return value.kind === 'string' ? value : isInit ? value : { ...opaque(name), fallback: value };
  }
  if (isInit) {
    if (value.kind === 'bool' || value.kind === 'none') return { ...value, fact: origin };
    if (value.kind === 'float') return { ...value, fact: origin };
  }
  return { ...opaque(name), fallback: value };
}

/** An argument that says nothing, or no more than that it is some other default. */
function isVague(given: Value): boolean {
  if (given.kind === 'opaque') return true;
  if (given.kind !== 'int' || dims.symbolOf(given.dim)?.choices) return false;
  return dims.sizeOf(given.dim) === null || dims.factOf(given.dim)?.basis === 'default';
}

function reconcile(analysis: Analysis, given: Value, own: Value, name: string): Value {
  const [x, y] = [given, own].map((value) => (value.kind === 'int' ? dims.sizeOf(value.dim) : null));
  if (x === null || x === undefined || y === null || y === undefined || x === y) return own;
  return { kind: 'int', dim: analysis.symbols.dim(name) };
}

/** What `pytest.mark.parametrize` and the like give the parameters, one value or a symbol with several. */
function sweepsOf(analysis: Analysis, def: FunctionDef, scope: Scope): Map<string, Value> {
  const sweeps = new Map<string, Value>();
  for (const decorator of def.decorators) {
    if (decorator.kind !== 'call' || decorator.callee.kind !== 'attribute') continue;
    if (!/^(parametrize|parameters|product|named_parameters)$/.test(decorator.callee.name)) continue;
    const [names, values] = decorator.args;
    if (names?.value.kind !== 'string' || !values) continue;
    const list = names.value.value.split(',').map((name) => name.trim());
    const items = itemsOf(evaluate(analysis, values.value, scope));
    for (const [index, name] of list.entries()) {
      const column = items?.map((item) => (list.length === 1 ? item : (itemsOf(item)?.[index] ?? opaque())));
      sweeps.set(name, sweptValue(analysis, name, column ?? []));
    }
  }
  return sweeps;
}

function sweptValue(analysis: Analysis, name: string, column: readonly Value[]): Value {
  const [only] = column;
  if (only && column.length === 1 && only.kind !== 'opaque') return only;
  const unknown = opaque(name);
  const numbers = column.map((item) => (item.kind === 'int' ? dims.sizeOf(item.dim) : null));
  if (column.length === 0 || numbers.some((value) => value === null)) return unknown;
  const swept = analysis.symbols.dim(name);
  dims.symbolOf(swept)!.choices = numbers as number[];
  unknown.dim = swept;
  return unknown;
}
