import type { ClassDef, Expression, FunctionDef, ImportedName, Parameter, Place, Statement } from './ast.ts';
import { convertArguments, convertExpression, stringValue } from './convertExpression.ts';
import type { RawNode } from './syntax.ts';

/** The statements that a node holds; whatever a half-typed line left behind is kept as loose expressions. */
export function convertStatements(nodes: RawNode[], place: Place): Statement[] {
  return nodes.flatMap((node) => convertStatement(node, place));
}

const at = (node: RawNode, place: Place) => ({ place, start: node.start, end: node.end });

export function field(node: RawNode, name: string): RawNode | null {
  return node.children.find((child) => child.field === name) ?? null;
}

function block(node: RawNode | null, place: Place): Statement[] {
  return node ? convertStatements(node.children, place) : [];
}

function expressionOf(node: RawNode | null, place: Place, parent: RawNode): Expression {
  return node ? convertExpression(node, place) : { ...at(parent, place), kind: 'other', children: [] };
}

function convertStatement(node: RawNode, place: Place): Statement[] {
  const here = at(node, place);
  switch (node.type) {
    case 'expression_statement':
      return node.children.filter((child) => child.named).flatMap((child) => simpleStatement(child, place));
    case 'return_statement': {
      const value = node.children.find((child) => child.named && child.type !== 'comment');
      return [{ ...here, kind: 'return', value: value ? convertExpression(value, place) : null }];
    }
    case 'if_statement':
      return [convertIf(node, place)];
    case 'for_statement':
      return [
        {
          ...here,
          kind: 'for',
          target: expressionOf(field(node, 'left'), place, node),
          iterable: expressionOf(field(node, 'right'), place, node),
          body: block(field(node, 'body'), place),
          otherwise: elseOf(node, place),
        },
      ];
    case 'while_statement':
      return [
        {
          ...here,
          kind: 'while',
          test: expressionOf(field(node, 'condition'), place, node),
          body: block(field(node, 'body'), place),
          otherwise: elseOf(node, place),
        },
      ];
    case 'with_statement':
      return [
        { ...here, kind: 'with', items: withItems(node, place), body: block(field(node, 'body'), place) },
      ];
    case 'try_statement':
      return [convertTry(node, place)];
    case 'function_definition':
      return [convertFunction(node, place, [])];
    case 'class_definition':
      return [convertClass(node, place, [])];
    case 'decorated_definition': {
      const decorators = node.children
        .filter((child) => child.type === 'decorator')
        .flatMap((child) => child.children.filter((part) => part.named))
        .map((part) => convertExpression(part, place));
      const inner = field(node, 'definition');
      if (inner?.type === 'function_definition') return [convertFunction(inner, place, decorators)];
      return inner?.type === 'class_definition' ? [convertClass(inner, place, decorators)] : [];
    }
    case 'import_statement':
    case 'import_from_statement':
      return [convertImport(node, place)];
    case 'assert_statement': {
      const test = node.children.find((child) => child.named);
      return test ? [{ ...here, kind: 'assert', test: convertExpression(test, place) }] : [];
    }
    case 'raise_statement':
    case 'break_statement':
    case 'continue_statement':
      return [{ ...here, kind: 'stop' }];
    case 'block':
    case 'match_statement':
    case 'case_clause':
    case 'ERROR':
      return convertStatements(node.children, place);
    case 'comment':
    case 'future_import_statement':
    case 'pass_statement':
      return [];
    default:
      // Inside a piece that does not parse, expressions stand loose.
      return node.named ? simpleStatement(node, place) : [];
  }
}

function simpleStatement(node: RawNode, place: Place): Statement[] {
  const here = at(node, place);
  if (node.type === 'comment') return [];
  if (node.type === 'assignment') return [convertAssignment(node, place)];
  if (node.type === 'augmented_assignment') {
    const operator = field(node, 'operator')?.type.slice(0, -1) ?? '+';
    const target = expressionOf(field(node, 'left'), place, node);
    return [
      {
        ...here,
        kind: 'augmented',
        target,
        operator,
        value: expressionOf(field(node, 'right'), place, node),
      },
    ];
  }
  return [{ ...here, kind: 'expression', value: convertExpression(node, place) }];
}

function convertAssignment(node: RawNode, place: Place): Statement {
  const here = at(node, place);
  const targets: Expression[] = [];
  let current = node;
  for (;;) {
    const left = expressionOf(field(current, 'left'), place, current);
    const right = field(current, 'right');
    const annotation = field(current, 'type');
    if (annotation && targets.length === 0) {
      return {
        ...here,
        kind: 'annotated',
        target: left,
        annotation: convertExpression(annotation, place),
        value: right ? convertExpression(right, place) : null,
      };
    }
    targets.push(left);
    if (right?.type !== 'assignment') {
      return { ...here, kind: 'assign', targets, value: expressionOf(right, place, current) };
    }
    current = right;
  }
}

function elseOf(node: RawNode, place: Place): Statement[] {
  const clause = node.children.find((child) => child.type === 'else_clause');
  return block(clause ? field(clause, 'body') : null, place);
}

function convertIf(node: RawNode, place: Place): Statement {
  const alternatives = node.children.filter((child) => child.type === 'elif_clause');
  let no = elseOf(node, place);
  for (const clause of alternatives.reverse()) no = [branch(clause, no, place)];
  return branch(node, no, place);
}

