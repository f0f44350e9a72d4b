import type { Analysis, Module } from './analysis.ts';
import type { ClassDef, Expression, FunctionDef } from './ast.ts';
import { bindArguments } from './binding.ts';
import { capturedArguments } from './callers.ts';
import { configDefault } from './configs.ts';
import * as dims from './dim.ts';
import { evaluate } from './evaluate.ts';
import { type Fact, fact, weaken } from './fact.ts';
import { inlineBody } from './functions.ts';
import { concrete } from './modules.ts';
import { bindParameters } from './parameters.ts';
import { symbol } from './polynomial.ts';
import { childScope, lookUp } from './scope.ts';
import { type BoundArguments, type ClassValue, type Instance, opaque, type Value } from './value.ts';

/** Base classes deeper than this are not followed. */
const deepestBase = 6;

/** The class and those of its bases that are at hand, nearest first. */
export function lineage(analysis: Analysis, type: ClassValue, depth = 0): ClassValue[] {
  if (depth > deepestBase) return [];
  const bases = type.def.bases.flatMap(({ name, value }) => {
    if (name !== null) return [];
    const base = concrete(analysis, evaluate(analysis, value, type.scope));
    return base.kind === 'class' && base.def !== type.def ? lineage(analysis, base, depth + 1) : [];
  });
  return [type, ...bases];
}

/** Dotted names of all bases, for those that are not at hand. */
export function baseNames(type: ClassValue): string[] {
  return type.def.bases.map(({ value }) => value.place.text.slice(value.start, value.end));
}

export function findMethod(
  analysis: Analysis,
  type: ClassValue,
  name: string,
): { def: FunctionDef; type: ClassValue } | null {
  for (const at of lineage(analysis, type)) {
    const def = at.def.body.find(
      (statement): statement is FunctionDef => statement.kind === 'function' && statement.name === name,
    );
    if (def) return { def, type: at };
  }
  return null;
}

export interface ClassField {
  name: string;
  annotation: Expression | null;
  initial: Expression | null;
}

/** Annotated fields and plain assignments of a class body. */
export function classFields(def: ClassDef): ClassField[] {
  return def.body.flatMap((statement): ClassField[] => {
    if (statement.kind === 'annotated' && statement.target.kind === 'name') {
      return [{ name: statement.target.id, annotation: statement.annotation, initial: statement.value }];
    }
    if (statement.kind === 'assign' && statement.targets[0]?.kind === 'name') {
      return [{ name: statement.targets[0].id, annotation: null, initial: statement.value }];
    }
    return [];
  });
}

function hasDecorator(def: FunctionDef | ClassDef, pattern: RegExp): boolean {
  return def.decorators.some((decorator) =>
    pattern.test(decorator.place.text.slice(decorator.start, decorator.end)),
  );
}

/** A class attribute or method reached through the class itself. */
export function attributeOfClass(
  analysis: Analysis,
  type: ClassValue,
  name: string,
  node: Expression,
): Value | null {
  const method = findMethod(analysis, type, name);
  if (method) {
    const isClassMethod = hasDecorator(method.def, /^classmethod/);
    return { kind: 'function', def: method.def, scope: method.type.scope, self: isClassMethod ? type : null };
  }
  return classValue(analysis, type, name, node);
}

function classValue(analysis: Analysis, type: ClassValue, name: string, _node: Expression): Value | null {
  for (const at of lineage(analysis, type)) {
    const field = classFields(at.def).findLast((candidate) => candidate.name === name);
    if (!field?.initial) continue;
    const value = evaluate(analysis, field.initial, at.scope);
    return value.kind === 'int' && dims.sizeOf(value.dim) !== null
      ? { kind: 'int', dim: { p: value.dim.p, fact: fact('constant', field.initial) } }
      : value;
  }
  return null;
}

export function instanceAttribute(
  analysis: Analysis,
  object: Instance,
  name: string,
  node: Expression,
): Value {
  const own = object.attributes.get(name);
  if (own) return own;
  const method = findMethod(analysis, object.type, name);
  if (method) {
    const isStatic = hasDecorator(method.def, /^staticmethod/);
    const value: Value = {
      kind: 'function',
      def: method.def,
      scope: method.type.scope,
      self: isStatic ? null : object,
    };
    if (!hasDecorator(method.def, /^(property|cached_property|functools\.cached_property)/)) return value;
    return inlineBody(analysis, value, { positional: [], keywords: new Map(), open: false }, node);
  }
  const found = classValue(analysis, object.type, name, node);
  if (found) return found;
  const self = opaque('self');
  self.name = name;
  const unknown = configDefault(analysis, self, name) ?? opaque(name);
  object.attributes.set(name, unknown);
  return unknown;
}

/** `Config(n_head=12)`: an object of a class that the code defines. */
export function instantiate(
  analysis: Analysis,
  type: ClassValue,
  args: BoundArguments,
  node: Expression,
): Instance {
  const instance: Instance = { kind: 'instance', type, attributes: new Map(), ready: true };
  const init = findMethod(analysis, type, '__init__');
  if (init) {
    const bound = bindArguments(init.def.parameters, args, true);
    analysis.capture(type.def, { args: bound, node });
    runInit(analysis, instance, init, bound, node, 'call-site');
    return instance;
  }
  fillFields(analysis, instance, args, node);
  return instance;
}

