import {
  type DeclIdent,
  type ExpressionElem,
  type FnElem,
  type FunctionCallExpression,
  type GlobalVarElem,
  visitAst,
} from 'wesl/core';
import { isStorage, type Kernel } from './kernel.ts';
import { UncountableError } from './uncountable.ts';

/** Every call of an expression that stands in a function, arguments included. */
export function callsIn(fn: FnElem): FunctionCallExpression[] {
  const calls: FunctionCallExpression[] = [];
  visitAst(fn, (elem) => {
    if (elem.kind === 'call-expression') calls.push(elem);
  });
  return calls;
}

/** The entry point and the functions that it reaches, callers before callees. */
export function reachableFunctions(kernel: Kernel, entry: FnElem): FnElem[] {
  const seen = new Set<FnElem>();
  const finished: FnElem[] = [];
  const visit = (fn: FnElem): void => {
    if (seen.has(fn)) return;
    seen.add(fn);
    for (const call of callsIn(fn)) {
      const callee = kernel.calledFunction(call);
      if (callee) visit(callee);
    }
    finished.push(fn);
  };
  visit(entry);
  return finished.reverse();
}

/** Says which storage buffer an expression refers to, through pointers, `let`s and parameters. */
export class References {
  readonly #kernel: Kernel;
  readonly #parameters = new Map<DeclIdent, GlobalVarElem>();

  /**
   * `functions`: what the entry point reaches, callers before callees. Throws UncountableError where a pointer
   * parameter can mean more than one buffer.
   */
  constructor(kernel: Kernel, functions: readonly FnElem[]) {
    this.#kernel = kernel;
    for (const fn of functions) {
      for (const call of callsIn(fn)) {
        const callee = kernel.calledFunction(call);
        if (callee) this.#bindParameters(call, callee);
      }
    }
  }

  /** The buffer whose memory the expression denotes: `Q`, `Q[i].x`, `*p`, and `p[i]` or `p.x` for a pointer p. */
  referenced(expression: ExpressionElem): GlobalVarElem | undefined {
    switch (expression.kind) {
      case 'parenthesized-expression':
        return this.referenced(expression.expression);
      case 'component-expression':
      case 'component-member-expression':
        return this.referenced(expression.base) ?? this.pointed(expression.base);
      case 'unary-expression':
        return expression.operator.value === '*' ? this.pointed(expression.expression) : undefined;
      case 'ref': {
        const elem = this.#kernel.declOf(expression.ident)?.declElem;
        return elem?.kind === 'gvar' && isStorage(elem) ? elem : undefined;
      }
      default:
        return undefined;
    }
  }

  /** The buffer into which the expression, a pointer value, points. */
  pointed(expression: ExpressionElem): GlobalVarElem | undefined {
    switch (expression.kind) {
      case 'parenthesized-expression':
        return this.pointed(expression.expression);
      case 'unary-expression':
        return expression.operator.value === '&' ? this.referenced(expression.expression) : undefined;
      case 'ref': {
        const decl = this.#kernel.declOf(expression.ident);
        if (decl?.declElem?.kind === 'param') return this.#parameters.get(decl);
        // Only a let can hold a pointer; its initializer stands before it, so this ends.
        if (decl?.declElem?.kind === 'let' && decl.declElem.init) return this.pointed(decl.declElem.init);
        return undefined;
      }
      default:
        return undefined;
    }
  }

  #bindParameters(call: FunctionCallExpression, callee: FnElem): void {
    for (const [index, parameter] of callee.params.entries()) {
      const argument = call.arguments[index];
      if (!argument) continue;
      const decl = parameter.name.decl.ident;
      const buffer = this.pointed(argument);
      const known = this.#parameters.get(decl);
      if (buffer && known && known !== buffer) {
        throw this.#refusal(
          call,
          callee,
          decl,
          `it points into ${known.name.decl.ident.originalName} in one call and into ` +
            `${buffer.name.decl.ident.originalName} in another. Write one function for each buffer.`,
        );
      }
      const type = this.#kernel.typeOfDeclaration(decl);
      if (!buffer && type.kind === 'ptr' && type.space === 'storage') {
        throw this.#refusal(
          call,
          callee,
          decl,
          `the buffer behind ${this.#kernel.textOf(argument)} is not known. Pass the address of a buffer variable.`,
        );
      }
      if (buffer) this.#parameters.set(decl, buffer);
    }
  }

  #refusal(call: FunctionCallExpression, callee: FnElem, decl: DeclIdent, advice: string): UncountableError {
    const construct = `the pointer parameter ${decl.originalName} of ${callee.name.ident.originalName}()`;
    return new UncountableError(construct, this.#kernel.lineAt(call.start), advice);
  }
}