function branch(node: RawNode, no: Statement[], place: Place): Statement {
  const test = expressionOf(field(node, 'condition'), place, node);
  return { ...at(node, place), kind: 'if', test, yes: block(field(node, 'consequence'), place), no };
}

function withItems(node: RawNode, place: Place) {
  const clause = node.children.find((child) => child.type === 'with_clause');
  const items = clause?.children.flatMap((child) =>
    child.type === 'with_item' ? [child] : child.children.filter((part) => part.type === 'with_item'),
  );
  return (items ?? []).flatMap((item) => {
    const value = field(item, 'value');
    if (!value) return [];
    if (value.type !== 'as_pattern') return [{ value: convertExpression(value, place), target: null }];
    const [context] = value.children.filter((child) => child.named);
    const alias = field(value, 'alias')?.children[0];
    if (!context) return [];
    return [
      { value: convertExpression(context, place), target: alias ? convertExpression(alias, place) : null },
    ];
  });
}

function convertTry(node: RawNode, place: Place): Statement {
  const handlers = node.children
    .filter((child) => child.type === 'except_clause' || child.type === 'except_group_clause')
    .map((clause) => block(clause.children.find((child) => child.type === 'block') ?? null, place));
  const last = node.children.find((child) => child.type === 'finally_clause');
  return {
    ...at(node, place),
    kind: 'try',
    body: [...block(field(node, 'body'), place), ...elseOf(node, place)],
    handlers,
    after: block(last?.children.find((child) => child.type === 'block') ?? null, place),
  };
}

function convertFunction(node: RawNode, place: Place, decorators: Expression[]): FunctionDef {
  const body = field(node, 'body');
  return {
    ...at(node, place),
    kind: 'function',
    name: nameOf(field(node, 'name'), place),
    parameters: convertParameters(field(node, 'parameters'), place),
    decorators,
    body: block(body, place),
    docstring: docstringOf(body, place),
  };
}

function docstringOf(body: RawNode | null, place: Place): string | null {
  const first = body?.children.find((child) => child.named && child.type !== 'comment');
  const text = first?.type === 'expression_statement' ? first.children[0] : undefined;
  return text?.type === 'string' ? stringValue(text, place) : null;
}

function convertClass(node: RawNode, place: Place, decorators: Expression[]): ClassDef {
  const bases = field(node, 'superclasses');
  return {
    ...at(node, place),
    kind: 'class',
    name: nameOf(field(node, 'name'), place),
    bases: bases ? convertArguments(bases, place) : [],
    decorators,
    body: block(field(node, 'body'), place),
  };
}

const nameOf = (node: RawNode | null, place: Place) => (node ? place.text.slice(node.start, node.end) : '');

export function convertParameters(node: RawNode | null, place: Place): Parameter[] {
  const parameters: Parameter[] = [];
  let keywordOnly = false;
  for (const child of node?.children ?? []) {
    if (child.type === 'keyword_separator') keywordOnly = true;
    const parameter = convertParameter(child, place, keywordOnly);
    if (!parameter) continue;
    parameters.push(parameter);
    if (parameter.splat === 1) keywordOnly = true;
  }
  return parameters;
}

function convertParameter(node: RawNode, place: Place, keywordOnly: boolean): Parameter | null {
  const annotation = field(node, 'type');
  const value = field(node, 'value');
  const common = {
    annotation: annotation ? convertExpression(annotation, place) : null,
    initial: value ? convertExpression(value, place) : null,
    keywordOnly,
    start: node.start,
  };
  switch (node.type) {
    case 'identifier':
      return { ...common, name: nameOf(node, place), splat: 0 };
    case 'default_parameter':
    case 'typed_default_parameter':
      return { ...common, name: nameOf(field(node, 'name'), place), splat: 0 };
    case 'typed_parameter': {
      const inner = node.children.find((child) => child.named && child.field !== 'type');
      const parameter = inner ? convertParameter(inner, place, keywordOnly) : null;
      return parameter && { ...parameter, annotation: common.annotation };
    }
    case 'list_splat_pattern':
    case 'dictionary_splat_pattern': {
      const inner = node.children.find((child) => child.named);
      return inner
        ? { ...common, name: nameOf(inner, place), splat: node.type === 'list_splat_pattern' ? 1 : 2 }
        : null;
    }
    default:
      return null;
  }
}

function convertImport(node: RawNode, place: Place): Statement {
  const text = (part: RawNode | null) => nameOf(part, place).replace(/\s+/g, '');
  const here = at(node, place);
  const from = node.type === 'import_from_statement' ? text(field(node, 'module_name')) : null;
  if (node.children.some((child) => /^wildcard_import$/.test(child.type))) {
    return { ...here, kind: 'imports', names: [], star: from };
  }
  const prefix = from === null ? '' : from.endsWith('.') ? from : `${from}.`;
  const names = node.children
    .filter((child) => child.field === 'name')
    .map((child): ImportedName => {
      if (/^aliased_import$/.test(child.type)) {
        return { path: prefix + text(field(child, 'name')), as: text(field(child, 'alias')) };
      }
      const path = text(child);
      if (from !== null) return { path: prefix + path, as: path };
      const first = path.split('.')[0]!;
      return { path: first, as: first };
    });
  return { ...here, kind: 'imports', names, star: null };
}
