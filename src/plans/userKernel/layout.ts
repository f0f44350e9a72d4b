import type { StructType, Type } from 'wesl/core';
import type { Kernel } from '../counting/kernel.ts';

/** Scalars that a buffer can hold. */
export type BufferScalar = 'f32' | 'f16' | 'i32' | 'u32';

/** How a value lies in a buffer. Bytes. WGSL, section "Memory layout": alignment, size and stride. */
export interface Layout {
  align: number;
  /** Of what comes before an array of no fixed length, where there is one. */
  size: number;
  /** The array of no fixed length at the end: where it starts and how far its elements are apart. */
  runtime: { offset: number; stride: number; element: Type } | null;
}

const scalarBytes: Partial<Record<string, number>> = { f32: 4, i32: 4, u32: 4, f16: 2 };

/** Layout of a type in a storage or uniform buffer; null for types that no buffer can hold, or that are not known. */
export function layoutOf(type: Type, kernel: Kernel): Layout | null {
  switch (type.kind) {
    case 'scalar':
      return plain(scalarBytes[type.scalar]);
    case 'atomic':
      return layoutOf(type.elem, kernel);
    case 'vector':
      return vector(type.size, scalarBytes[type.elem.scalar]);
    case 'matrix': {
      const column = vector(type.rows, scalarBytes[type.elem.scalar]);
      if (!column) return null;
      return { align: column.align, size: type.cols * roundUp(column.size, column.align), runtime: null };
    }
    case 'array': {
      const element = layoutOf(type.elem, kernel);
      if (!element || element.runtime) return null;
      const stride = roundUp(element.size, element.align);
      return type.count === undefined
        ? { align: element.align, size: 0, runtime: { offset: 0, stride, element: type.elem } }
        : { align: element.align, size: type.count * stride, runtime: null };
    }
    case 'struct':
      return structLayout(type, kernel)?.layout ?? null;
    default:
      return null;
  }
}

/** A member of a struct and where it starts. */
export interface MemberPlace {
  name: string;
  type: Type;
  offset: number;
}

/** Members of a struct with their offsets, `@align` and `@size` respected. */
export function structLayout(
  type: StructType,
  kernel: Kernel,
): { layout: Layout; members: MemberPlace[] } | null {
  const members: MemberPlace[] = [];
  let align = 1;
  let end = 0;
  let runtime: Layout['runtime'] = null;
  for (const [index, member] of type.members.entries()) {
    const own = layoutOf(member.type, kernel);
    // Only the last member may have no fixed length.
    if (!own || runtime) return null;
    const elem = type.structElem?.members.find(({ name }) => name.name === member.name);
    const memberAlign = (elem && kernel.attributeNumber(elem, 'align')) ?? own.align;
    const size = (elem && kernel.attributeNumber(elem, 'size')) ?? own.size;
    const offset = index === 0 ? 0 : roundUp(end, memberAlign);
    members.push({ name: member.name, type: member.type, offset });
    if (own.runtime) runtime = { ...own.runtime, offset };
    align = Math.max(align, memberAlign);
    end = offset + size;
  }
  return { layout: { align, size: runtime ? end : roundUp(end, align), runtime }, members };
}

/** The one scalar that a value is made of, padding aside; null where there are several. */
export function scalarOf(type: Type): BufferScalar | null {
  switch (type.kind) {
    case 'scalar':
      return type.scalar in scalarBytes ? (type.scalar as BufferScalar) : null;
    case 'atomic':
    case 'vector':
    case 'matrix':
    case 'array':
      return scalarOf(type.elem);
    case 'struct': {
      const scalars = new Set(type.members.map((member) => scalarOf(member.type)));
      return scalars.size === 1 ? [...scalars][0]! : null;
    }
    default:
      return null;
  }
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

function plain(bytes: number | undefined): Layout | null {
  return bytes === undefined ? null : { align: bytes, size: bytes, runtime: null };
}

function vector(size: number, bytes: number | undefined): Layout | null {
  if (bytes === undefined) return null;
  return { align: (size === 3 ? 4 : size) * bytes, size: size * bytes, runtime: null };
}
