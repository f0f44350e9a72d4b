import { entryPointsOf, inspectKernel, type KernelInterface } from './inspect.ts';

/** Elements that an example gives an array of no fixed length. */
const exampleLength = 4096;
/** Most that WebGPU guarantees for a uniform buffer. */
const maxUniformBytes = 65_536;

/**
 * A manifest for a kernel as JSON text, to start from: every binding that needs a word has one, with sizes
 * that are only an example. Of several entry points it takes the first. Throws KernelProblem.
 */
export function exampleManifest(wgsl: string): string {
  const { entryPoint, bindings, overrides } = inspectKernel(wgsl, entryPointsOf(wgsl)[0] ?? null);
  const entries: [string, unknown][] = [];
  for (const { name, space, writable, scalar, layout, type } of bindings) {
    const isFloat = scalar === 'f32' || scalar === 'f16';
    const init = writable || !isFloat ? 'zeros' : 'normal';
    if (space === 'uniform') {
      entries.push([name, { values: layout.size <= maxUniformBytes ? zeroOf(type) : [] }]);
    } else if (layout.runtime) {
      entries.push([name, { length: exampleLength, init }]);
    }
  }
  const needed = overrides.filter(({ hasDefault }) => !hasDefault).map(({ name }) => [name, 1] as const);
  const manifest = {
    entryPoint,
    bindings: Object.fromEntries(entries),
    ...(needed.length > 0 ? { constants: Object.fromEntries(needed) } : {}),
    dispatch: [1, 1, 1],
  };
  // A vector on one line, as one would write it.
  const oneLine = (_: string, numbers: string) =>
    `[${numbers
      .trim()
      .split(/\s*,\s*/)
      .join(', ')}]`;
  return `${JSON.stringify(manifest, null, 2).replace(/\[([\d\s,]+)\]/g, oneLine)}\n`;
}

/** A value of a type in which every number is 0. */
function zeroOf(type: KernelInterface['bindings'][number]['type']): unknown {
  switch (type.kind) {
    case 'vector':
      return Array(type.size).fill(0);
    case 'matrix':
      return Array.from({ length: type.cols }, () => Array(type.rows).fill(0));
    case 'array':
      return Array.from({ length: type.count ?? 1 }, () => zeroOf(type.elem));
    case 'struct':
      return Object.fromEntries(type.members.map((member) => [member.name, zeroOf(member.type)]));
    default:
      return 0;
  }
}
