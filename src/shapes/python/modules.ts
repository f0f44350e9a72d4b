import { type Analysis, type Module, makeModule } from './analysis.ts';
import type { Statement } from './ast.ts';
import { lookUp } from './scope.ts';
import type { Source, TopLevel } from './source.ts';
import { execute } from './statements.ts';
import type { Value } from './value.ts';

/** Runs what stands at the left margin, once: imports, constants, and calls; definitions are bound by name only. */
export function runModule(analysis: Analysis, module: Module, recording: boolean): void {
  if (module.ran) return;
  module.ran = true;
  const was = analysis.recording;
  analysis.recording = recording;
  try {
    for (const source of module.sources) {
      for (const span of source.spans) {
        if (span.isDefinition) declare(module, source, span);
        else if (span.type !== 'comment') execute(analysis, source.statements(span), module.scope, []);
      }
    }
  } finally {
    analysis.recording = was;
  }
}

function declare(module: Module, source: Source, span: TopLevel): void {
  const name = span.definedName;
  if (!name) return;
  module.scope.names.delete(name);
  module.lazy.set(name, () => definedValue(source.statements(span), module) ?? { kind: 'ref', path: name });
}

function definedValue(statements: readonly Statement[], module: Module): Value | null {
  const [first] = statements;
  if (first?.kind === 'function') return { kind: 'function', def: first, scope: module.scope, self: null };
  return first?.kind === 'class' ? { kind: 'class', def: first, scope: module.scope } : null;
}

/** What an imported name is where the file that defines it is at hand; anything else stays as it is. */
export function concrete(analysis: Analysis, value: Value): Value {
  if (value.kind !== 'ref' || value.path.startsWith('builtins.')) return value;
  const dot = value.path.lastIndexOf('.');
  if (dot < 0) return value;
  const prefix = value.path.slice(0, dot);
  const path = /^\.*$/.test(prefix) ? value.path.slice(0, dot + 1) : prefix;
  const module = moduleOf(analysis, path, analysis.main.path);
  if (!module) return value;
  const name = value.path.slice(dot + 1);
  if (!module.scope.names.has(name) && !module.lazy.has(name)) return value;
  const found = lookUp(analysis, module.scope, name);
  return found.kind === 'class' || found.kind === 'int' ? found : value;
}

/** Other files of the project that one analysis reads. */
const mostModules = 8;
const mostPaths = 100;

function moduleOf(analysis: Analysis, path: string, from: string | null): Module | null {
  const known = analysis.modules.get(path);
  if (known) return known.sources.length > 0 ? known : null;
  const read = [...analysis.modules.values()].filter(({ sources }) => sources.length > 0).length;
  if (read >= mostModules || analysis.modules.size >= mostPaths) return null;
  const source = analysis.resolve(path, from);
  const module = makeModule(source ? [source] : [], source?.file ?? null);
  analysis.modules.set(path, module);
  if (!source) return null;
  runModule(analysis, module, false);
  return module;
}
