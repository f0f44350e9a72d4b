import type { DocumentDevice, DocumentRun, DocumentSweep } from '../document/schema.ts';
import { formatAxis } from './axes.ts';

/** Names a run among those of one device of a sweep. */
export function runKey({
  point = '',
  algorithm,
  pass,
}: {
  point?: string | undefined;
  algorithm: string;
  pass: DocumentRun['pass'];
}): string {
  return `${point}|${algorithm}|${pass}`;
}

/** What tells two sweeps apart, in words; null where they are the same, of whichever shard. */
export function differenceOfSweeps(before: DocumentSweep, now: DocumentSweep): string | null {
  const facts: [string, (sweep: DocumentSweep) => string][] = [
    ['varies', ({ axes }) => axes.map(formatAxis).join(' ')],
    ['has algorithms', ({ algorithms }) => algorithms.join(',')],
    ['has passes', ({ passes }) => passes.join(',')],
    ['takes samples', ({ repeats }) => String(repeats)],
    ['has a time budget of', ({ timeBudgetSeconds }) => `${timeBudgetSeconds ?? 'no'} seconds`],
    ['has points', ({ points }) => points.map(({ id }) => id).join(', ')],
    ['begins with', ({ points }) => points[0]?.problem ?? 'nothing'],
    ['asks for tilings', ({ points }) => JSON.stringify(points.map(({ tiling }) => tilingOf(tiling)))],
    ['has problems', ({ points }) => points.map(({ problem }) => problem).join(', ')],
  ];
  for (const [what, say] of facts) {
    if (say(before) !== say(now)) return `it ${what} ${short(say(before))}, not ${short(say(now))}`;
  }
  return null;
}

/** What tells two devices apart, in words; null where they are the same. Measured rates vary and do not count. */
export function differenceOfDevices(before: DocumentDevice, now: DocumentDevice): string | null {
  if (before.name !== now.name) return `it was ${short(before.name)}, this is ${short(now.name)}`;
  const facts: [string, (device: DocumentDevice) => string | null][] = [
    ['id', ({ id }) => id],
    ['vendor', ({ vendor }) => vendor],
    ['architecture', ({ architecture }) => architecture],
    ['driver', ({ driver }) => driver],
    ['backend', ({ backend }) => backend],
    ['type', ({ type }) => type],
    ['limits', ({ limits }) => JSON.stringify(Object.entries(limits).sort())],
    ['features', ({ features }) => [...features].sort().join(',')],
  ];
  const differing = facts.find(([, say]) => say(before) !== say(now));
  return differing ? `${short(now.name)} has another ${differing[0]} now` : null;
}

function tilingOf(tiling: DocumentSweep['points'][number]['tiling']) {
  return tiling && [tiling.br ?? null, tiling.bc ?? null, tiling.splits ?? null];
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
