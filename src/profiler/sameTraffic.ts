import type { Tally, Traffic } from '../attention/traffic.ts';

const fields = ['readBytes', 'writeBytes', 'loads', 'stores'] as const satisfies (keyof Tally)[];

/** The first place where two accounts differ, in words; null where every number of every buffer is equal. */
export function trafficDifference(counted: Traffic, exact: Traffic): string | null {
  const stages = new Set([...counted.stages, ...exact.stages].map(({ name }) => name));
  for (const name of stages) {
    const left = counted.stages.find((stage) => stage.name === name);
    const right = exact.stages.find((stage) => stage.name === name);
    const difference = bufferDifference(left?.buffers ?? {}, right?.buffers ?? {});
    if (difference) return `${name}: ${difference}`;
  }
  return bufferDifference(counted.buffers, exact.buffers);
}

/** A buffer that one side does not list counts as zeros: a stage may be able to touch it and never do. */
function bufferDifference(counted: Record<string, Tally>, exact: Record<string, Tally>): string | null {
  for (const buffer of new Set([...Object.keys(counted), ...Object.keys(exact)])) {
    for (const field of fields) {
      const left = counted[buffer]?.[field] ?? 0n;
      const right = exact[buffer]?.[field] ?? 0n;
      if (left !== right) return `${buffer}.${field} counted ${left}, exact ${right}`;
    }
  }
  return null;
}
