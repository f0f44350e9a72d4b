import { elemScalar, isAbstract, scalarType, type Type, typeToString } from 'wesl/core';

const scalarBytes: Partial<Record<string, number>> = { f32: 4, i32: 4, u32: 4, f16: 2 };

/**
 * Bytes that a load or store of a value of this type moves: the sum of its scalars, without padding (a vec3<f32>
 * moves 12). Null for types that have no such size, or that are not known.
 */
export function movedBytes(type: Type): number | null {
  switch (type.kind) {
    case 'scalar':
      return scalarBytes[type.scalar] ?? null;
    case 'vector':
      return times(type.size, movedBytes(type.elem));
    case 'matrix':
      return times(type.cols * type.rows, movedBytes(type.elem));
    case 'array':
      return type.count === undefined ? null : times(type.count, movedBytes(type.elem));
    case 'struct': {
      let sum = 0;
      for (const member of type.members) {
        const bytes = movedBytes(member.type);
        if (bytes === null) return null;
        sum += bytes;
      }
      return sum;
    }
    default:
      return null;
  }
}

/** A type as WGSL text for a parameter, or null where it cannot be written down. */
export function spellType(type: Type): string | null {
  return movedBytes(type) === null ? null : typeToString(type);
}

/**
 * Type of the right operand of `target op= operand` once untyped literals have taken theirs: a shift is by u32,
 * everything else takes the target's element type. Null where it is not known.
 */
export function operandType(target: Type, operator: string, operand: Type): Type | null {
  if (!isAbstract(operand)) return movedBytes(operand) === null ? null : operand;
  const scalar = operator === '<<=' || operator === '>>=' ? scalarType('u32') : elemScalar(target);
  if (!scalar) return null;
  switch (operand.kind) {
    case 'scalar':
      return scalar;
    case 'vector':
    case 'matrix':
      return { ...operand, elem: scalar };
    default:
      return null;
  }
}

function times(count: number, bytes: number | null): number | null {
  return bytes === null ? null : count * bytes;
}