function runInit(
  analysis: Analysis,
  instance: Instance,
  init: { def: FunctionDef; type: ClassValue },
  bound: Map<string, Value>,
  node: Expression | null,
  basis: 'call-site' | 'config',
): void {
  const scope = childScope(init.type.scope, init.type);
  bindParameters(analysis, init.def, bound, scope, { self: instance, node, basis, isInit: true });
  inlineBody(
    analysis,
    { kind: 'function', def: init.def, scope: init.type.scope, self: instance },
    null,
    node ?? init.def.parameters[0]?.annotation ?? dummy(init.def),
    scope,
  );
}

function dummy(def: FunctionDef): Expression {
  return { place: def.place, start: def.start, end: def.end, kind: 'other', children: [] };
}

/** Fields of a dataclass: given ones rest on the configuration, the others on their defaults. */
function fillFields(
  analysis: Analysis,
  instance: Instance,
  args: BoundArguments,
  node: Expression | null,
): void {
  const fields = lineage(analysis, instance.type)
    .reverse()
    .flatMap((type) =>
      classFields(type.def)
        .filter(({ annotation }) => annotation)
        .map((field) => ({ field, type })),
    );
  const names = [...new Set(fields.map(({ field }) => field.name))];
  for (const { field, type } of fields) {
    const given = args.keywords.get(field.name) ?? args.positional[names.indexOf(field.name)];
    if (given) {
      instance.attributes.set(
        field.name,
        valued(
          analysis,
          given,
          field.name,
          node ? (value) => weaken(value, 'config', node) : (value) => value,
        ),
      );
    } else if (field.initial) {
      const initial = evaluate(analysis, fieldDefault(field.initial), type.scope);
      const origin = field.initial;
      instance.attributes.set(
        field.name,
        defaulted(
          valued(analysis, initial, field.name, () => fact('default', origin)),
          origin,
        ),
      );
    } else instance.attributes.set(field.name, opaque(field.name));
  }
  const post = findMethod(analysis, instance.type, '__post_init__');
  if (post)
    inlineBody(
      analysis,
      { kind: 'function', def: post.def, scope: post.type.scope, self: instance },
      { positional: [], keywords: new Map(), open: false },
      node ?? dummy(post.def),
    );
}

/** `field(default=4)` is 4. */
function fieldDefault(node: Expression): Expression {
  if (node.kind !== 'call') return node;
  return node.args.find(({ name }) => name === 'default')?.value ?? node;
}

function defaulted(value: Value, node: Expression): Value {
  if (value.kind === 'none' || value.kind === 'bool') return { ...value, fact: fact('default', node) };
  if (value.kind === 'dtype')
    return { kind: 'dtype', dtype: { ...value.dtype, fact: fact('default', node) } };
  return value;
}

/** A number becomes a size with a name and a value, so that `n_embd // n_head` keeps its names. */
export function valued(analysis: Analysis, value: Value, name: string, factFor: (fact: Fact) => Fact): Value {
  if (value.kind !== 'int') return value;
  const known = dims.sizeOf(value.dim);
  const before = dims.factOf(value.dim);
  if (known === null || !before) return value;
  const sym = analysis.symbols.fresh(name);
  sym.known = { value: known, fact: factFor(before) };
  return { kind: 'int', dim: { p: symbol(sym), fact: null } };
}

/** An object of a class with all its defaults, for parameters that are annotated with it. */
export function defaultInstance(analysis: Analysis, type: ClassValue): Instance | null {
  const known = analysis.selves.get(type.def);
  if (known) return known;
  return selfOf(analysis, type);
}

/** What `self` is in the methods of a class: built as the file builds it, with defaults where it does not say. */
export function selfOf(analysis: Analysis, type: ClassValue): Instance {
  const known = analysis.selves.get(type.def);
  if (known) return known;
  const instance: Instance = { kind: 'instance', type, attributes: new Map(), ready: false };
  analysis.selves.set(type.def, instance);
  const recording = analysis.recording;
  analysis.recording = false;
  const init = findMethod(analysis, type, '__init__');
  const bound = capturedArguments(analysis, type.def, type.def.name, type.scope.module as Module);
  if (init) runInit(analysis, instance, init, bound?.args ?? new Map(), bound?.node ?? null, 'call-site');
  else {
    fillFields(
      analysis,
      instance,
      { positional: [], keywords: bound?.args ?? new Map(), open: false },
      bound?.node ?? null,
    );
    if (/Module$/.test(baseNames(type).join(' '))) setUp(analysis, instance);
  }
  analysis.recording = recording;
  instance.ready = true;
  return instance;
}

/** flax linen builds its layers in `setup`. */
function setUp(analysis: Analysis, instance: Instance): void {
  const setup = findMethod(analysis, instance.type, 'setup');
  if (setup)
    inlineBody(
      analysis,
      { kind: 'function', def: setup.def, scope: setup.type.scope, self: instance },
      { positional: [], keywords: new Map(), open: false },
      dummy(setup.def),
    );
}

export function findClass(analysis: Analysis, module: Module, name: string): ClassValue | null {
  const value = lookUp(analysis, module.scope, name);
  return value.kind === 'class' ? value : null;
}
