import type { FnElem } from 'wesl/core';
import type { LinkedModule } from '../plan.ts';
import { auditUses } from './audit.ts';
import { Edits } from './edits.ts';
import { attributeName, Kernel } from './kernel.ts';
import { References, reachableFunctions } from './references.ts';
import { Rewrite } from './rewrite.ts';
import { Tally, unusedPrefix } from './tally.ts';
import { UncountableError } from './uncountable.ts';

export type Instrumented = LinkedModule['counting'];

export interface InstrumentOptions {
  /** The compute entry point that is dispatched. */
  entryPoint: string;
  /** Binding in group 0 for the totals. Default: one above the highest that the module uses there. */
  counterBinding?: number;
  /**
   * A private counter that reaches this is added to the totals and starts again, so that none overflows; tests
   * lower it. From 1 to 2^32 - 1, default 2^31.
   */
  flushAt?: number;
}

const stages = new Set(['compute', 'vertex', 'fragment']);

/**
 * Rewrites plain (already linked) WGSL so that the kernel counts its own accesses to storage buffers.
 *
 * Every access expression that is executed counts, at its own site, whatever the caches and the bounds checks
 * then make of it; invocations in which a load is not evaluated do not count it. Site i's total stands in words
 * 2i (low) and 2i + 1 (high) of a buffer of u32 words, which must hold zeros before the first dispatch.
 *
 * The entry point keeps its name, its attributes and its parameters. The module's other entry points are
 * removed, so that nobody dispatches one and takes its zeros for counts. Line numbers stay those of the input.
 *
 * Throws UncountableError for what cannot be counted.
 */
export function instrument(wgsl: string, options: InstrumentOptions): Instrumented {
  const flushAt = options.flushAt ?? 2 ** 31;
  if (!Number.isInteger(flushAt) || flushAt < 1 || flushAt >= 2 ** 32) {
    throw new RangeError(`flushAt must be a whole number from 1 to 2^32 - 1, not ${flushAt}`);
  }
  const kernel = Kernel.parse(wgsl);
  const entry = findEntry(kernel, options.entryPoint);
  const counterBinding = pickBinding(kernel, options.counterBinding);

  const reachable = reachableFunctions(kernel, entry);
  const tally = new Tally(unusedPrefix(wgsl));
  const edits = new Edits();
  const rewrite = new Rewrite(kernel, new References(kernel, reachable), tally, edits);
  for (const fn of reachable.toSorted((a, b) => a.start - b.start)) rewrite.statement(fn.body);
  auditUses(kernel, reachable, rewrite.handled);

  const outerEntry = wrapEntry(kernel, entry, tally, edits);
  for (const fn of kernel.functions) if (fn !== entry && stageOf(fn)) edits.replace(fn, '');

  const added = [tally.declarations(counterBinding, flushAt), outerEntry];
  return { wgsl: `${edits.apply(wgsl)}\n${added.join('\n')}\n`, sites: tally.sites, counterBinding };
}

function stageOf(fn: FnElem): string | undefined {
  return fn.attributes?.map(attributeName).find((name) => name !== undefined && stages.has(name));
}

function findEntry(kernel: Kernel, name: string): FnElem {
  const computes = kernel.functions.filter((fn) => stageOf(fn) === 'compute');
  const entry = computes.find((fn) => fn.name.ident.originalName === name);
  if (entry) return entry;
  const names = computes.map((fn) => fn.name.ident.originalName).join(', ') || 'none';
  throw new UncountableError(
    `entry point ${name}`,
    null,
    `the module has no compute entry point of that name. It has: ${names}.`,
  );
}

function pickBinding(kernel: Kernel, wanted: number | undefined): number {
  const used = kernel.globals
    .filter((variable) => kernel.attributeNumber(variable, 'group') === 0)
    .map((variable) => kernel.attributeNumber(variable, 'binding') ?? 0);
  if (wanted === undefined) return Math.max(-1, ...used) + 1;
  if (used.includes(wanted)) {
    throw new RangeError(
      `binding ${wanted} of group 0 belongs to the kernel; choose another for the counters`,
    );
  }
  return wanted;
}

/**
 * Turns the entry point into a plain function and returns the text of a new one which calls it, so that an
 * early return still comes by the totals.
 */
function wrapEntry(kernel: Kernel, entry: FnElem, tally: Tally, edits: Edits): string {
  const attributes = entry.attributes ?? [];
  // A diagnostic filter belongs to the body, and may stand on any function.
  const ofEntry = attributes.filter((attribute) => attribute.attribute.kind !== '@diagnostic');
  for (const attribute of ofEntry) edits.replace(attribute, '');
  edits.replace(entry.name, tally.innerEntry);
  for (const parameter of entry.params) {
    for (const attribute of parameter.attributes ?? []) edits.replace(attribute, '');
  }
  const parameters = entry.params.map(
    (parameter) =>
      `${(parameter.attributes ?? []).map((attribute) => `${kernel.textOf(attribute)} `).join('')}` +
      `${kernel.textOf(parameter.name)}`,
  );
  const passed = entry.params.map((parameter) => parameter.name.decl.ident.originalName);
  return [
    ofEntry.map((attribute) => kernel.textOf(attribute)).join(' '),
    `fn ${entry.name.ident.originalName}(${parameters.join(', ')}) {`,
    `  ${tally.innerEntry}(${passed.join(', ')});`,
    tally.finish(),
    '}',
  ].join('\n');
}
