import type {
  AssignElem,
  DecrementElem,
  ExpressionElem,
  ForElem,
  FunctionCallExpression,
  GlobalVarElem,
  IncrementElem,
  RefIdentElem,
  Statement,
  Type,
} from 'wesl/core';
import type { AccessSite } from '../plan.ts';
import { atomicAccesses } from './atomics.ts';
import type { Edits } from './edits.ts';
import type { Kernel } from './kernel.ts';
import { movedBytes, operandType, spellType } from './moved.ts';
import type { References } from './references.ts';
import type { Tally } from './tally.ts';
import { UncountableError } from './uncountable.ts';

type Update = AssignElem | IncrementElem | DecrementElem;

/**
 * Walks a function and makes each access to a storage buffer count itself. Loads are wrapped in an identity
 * function, so that they count exactly when they are evaluated; a store gets a statement before it, or, in the
 * update of a `for`, where no statement fits, an identity function around the stored value.
 */
export class Rewrite {
  readonly #kernel: Kernel;
  readonly #references: References;
  readonly #tally: Tally;
  readonly #edits: Edits;
  /** Every name that the walk met at the root of an access or an address. */
  readonly handled = new Set<RefIdentElem>();

  constructor(kernel: Kernel, references: References, tally: Tally, edits: Edits) {
    this.#kernel = kernel;
    this.#references = references;
    this.#tally = tally;
    this.#edits = edits;
  }

  statement(statement: Statement): void {
    switch (statement.kind) {
      case 'block':
      case 'loop':
      case 'continuing': {
        // A loop's continuing block and its `break if` stand in the body, too.
        const statements = statement.kind === 'block' ? statement.body : statement.body.body;
        for (const inner of statements) this.statement(inner);
        return;
      }
      case 'if':
        this.#value(statement.condition);
        this.statement(statement.body);
        if (statement.else) this.statement(statement.else);
        return;
      case 'for':
        this.#for(statement);
        return;
      case 'while':
        this.#value(statement.condition);
        this.statement(statement.body);
        return;
      case 'switch':
        this.#value(statement.selector);
        for (const clause of statement.clauses) this.statement(clause.body);
        return;
      case 'return':
        if (statement.value) this.#value(statement.value);
        return;
      case 'break':
        if (statement.condition) this.#value(statement.condition);
        return;
      case 'var':
      case 'let':
        if (statement.init) this.#value(statement.init);
        return;
      case 'call':
        this.#call(statement.call);
        return;
      case 'assign':
      case 'increment':
      case 'decrement':
        this.#update(statement, statement.start);
        return;
      // Constant expressions cannot read a buffer.
      case 'const':
      case 'assert':
      case 'continue':
      case 'discard':
      case 'empty':
        return;
    }
  }

