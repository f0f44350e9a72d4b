import {
  type AttributeElem,
  bindIdents,
  type DeclIdent,
  type DirectiveElem,
  declsOfKind,
  type ExpressionElem,
  evalConstExpr,
  type FnElem,
  type FunctionCallExpression,
  type GlobalVarElem,
  type HasAttributes,
  lineIndexOf,
  lineStarts,
  type ModuleElem,
  type OverrideElem,
  RecordResolver,
  type RefIdent,
  refDecl,
  scalarToNumber,
  type Type,
  type TypeContext,
  typeOfDecl,
  typeOfExpr,
  WeslParseError,
} from 'wesl/core';
import { UncountableError } from './uncountable.ts';

/** A parsed and bound module of plain WGSL, and the questions that the rewrite asks it. */
export class Kernel {
  readonly wgsl: string;
  readonly functions: FnElem[];
  readonly globals: GlobalVarElem[];
  readonly overrides: OverrideElem[];
  readonly directives: DirectiveElem[];
  readonly #types: TypeContext;
  readonly #lineStarts: number[];

  constructor(wgsl: string, root: ModuleElem, types: TypeContext) {
    this.wgsl = wgsl;
    this.functions = declsOfKind(root, 'fn');
    this.globals = declsOfKind(root, 'gvar');
    this.overrides = declsOfKind(root, 'override');
    this.directives = declsOfKind(root, 'directive');
    this.#types = types;
    this.#lineStarts = lineStarts(wgsl);
  }

  /** Throws UncountableError where the text does not parse. */
  static parse(wgsl: string): Kernel {
    const path = 'package::main';
    // Binding works only on the very tree that the resolver hands out.
    const resolver = new RecordResolver({ [path]: wgsl }, { packageName: 'package', keepComments: false });
    try {
      const rootAst = resolver.resolveModule(path)!;
      // Names that binding does not know are left to the compiler: it rejects the module if they are wrong.
      const { bindings } = bindIdents({ rootAst, resolver, accumulateUnbound: true });
      return new Kernel(wgsl, rootAst.moduleElem, { bindings, conditions: {} });
    } catch (error) {
      if (!(error instanceof WeslParseError)) throw error;
      const [first] = error.diagnostics;
      const starts = lineStarts(wgsl);
      const index = lineIndexOf(first?.start ?? 0, starts);
      const column = (first?.start ?? 0) - (starts[index] ?? 0) + 1;
      const advice = `it does not parse: ${first?.message ?? error.message}.`;
      throw new UncountableError('this WGSL', index + 1, advice, column);
    }
  }

  /** Line of an offset, from 1. */
  lineAt(offset: number): number {
    return lineIndexOf(offset, this.#lineStarts) + 1;
  }

  textOf(span: { start: number; end: number }): string {
    return this.wgsl.slice(span.start, span.end);
  }

  declOf(ident: RefIdent): DeclIdent | undefined {
    return refDecl(ident, this.#types.bindings);
  }

  typeOf(expression: ExpressionElem): Type {
    return typeOfExpr(expression, this.#types);
  }

  typeOfDeclaration(decl: DeclIdent): Type {
    return typeOfDecl(decl, this.#types);
  }

  /** The user's own function that a call names, or undefined for builtins and constructors. */
  calledFunction(call: FunctionCallExpression): FnElem | undefined {
    const elem = this.declOf(calleeIdent(call))?.declElem;
    return elem?.kind === 'fn' ? elem : undefined;
  }

  /** The builtin that a call names, or undefined where the name is the user's. */
  calledBuiltin(call: FunctionCallExpression): string | undefined {
    const ident = calleeIdent(call);
    return this.declOf(ident) ? undefined : ident.originalName;
  }

  /** The number that a constant expression comes to; undefined where it is none, or no number. */
  constant(expression: ExpressionElem): number | undefined {
    const value = evalConstExpr(expression, this.#types);
    return value ? scalarToNumber(value) : undefined;
  }

  /** The number in an attribute such as `@binding(3)`; undefined where the attribute is absent. */
  attributeNumber(elem: HasAttributes, name: string): number | undefined {
    const found = elem.attributes?.find((attribute) => attributeName(attribute) === name);
    if (found?.attribute.kind !== '@attribute') return undefined;
    const parameter = found.attribute.params?.[0];
    const number = parameter && this.constant(parameter.expression);
    if (number === undefined) {
      throw new UncountableError(
        this.textOf(found),
        this.lineAt(found.start),
        'its value is not a constant. Write a number or a const.',
      );
    }
    return number;
  }
}

/** Name of a plain attribute: `compute` for `@compute`. */
export function attributeName(elem: AttributeElem): string | undefined {
  return elem.attribute.kind === '@attribute' ? elem.attribute.name : undefined;
}

export function isStorage(variable: GlobalVarElem): boolean {
  return variable.template?.[0]?.name === 'storage';
}

function calleeIdent(call: FunctionCallExpression): RefIdent {
  return call.function.kind === 'type' ? call.function.name : call.function.ident;
}
