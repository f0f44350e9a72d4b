import type { Argument, Comprehension, Expression, Place } from './ast.ts';
import { convertParameters, field } from './convert.ts';
import type { RawNode } from './syntax.ts';

/** Turns one node into an expression. What the analysis has no rule for keeps its parts, so that calls inside are seen. */
export function convertExpression(node: RawNode, place: Place): Expression {
  const here = { place, start: node.start, end: node.end };
  const text = () => place.text.slice(node.start, node.end);
  const parts = () => node.children.filter((child) => child.named && child.type !== 'comment');
  const convert = (child: RawNode) => convertExpression(child, place);
  const child = (name: string): Expression => {
    const found = field(node, name);
    return found ? convert(found) : { ...here, kind: 'other', children: [] };
  };
  switch (node.type) {
    case 'identifier':
      return { ...here, kind: 'name', id: text() };
    case 'integer': {
      const value =
        node.end - node.start > 40
          ? Number.NaN
          : Number(
              text()
                .replaceAll('_', '')
                .replace(/^0+(?=\d)/, ''),
            );
      return Number.isSafeInteger(value)
        ? { ...here, kind: 'integer', value }
        : { ...here, kind: 'other', children: [] };
    }
    case 'float': {
      const value = Number(text().slice(0, 400).replaceAll('_', ''));
      return { ...here, kind: 'float', value: Number.isFinite(value) ? value : Number.NaN };
    }
    case 'string':
    case 'concatenated_string':
      return { ...here, kind: 'string', value: stringValue(node, place) };
    case 'true':
      return { ...here, kind: 'constant', value: true };
    case 'false':
      return { ...here, kind: 'constant', value: false };
    case 'none':
      return { ...here, kind: 'constant', value: null };
    case 'ellipsis':
      return { ...here, kind: 'constant', value: '...' };
    case 'attribute': {
      const name = field(node, 'attribute');
      return {
        ...here,
        kind: 'attribute',
        object: child('object'),
        name: name ? place.text.slice(name.start, name.end) : '',
      };
    }
    case 'call': {
      const list = field(node, 'arguments');
      const args = list?.type === 'argument_list' ? convertArguments(list, place) : [];
      if (list?.type === 'generator_expression') args.push({ name: null, splat: 0, value: convert(list) });
      return { ...here, kind: 'call', callee: child('function'), args };
    }
    case 'subscript': {
      const index = node.children.filter((part) => part.field === 'subscript').map(convert);
      return { ...here, kind: 'subscript', object: child('value'), index };
    }
    case 'slice':
      return { ...here, kind: 'slice', parts: sliceParts(node, place) };
    case 'tuple':
    case 'expression_list':
    case 'pattern_list':
    case 'tuple_pattern':
      return { ...here, kind: 'sequence', literal: 'tuple', items: parts().map(convert) };
    case 'list':
    case 'list_pattern':
      return { ...here, kind: 'sequence', literal: 'list', items: parts().map(convert) };
    case 'set':
      return { ...here, kind: 'sequence', literal: 'set', items: parts().map(convert) };
    case 'dictionary': {
      const entries = parts().flatMap((part): { key: Expression | null; value: Expression }[] => {
        if (part.type === 'dictionary_splat') return [{ key: null, value: inner(part, place) }];
        const key = field(part, 'key');
        const value = field(part, 'value');
        return key && value ? [{ key: convert(key), value: convert(value) }] : [];
      });
      return { ...here, kind: 'dict', entries };
    }
    case 'binary_operator':
      return {
        ...here,
        kind: 'binary',
        operator: field(node, 'operator')?.type ?? '',
        left: child('left'),
        right: child('right'),
      };
    case 'unary_operator':
      return {
        ...here,
        kind: 'unary',
        operator: field(node, 'operator')?.type ?? '',
        operand: child('argument'),
      };
    case 'not_operator':
      return { ...here, kind: 'unary', operator: 'not', operand: child('argument') };
    case 'comparison_operator': {
      const [left, ...rights] = parts()
        .filter((part) => part.field !== 'operators')
        .map(convert);
      const operators = node.children
        .filter((part) => !part.named || part.field === 'operators')
        .map((part) => place.text.slice(part.start, part.end).replace(/\s+/g, ' '));
      if (!left) return { ...here, kind: 'other', children: [] };
      return { ...here, kind: 'compare', left, operators, rights };
    }
    case 'boolean_operator': {
      const operator = field(node, 'operator')?.type === 'or' ? 'or' : 'and';
      return { ...here, kind: 'boolean', operator, left: child('left'), right: child('right') };
    }
    case 'conditional_expression': {
      const [yes, test, no] = parts().map(convert);
      if (!yes || !test || !no) return { ...here, kind: 'other', children: parts().map(convert) };
      return { ...here, kind: 'conditional', test, yes, no };
    }
    case 'lambda':
      return {
        ...here,
        kind: 'lambda',
        parameters: convertParameters(field(node, 'parameters'), place),
        body: child('body'),
      };
    case 'list_comprehension':
    case 'generator_expression':
    case 'set_comprehension':
    case 'dictionary_comprehension': {
      const clauses = node.children
        .filter((part) => part.type === 'for_in_clause')
        .flatMap((clause): Comprehension[] => {
          const target = field(clause, 'left');
          const iterable = field(clause, 'right');
          return target && iterable ? [{ target: convert(target), iterable: convert(iterable) }] : [];
        });
      const literal =
        node.type === 'set_comprehension'
          ? 'set'
          : node.type === 'dictionary_comprehension'
            ? 'dict'
            : 'list';
      return { ...here, kind: 'comprehension', element: child('body'), clauses, literal };
    }
    case 'parenthesized_expression':
    case 'await':
    case 'type':
    case 'yield': {
      const [only] = parts();
      return only ? convert(only) : { ...here, kind: 'other', children: [] };
    }
    case 'list_splat':
    case 'list_splat_pattern':
      return { ...here, kind: 'star', value: inner(node, place), double: false };
    case 'dictionary_splat':
      return { ...here, kind: 'star', value: inner(node, place), double: true };
    case 'named_expression': {
      const name = field(node, 'name');
      return {
        ...here,
        kind: 'walrus',
        name: name ? place.text.slice(name.start, name.end) : '',
        value: child('value'),
      };
    }
    case 'generic_type': {
      const [name, list] = parts();
      if (!name) return { ...here, kind: 'other', children: [] };
      const index = (list?.children ?? []).filter((part) => part.named).map(convert);
      return { ...here, kind: 'subscript', object: convert(name), index };
    }
    default:
      return { ...here, kind: 'other', children: parts().map(convert) };
  }
}

