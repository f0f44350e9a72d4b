import {
  type ExpressionElem,
  type FnElem,
  type GlobalVarElem,
  type Type,
  typeToString,
  visitAst,
} from 'wesl/core';
import { attributeName, Kernel } from '../counting/kernel.ts';
import { reachableFunctions } from '../counting/references.ts';
import { UncountableError } from '../counting/uncountable.ts';
import { type BufferScalar, type Layout, layoutOf, scalarOf } from './layout.ts';
import { KernelProblem } from './problem.ts';

/** A buffer that the entry point uses, as the WGSL declares it. */
export interface KernelBinding {
  group: number;
  binding: number;
  name: string;
  space: 'storage' | 'uniform';
  /** Whether the kernel may write to it. */
  writable: boolean;
  /** As WGSL: `array<vec4<f32>>`. */
  typeText: string;
  type: Type;
  layout: Layout;
  /** What all of its elements are made of, or null where they are of several kinds. */
  scalar: BufferScalar | null;
  line: number;
}

export interface KernelOverride {
  name: string;
  /** Of `@id`; null without one. */
  id: number | null;
  scalar: string;
  hasDefault: boolean;
}

/** What a kernel says about itself. */
export interface KernelInterface {
  kernel: Kernel;
  entryPoint: string;
  entryLine: number;
  /** Invocations in x, y and z; null where an override without a known value decides. */
  workgroupSize: [number, number, number] | null;
  /** By group and number. */
  bindings: KernelBinding[];
  /** Bindings of group 0 that are taken, used or not. */
  takenInGroup0: number[];
  overrides: KernelOverride[];
  /** Extensions of `enable` directives. */
  enables: { name: string; line: number }[];
}

/** Longer kernels are none that a person wrote. Characters. */
const maxLength = 400_000;

/**
 * Reads the interface of a kernel: its entry point (the only one, unless named), the buffers that it uses,
 * its overrides. `constants` are values of overrides, by name. Throws KernelProblem, and nothing else.
 */
export function inspectKernel(
  wgsl: string,
  entryPoint: string | null,
  constants: Readonly<Record<string, number>> = {},
): KernelInterface {
  if (wgsl.length > maxLength) {
    throw new KernelProblem(
      'kernel',
      `The kernel has ${wgsl.length} characters; at most ${maxLength} are read.`,
    );
  }
  return asProblem(() => {
    const kernel = Kernel.parse(wgsl);
    const entry = chooseEntry(kernel, entryPoint);
    return {
      kernel,
      entryPoint: nameOf(entry),
      entryLine: kernel.lineAt(entry.start),
      workgroupSize: workgroupSizeOf(kernel, entry, constants),
      bindings: usedVariables(kernel, entry)
        .map((variable) => bindingOf(kernel, variable))
        .sort((a, b) => a.group - b.group || a.binding - b.binding),
      takenInGroup0: kernel.globals
        .filter((variable) => kernel.attributeNumber(variable, 'group') === 0)
        .map((variable) => kernel.attributeNumber(variable, 'binding') ?? 0),
      overrides: kernel.overrides.map((override) => ({
        name: nameOf(override.name),
        id: kernel.attributeNumber(override, 'id') ?? null,
        scalar: typeToString(kernel.typeOfDeclaration(override.name.decl.ident)),
        hasDefault: override.init !== undefined,
      })),
      enables: kernel.directives.flatMap(({ directive, start }) =>
        directive.kind === 'enable'
          ? directive.extensions.map(({ name }) => ({ name, line: kernel.lineAt(start) }))
          : [],
      ),
    };
  });
}

/** What the parser and the rewrite refuse, and whatever else goes wrong in them, as a problem of the kernel. */
export function asProblem<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof KernelProblem) throw error;
    if (error instanceof UncountableError) {
      throw new KernelProblem('kernel', error.message, error.line, error.column);
    }
    const what = error instanceof Error ? error.message : String(error);
    throw new KernelProblem('kernel', `This WGSL cannot be read: ${what.split('\n')[0]}`);
  }
}

/** Names of the compute entry points, in the order of the text. Throws KernelProblem. */
export function entryPointsOf(wgsl: string): string[] {
  return asProblem(() => computeFunctions(Kernel.parse(wgsl)).map(nameOf));
}

