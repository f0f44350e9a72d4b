import { type FnElem, type RefIdentElem, visitAst } from 'wesl/core';
import { isStorage, type Kernel } from './kernel.ts';
import { UncountableError } from './uncountable.ts';

/**
 * Holds the rewrite to its promise: each place where a function names a storage buffer must have been handled.
 * A place that the walk has no rule for (new syntax, an unknown form) is refused instead of passed over.
 */
export function auditUses(
  kernel: Kernel,
  functions: readonly FnElem[],
  handled: ReadonlySet<RefIdentElem>,
): void {
  const buffers = new Set(
    kernel.globals.filter(isStorage).map((buffer) => buffer.name.decl.ident.originalName),
  );
  for (const fn of functions) {
    visitAst(fn.body, (elem) => {
      if (elem.kind !== 'ref' || !buffers.has(elem.ident.originalName)) return;
      const decl = kernel.declOf(elem.ident);
      const isHidden = decl && !(decl.declElem?.kind === 'gvar' && isStorage(decl.declElem));
      // A name that is bound to nothing (code under a condition, say) might mean the buffer.
      if (isHidden || (decl && handled.has(elem))) return;
      throw new UncountableError(
        `this use of ${elem.ident.originalName}`,
        kernel.lineAt(elem.start),
        'there is no rule for it. Link the module to plain WGSL, and access the buffer through an index or a member.',
      );
    });
  }
}
