import type { Analysis, CapturedCall, Module } from './analysis.ts';
import type { ClassDef, Expression, FunctionDef } from './ast.ts';
import { runEntry } from './functions.ts';
import { join } from './join.ts';
import { lookUp } from './scope.ts';
import { functionsIn } from './source.ts';
import { type ClassValue, opaque, type Value } from './value.ts';

/** Callers of callers are followed this far. */
const deepestCaller = 4;
/** Steps that all callers of one function may take. */
const stepsOfCallers = 20_000;
/** A name that more places mention than this is anybody's. */
const mostCallers = 10;

/**
 * The arguments with which the file itself calls a function or builds a class, joined over all places; `node` is the
 * place where there is only one.
 */
export function capturedArguments(
  analysis: Analysis,
  def: FunctionDef | ClassDef,
  name: string,
  module: Module,
): { args: Map<string, Value>; node: Expression | null } | null {
  if (analysis.callerDepth < deepestCaller) {
    analysis.callerDepth++;
    try {
      analysis.within(stepsOfCallers, () => runCallers(analysis, def, name, module));
    } finally {
      analysis.callerDepth--;
    }
  }
  const calls = analysis.captured.get(def);
  if (!calls || calls.length === 0) return null;
  return { args: joinCalls(analysis, calls), node: calls.length === 1 ? calls[0]!.node : null };
}

function joinCalls(analysis: Analysis, calls: readonly CapturedCall[]): Map<string, Value> {
  const joined = new Map(calls[0]!.args);
  for (const { args } of calls.slice(1)) {
    for (const name of new Set([...joined.keys(), ...args.keys()])) {
      const [value, other] = [joined.get(name), args.get(name)];
      if (value === other) continue;
      // Left to its default by one caller and given by another, or given in two ways: no one value holds.
      const both = value && other ? join(value, other, analysis.symbols) : null;
      const told = both && (both.kind !== 'opaque' || value?.kind === 'opaque' || other?.kind === 'opaque');
      joined.set(name, told ? both : { ...opaque(name), mixed: true });
    }
  }
  return joined;
}

/** Runs, for what they call, the functions of the module that mention a name in front of a bracket. */
function runCallers(analysis: Analysis, def: FunctionDef | ClassDef, name: string, module: Module): void {
  if (name === '' || name.startsWith('__')) return;
  const mention = new RegExp(`\\b${name}\\s*\\(`);
  let found = 0;
  for (const source of module.sources) {
    for (const span of source.spans) {
      if (!span.isDefinition || !mention.test(span.text)) continue;
      for (const { def: caller, owner } of functionsIn(source.statements(span))) {
        if (caller === def || analysis.visited.has(caller) || analysis.running.includes(caller)) continue;
        if (!mention.test(caller.place.text.slice(bodyStart(caller), caller.end))) continue;
        if (++found > mostCallers) return;
        analysis.visited.add(caller);
        const type = owner ? classOf(analysis, module, owner) : null;
        if (owner && !type) continue;
        runEntry(analysis, caller, module.scope, type, false);
      }
    }
  }
}

/** Where the body begins: the name of the function itself is not a call. */
function bodyStart(def: FunctionDef): number {
  return def.body[0]?.start ?? def.end;
}

export function classOf(analysis: Analysis, module: Module, def: ClassDef): ClassValue | null {
  const value = lookUp(analysis, module.scope, def.name);
  if (value.kind === 'class' && value.def === def) return value;
  return { kind: 'class', def, scope: module.scope };
}