function inner(node: RawNode, place: Place): Expression {
  const only = node.children.find((child) => child.named);
  return only
    ? convertExpression(only, place)
    : { place, start: node.start, end: node.end, kind: 'other', children: [] };
}

export function convertArguments(list: RawNode, place: Place): Argument[] {
  return list.children.flatMap((child): Argument[] => {
    if (!child.named || child.type === 'comment' || child.type === 'ERROR') return [];
    if (child.type === 'keyword_argument') {
      const name = field(child, 'name');
      const value = field(child, 'value');
      if (!name || !value) return [];
      return [
        { name: place.text.slice(name.start, name.end), splat: 0, value: convertExpression(value, place) },
      ];
    }
    if (child.type === 'list_splat') return [{ name: null, splat: 1, value: inner(child, place) }];
    if (child.type === 'dictionary_splat') return [{ name: null, splat: 2, value: inner(child, place) }];
    return [{ name: null, splat: 0, value: convertExpression(child, place) }];
  });
}

function sliceParts(node: RawNode, place: Place): (Expression | null)[] {
  const parts: (Expression | null)[] = [null];
  for (const child of node.children) {
    if (child.type === ':') parts.push(null);
    else if (child.named && child.type !== 'comment')
      parts[parts.length - 1] = convertExpression(child, place);
  }
  return parts;
}

/** The characters of a string; what an f-string fills in is left out. */
export function stringValue(node: RawNode, place: Place): string {
  if (node.type === 'concatenated_string') {
    return node.children.map((child) => stringValue(child, place)).join('');
  }
  return node.children
    .filter((child) => child.type === 'string_content')
    .map((child) => place.text.slice(child.start, child.end))
    .join('')
    .slice(0, 20_000);
}