  #for(statement: ForElem): void {
    const { init, condition, update, body } = statement;
    // The initializer runs once, so its stores may be counted before the loop.
    if (init?.kind === 'assign' || init?.kind === 'increment' || init?.kind === 'decrement') {
      this.#update(init, statement.start);
    } else if (init) {
      this.statement(init);
    }
    if (condition) this.#value(condition);
    if (update?.kind === 'call') this.#call(update.call);
    else if (update) this.#update(update, null);
    this.statement(body);
  }

  /** `hitAt`: where a statement that counts can stand; null: nowhere. */
  #update(statement: Update, hitAt: number | null): void {
    if (statement.kind === 'assign' && statement.lhs.kind === 'phony') {
      this.#value(statement.rhs);
      return;
    }
    const target = statement.kind === 'assign' ? (statement.lhs as ExpressionElem) : statement.target;
    const buffer = this.#references.referenced(target);
    if (buffer) {
      const isPlain = statement.kind === 'assign' && statement.op.value === '=';
      const sites = (isPlain ? (['store'] as const) : (['load', 'store'] as const)).map((kind) =>
        this.#site(kind, buffer, target, this.#kernel.typeOf(target)),
      );
      if (hitAt === null) this.#tapStored(statement, target, sites);
      else this.#edits.insert(hitAt, sites.map((site) => `${this.#tally.hit(site)} `).join(''));
    }
    this.#indices(target);
    if (statement.kind === 'assign') this.#value(statement.rhs);
  }

  /** Counts a store by an identity function around the value stored. */
  #tapStored(statement: Update, target: ExpressionElem, sites: number[]): void {
    const targetType = this.#kernel.typeOf(target);
    if (statement.kind !== 'assign') {
      const tap = this.#tally.addTap(spellType(targetType)!, sites);
      const operator = statement.kind === 'increment' ? '+=' : '-=';
      this.#edits.replace({ start: target.end, end: statement.end }, ` ${operator} ${tap}(1)`);
      return;
    }
    const operator = statement.op.value;
    const type =
      operator === '=' ? targetType : operandType(targetType, operator, this.#kernel.typeOf(statement.rhs));
    if (!type) {
      throw this.#refusal(
        `\`${this.#kernel.textOf(statement)}\` in the header of a for loop`,
        statement,
        'the type of its right side is not known. Move it to the end of the loop body.',
      );
    }
    this.#tap(statement.rhs, type, sites);
  }

  /** An expression whose value is used. */
  #value(expression: ExpressionElem): void {
    const buffer = this.#references.referenced(expression);
    if (buffer) {
      const type = this.#kernel.typeOf(expression);
      this.#tap(expression, type, [this.#site('load', buffer, expression, type)]);
      this.#indices(expression);
      return;
    }
    switch (expression.kind) {
      case 'unary-expression':
        // An address moves nothing; who uses the pointer is followed from there.
        if (expression.operator.value === '&') this.#indices(expression.expression);
        else this.#value(expression.expression);
        return;
      case 'parenthesized-expression':
        this.#value(expression.expression);
        return;
      case 'binary-expression':
        this.#value(expression.left);
        this.#value(expression.right);
        return;
      case 'component-expression':
        this.#value(expression.base);
        this.#value(expression.access);
        return;
      case 'component-member-expression':
        this.#value(expression.base);
        return;
      case 'call-expression':
        this.#call(expression);
        return;
      case 'literal':
      case 'ref':
      case 'type':
        return;
    }
  }

  /** An expression that is not itself read (a target, an address): only the indices in it are. */
  #indices(expression: ExpressionElem): void {
    switch (expression.kind) {
      case 'parenthesized-expression':
      case 'unary-expression':
        this.#indices(expression.expression);
        return;
      case 'component-expression':
        this.#indices(expression.base);
        this.#value(expression.access);
        return;
      case 'component-member-expression':
        this.#indices(expression.base);
        return;
      case 'ref':
        this.handled.add(expression);
        return;
      default:
        this.#value(expression);
    }
  }

  #call(call: FunctionCallExpression): void {
    const builtin = this.#kernel.calledBuiltin(call);
    const [first, second] = call.arguments;
    if (builtin !== undefined && builtin !== 'arrayLength') {
      const pointer = call.arguments.find((argument) => this.#references.pointed(argument));
      const accesses = pointer && pointer === first ? atomicAccesses(builtin) : undefined;
      if (pointer && !accesses) {
        throw this.#refusal(
          `${builtin}()`,
          call,
          `it is handed the address of ${this.#references.pointed(pointer)!.name.decl.ident.originalName}, and ` +
            'what it moves is not known. Access the buffer through an index instead.',
        );
      }
      if (pointer && accesses) this.#atomic(call, pointer, second, accesses);
    }
    for (const argument of call.arguments) this.#value(argument);
  }

  /** Every atomic but the load takes a value; counting there works for statements and expressions alike. */
  #atomic(
    call: FunctionCallExpression,
    pointer: ExpressionElem,
    value: ExpressionElem | undefined,
    accesses: readonly AccessSite['kind'][],
  ): void {
    const buffer = this.#references.pointed(pointer)!;
    const pointerType = this.#kernel.typeOf(pointer);
    const atomic = pointerType.kind === 'ptr' ? pointerType.elem : pointerType;
    const type: Type = atomic.kind === 'atomic' ? atomic.elem : { kind: 'unknown' };
    const sites = accesses.map((kind) => this.#site(kind, buffer, pointer, type));
    this.#tap(value ?? call, type, sites);
  }

  #tap(expression: ExpressionElem, type: Type, sites: number[]): void {
    const tap = this.#tally.addTap(spellType(type)!, sites);
    this.#edits.insert(expression.start, `${tap}(`);
    this.#edits.insert(expression.end, ')');
  }

  #site(kind: AccessSite['kind'], buffer: GlobalVarElem, accessed: ExpressionElem, type: Type): number {
    const bytesPerAccess = movedBytes(type);
    if (bytesPerAccess === null) {
      throw this.#refusal(
        `the ${kind} \`${this.#kernel.textOf(accessed)}\``,
        accessed,
        'the size of what it moves is not known. Give it a type made of f32, f16, i32, u32, vectors, matrices, ' +
          'structs and arrays of constant length.',
      );
    }
    return this.#tally.addSite({
      buffer: buffer.name.decl.ident.originalName,
      kind,
      bytesPerAccess,
      line: this.#kernel.lineAt(accessed.start),
    });
  }

  #refusal(construct: string, at: { start: number }, advice: string): UncountableError {
    return new UncountableError(construct, this.#kernel.lineAt(at.start), advice);
  }
}
