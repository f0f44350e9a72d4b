import type { Analysis, Module } from './analysis.ts';
import type { Expression, FunctionDef } from './ast.ts';
import { bindArguments } from './binding.ts';
import { capturedArguments } from './callers.ts';
import { selfOf } from './classes.ts';
import { shapeInDocstring } from './comments.ts';
import type { Dim } from './dim.ts';
import { join } from './join.ts';
import { bindParameters } from './parameters.ts';
import { childScope } from './scope.ts';
import { execute } from './statements.ts';
import {
  type BoundArguments,
  type ClassValue,
  type FunctionValue,
  opaque,
  type Scope,
  tensor,
  type Value,
} from './value.ts';

/** Calls inside calls are followed this far. */
const deepestCall = 5;
/** Functions longer than this are not looked into from their callers. */
const longestInlined = 120;

export function callFunction(
  analysis: Analysis,
  callee: FunctionValue,
  args: BoundArguments,
  node: Expression,
): Value {
  const bound = bindArguments(callee.def.parameters, args, callee.self !== null);
  analysis.capture(callee.def, { args: bound, node });
  return inlineBody(analysis, callee, args, node);
}

/** Runs the body of a function for its result; null arguments mean that `scope` has them already. */
export function inlineBody(
  analysis: Analysis,
  callee: FunctionValue,
  args: BoundArguments | null,
  node: Expression,
  scope: Scope = childScope(callee.scope),
): Value {
  const { def } = callee;
  if (
    analysis.inlineDepth >= deepestCall ||
    analysis.running.includes(def) ||
    def.body.length > longestInlined
  )
    return opaque();
  const recording = analysis.recording;
  const branchDepth = analysis.branchDepth;
  analysis.recording = false;
  analysis.branchDepth = 0;
  analysis.inlineDepth++;
  analysis.running.push(def);
  try {
    if (args) {
      const bound = bindArguments(def.parameters, args, callee.self !== null);
      bindParameters(analysis, def, bound, scope, {
        self: callee.self,
        node,
        basis: 'call-site',
        isInit: false,
      });
    }
    return runBody(analysis, def, scope);
  } finally {
    analysis.running.pop();
    analysis.inlineDepth--;
    analysis.recording = recording;
    analysis.branchDepth = branchDepth;
  }
}

function runBody(analysis: Analysis, def: FunctionDef, scope: Scope): Value {
  const returns: Value[] = [];
  execute(analysis, def.body, scope, returns);
  if (returns.length === 0) return opaque();
  return returns.reduce((joined, value) => join(joined, value, analysis.symbols));
}

/** Runs a function for itself: its parameters are what its callers, annotations and defaults say. */
export function runEntry(
  analysis: Analysis,
  def: FunctionDef,
  parent: Scope,
  owner: ClassValue | null,
  recording: boolean,
): void {
  if (analysis.running.includes(def)) return;
  const wasRecording = analysis.recording;
  const isMethod =
    owner !== null && !def.decorators.some((d) => d.place.text.slice(d.start, d.end) === 'staticmethod');
  const isInit = def.name === '__init__';
  const self =
    isMethod && owner && !isInit
      ? selfOf(analysis, owner)
      : isMethod && owner
        ? selfOf(analysis, owner)
        : null;
  const captured =
    isInit || /^(forward|__call__|call)$/.test(def.name)
      ? null
      : capturedArguments(analysis, def, def.name, parent.module as Module);
  const initArgs =
    isInit && owner ? capturedArguments(analysis, owner.def, owner.def.name, parent.module as Module) : null;
  const given = captured ?? initArgs;
  const scope = childScope(parent, owner);
  analysis.running.push(def);
  analysis.recording = recording;
  try {
    bindParameters(analysis, def, given?.args ?? new Map(), scope, {
      self,
      node: given?.node ?? null,
      basis: 'call-site',
      isInit,
    });
    nameFromDocstring(analysis, def, scope);
    const returns: Value[] = [];
    execute(analysis, def.body, scope, returns);
  } finally {
    analysis.running.pop();
    analysis.recording = wasRecording;
  }
}

function nameFromDocstring(analysis: Analysis, def: FunctionDef, scope: Scope): void {
  const named = new Map<string, Dim>();
  for (const parameter of def.parameters) {
    const value = scope.names.get(parameter.name);
    if (value?.kind !== 'opaque' || value.tensor || value.dim) continue;
    const shape = shapeInDocstring(analysis, def, parameter.name, named);
    if (shape) scope.names.set(parameter.name, tensor(shape));
  }
}
