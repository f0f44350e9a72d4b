import type { Analysis, Module } from './analysis.ts';
import * as dims from './dim.ts';
import { opaque, type Scope, type Value } from './value.ts';

const builtins = new Set(
  `int len max min sum range zip enumerate map tuple list print super getattr hasattr isinstance float bool dict sorted
   reversed abs round filter set iter next any all str type pow divmod slice object`.split(/\s+/),
);

/** What a name stands for; a name that nothing binds is one and the same unknown each time. */
export function lookUp(analysis: Analysis, scope: Scope, name: string): Value {
  for (let at: Scope | null = scope; at; at = at.parent) {
    const value = at.names.get(name);
    if (value) return value;
    if (at.parent === null) {
      const module = at.module as Module;
      const lazy = module.lazy.get(name);
      if (lazy) {
        module.lazy.delete(name);
        const made = lazy();
        at.names.set(name, made);
        return made;
      }
    }
  }
  if (builtins.has(name)) return { kind: 'ref', path: `builtins.${name}` };
  const unknown = opaque(name);
  analysis.tick();
  scope.names.set(name, unknown);
  return unknown;
}

/** Binds a name, which also names what has no name yet. */
export function bind(scope: Scope, name: string, value: Value): void {
  giveName(value, name);
  scope.names.set(name, value);
  if (scope.parent === null) (scope.module as Module).lazy.delete(name);
}

export function giveName(value: Value, name: string): void {
  if (value.kind === 'opaque') {
    value.name ??= name;
    if (value.dim) dims.suggestName(value.dim, name);
  } else if (value.kind === 'int') dims.suggestName(value.dim, name);
  else if (value.kind === 'many') giveName(value.item, name);
}

export function childScope(parent: Scope, owner: Scope['owner'] = parent.owner): Scope {
  return { names: new Map(), parent, module: parent.module, owner };
}