function computeFunctions(kernel: Kernel): FnElem[] {
  return kernel.functions.filter((fn) => fn.attributes?.some((one) => attributeName(one) === 'compute'));
}

function chooseEntry(kernel: Kernel, wanted: string | null): FnElem {
  const entries = computeFunctions(kernel);
  const names = entries.map(nameOf).join(', ');
  if (entries.length === 0) throw new KernelProblem('kernel', 'The kernel has no @compute entry point.');
  if (wanted === null) {
    if (entries.length === 1) return entries[0]!;
    throw new KernelProblem(
      'manifest',
      `The kernel has several entry points (${names}): name one as "entryPoint".`,
    );
  }
  const entry = entries.find((fn) => nameOf(fn) === wanted);
  if (!entry) throw new KernelProblem('manifest', `"entryPoint" is ${wanted}, but the kernel has: ${names}.`);
  return entry;
}

/** Variables of the module with a binding that the entry point uses, itself or in what it calls. */
function usedVariables(kernel: Kernel, entry: FnElem): GlobalVarElem[] {
  const used = new Set<GlobalVarElem>();
  for (const fn of reachableFunctions(kernel, entry)) {
    visitAst(fn, (elem) => {
      if (elem.kind !== 'ref') return;
      const variable = kernel.declOf(elem.ident)?.declElem;
      if (variable?.kind === 'gvar' && variable.attributes?.some((one) => attributeName(one) === 'binding')) {
        used.add(variable);
      }
    });
  }
  return [...used];
}

function bindingOf(kernel: Kernel, variable: GlobalVarElem): KernelBinding {
  const name = nameOf(variable.name);
  const line = kernel.lineAt(variable.name.start);
  const group = kernel.attributeNumber(variable, 'group');
  const binding = kernel.attributeNumber(variable, 'binding');
  const space = variable.template?.[0]?.name;
  const type = kernel.typeOfDeclaration(variable.name.decl.ident);
  const wrong = (what: string) => new KernelProblem('kernel', `${name} on line ${line}: ${what}`, line);
  if (group === undefined || binding === undefined) throw wrong('give it a @group and a @binding.');
  if (space !== 'storage' && space !== 'uniform') {
    throw wrong(`it is a ${typeToString(type)}; only storage and uniform buffers can be bound.`);
  }
  // The name becomes a key of what is counted, and goes through a channel that takes plain names only.
  if (!/^[A-Za-z_]\w{0,63}$/.test(name) || name in {}) {
    throw wrong(
      'give it a name of at most 64 letters, digits and underscores that JavaScript has no use for.',
    );
  }
  const layout = layoutOf(type, kernel);
  if (!layout || (space === 'uniform' && layout.runtime)) {
    throw wrong(`the size of its type, ${typeToString(type)}, is not known.`);
  }
  const writable = space === 'storage' && variable.template?.[1]?.name === 'read_write';
  return {
    group,
    binding,
    name,
    space,
    writable,
    type,
    typeText: typeToString(type),
    layout,
    scalar: scalarOf(type),
    line,
  };
}

function workgroupSizeOf(
  kernel: Kernel,
  entry: FnElem,
  constants: Readonly<Record<string, number>>,
): KernelInterface['workgroupSize'] {
  const found = entry.attributes?.find((one) => attributeName(one) === 'workgroup_size')?.attribute;
  const parameters = found?.kind === '@attribute' ? (found.params ?? []) : [];
  const sizes = parameters.map(({ expression }) => valueWith(kernel, expression, constants));
  if (sizes.length === 0 || sizes.includes(undefined)) return null;
  return [sizes[0]!, sizes[1] ?? 1, sizes[2] ?? 1];
}

/** A constant, or an override by its given or its default value. */
function valueWith(
  kernel: Kernel,
  expression: ExpressionElem,
  constants: Readonly<Record<string, number>>,
): number | undefined {
  const override = expression.kind === 'ref' ? kernel.declOf(expression.ident)?.declElem : undefined;
  if (override?.kind !== 'override') return kernel.constant(expression);
  const name = nameOf(override.name);
  if (Object.hasOwn(constants, name)) return constants[name];
  return override.init && kernel.constant(override.init);
}

function nameOf(elem: FnElem | GlobalVarElem['name']): string {
  return elem.kind === 'fn' ? elem.name.ident.originalName : elem.decl.ident.originalName;
}
