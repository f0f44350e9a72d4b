import type { Analysis } from './analysis.ts';
import type { Expression } from './ast.ts';
import { attributeOfClass, instanceAttribute } from './classes.ts';
import { configDefault } from './configs.ts';
import * as dims from './dim.ts';
import { fact } from './fact.ts';
import { argumentOf } from './layers.ts';
import { asTensor } from './ops/operation.ts';
import { operations } from './ops/registry.ts';
import { shapeValue } from './ops/views.ts';
import { type Opaque, opaque, type Value } from './value.ts';

const tensorAttributes = new Set(['shape', 'dtype', 'T', 'mT', 'ndim']);

/** `object.name`. The same attribute of the same unknown thing is the same unknown each time. */
export function attributeOf(analysis: Analysis, object: Value, name: string, node: Expression): Value {
  analysis.tick();
  switch (object.kind) {
    case 'ref':
      return { kind: 'ref', path: `${object.path}.${name}` };
    case 'instance':
      return instanceAttribute(analysis, object, name, node);
    case 'class':
      return attributeOfClass(analysis, object, name, node) ?? { kind: 'method', object, name, node };
    case 'tensor':
      return tensorAttribute(object, name, node);
    case 'layer':
      return argumentOf(object, name) ?? { kind: 'method', object, name, node };
    case 'opaque':
      if (object.attributes?.has(name)) return object.attributes.get(name)!;
      if (tensorAttributes.has(name)) return tensorAttribute(object, name, node);
      if (operations.has(name)) return { kind: 'method', object, name, node };
      return unknownAttribute(analysis, object, name);
    case 'either': {
      const [first] = object.values;
      return first ? attributeOf(analysis, first, name, node) : opaque();
    }
    default:
      return { kind: 'method', object, name, node };
  }
}

function tensorAttribute(object: Value, name: string, node: Expression): Value {
  const x = asTensor(object);
  if (!x) return opaque();
  switch (name) {
    case 'shape':
      return shapeValue(x) ?? { kind: 'method', object, name: 'shape', node };
    case 'dtype':
      return x.dtype ? { kind: 'dtype', dtype: x.dtype } : opaque('dtype');
    case 'ndim':
      return x.shape ? { kind: 'int', dim: dims.number(x.shape.length, fact('literal', node)) } : opaque();
    default:
      return { kind: 'method', object, name, node };
  }
}

function unknownAttribute(analysis: Analysis, object: Opaque, name: string): Value {
  object.attributes ??= new Map();
  const made =
    configDefault(analysis, object, name) ??
    opaque(object.name === null || object.name === 'self' ? name : `${object.name}.${name}`);
  object.attributes.set(name, made);
  return made;
}
