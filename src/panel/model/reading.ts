import { formatBytes, formatMs, formatRatio } from '../../attention/units.ts';
import type { DocumentRun } from '../../profiler/document/schema.ts';
import { countCheck } from './checks.ts';
import { type Comparison, runNames } from './comparison.ts';
import { totalBytes } from './count.ts';

interface Named {
  name: string;
  run: DocumentRun;
}

/** A clause of the reading and whether it speaks for the algorithm that it is about. */
interface Clause {
  text: string;
  good: boolean | null;
}

/**
 * What the numbers say, pass by pass: one sentence for each algorithm beside the baseline of its pass, and
 * one for all that were skipped. Every number names the row that it was read from, and a slower run is
 * called slower.
 */
export function readingOf(comparison: Comparison): string {
  const names = runNames(comparison.runs);
  const all = comparison.runs.map((run, index): Named => ({ name: names[index]!, run }));
  if (all.length === 0) return 'No run yet.';
  const software = comparison.device?.type === 'software';
  const sentences = comparison.passes.flatMap((pass) =>
    passSentences(
      all.filter(({ run }) => run.pass === pass && run.status !== 'skipped'),
      software,
    ),
  );
  const skipped = all.filter(({ run }) => run.status === 'skipped').map(({ name }) => name);
  if (skipped.length > 0)
    sentences.push(`${listed(skipped)} ${skipped.length === 1 ? 'was' : 'were'} skipped.`);
  return sentences.join(' ');
}

function passSentences(all: readonly Named[], software: boolean): string[] {
  const baseline = all.find(({ run }) => run.algorithm === 'standard') ?? all[0];
  if (!baseline) return [];
  const others = all.filter((other) => other !== baseline);
  if (others.length === 0) return [describe(baseline, software)];
  if (!usable(baseline.run)) {
    const ranFirst = [...all].sort((a, b) => Number(usable(b.run)) - Number(usable(a.run)));
    return ranFirst.map((each) => describe(each, software));
  }
  return others.map((other) =>
    usable(other.run) ? compare(other, baseline, software) : describe(other, software),
  );
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

function compare(other: Named, baseline: Named, software: boolean): string {
  const [first, second] = [
    bytesClause(other.run, baseline),
    timeClause(other.run, baseline, software),
  ].filter((clause) => clause !== null);
  if (!first) return describe(other, software);
  const memory = memoryClause(other.run, baseline.run);
  if (!second) return `${other.name} ${first.text}${memory}.`;
  const joint = first.good !== null && second.good !== null && first.good !== second.good ? 'but' : 'and';
  return `${other.name} ${first.text} ${joint} ${second.text}${memory}.`;
}

/** Done, and with counts that nothing speaks against. */
function usable(run: DocumentRun): boolean {
  return run.status === 'ok' && countCheck(run).kind !== 'different';
}

function bytesClause(run: DocumentRun, baseline: Named): Clause | null {
  for (const row of ['counted', 'exact'] as const) {
    const [mine, theirs] = [run.traffic[row], baseline.run.traffic[row]];
    if (!mine || !theirs) continue;
    const [a, b] = [totalBytes(mine), totalBytes(theirs)];
    if (a === b) return { text: `issues as many bytes (${row}) as ${baseline.name}`, good: null };
    if (a === 0n || b === 0n) continue;
    return a < b
      ? { text: `issues ${formatRatio(b, a)} fewer bytes (${row}) than ${baseline.name}`, good: true }
      : { text: `issues ${formatRatio(a, b)} more bytes (${row}) than ${baseline.name}`, good: false };
  }
  return null;
}

function timeClause(run: DocumentRun, baseline: Named, software: boolean): Clause | null {
  const [mine, theirs] = [run.time, baseline.run.time];
  if (!mine || !theirs || mine.medianMs === 0 || theirs.medianMs === 0) return null;
  const where = software ? 'measured on a software adapter' : 'measured';
  const overlap = mine.p25Ms <= theirs.p75Ms && theirs.p25Ms <= mine.p75Ms;
  if (overlap) return { text: `takes about as long (${where}; the p25–p75 ranges overlap)`, good: null };
  const faster = mine.medianMs < theirs.medianMs;
  const factor = faster
    ? formatRatio(theirs.medianMs, mine.medianMs)
    : formatRatio(mine.medianMs, theirs.medianMs);
  return { text: `is ${factor} ${faster ? 'faster' : 'slower'} (${where})`, good: faster };
}

function memoryClause(run: DocumentRun, baseline: DocumentRun): string {
  if (!run.memory || !baseline.memory) return '';
  const [a, b] = [BigInt(run.memory.peakBytes), BigInt(baseline.memory.peakBytes)];
  if (a === b || a === 0n || b === 0n) return '';
  return a < b
    ? `, using ${formatRatio(b, a)} less memory (exact)`
    : `, using ${formatRatio(a, b)} more memory (exact)`;
}

/** One run on its own. */
function describe({ name, run }: Named, software: boolean): string {
  if (run.status === 'failed') return `${name} failed.`;
  if (run.status === 'stopped') {
    const { partial } = run;
    if (!partial) return `${name} was stopped.`;
    const whole = `the whole would take about ${formatMs(partial.predictedMs)} (projected from measured slices)`;
    return `${name} was stopped after ${partial.slicesDone} of ${partial.slices} slices; ${whole}.`;
  }
  if (!usable(run)) return `${name} ran, but its counts differ from the closed form: do not trust it.`;
  const clauses: string[] = [];
  const row = run.traffic.counted ? 'counted' : 'exact';
  const traffic = run.traffic[row];
  if (run.time) {
    clauses.push(
      `takes ${formatMs(run.time.medianMs)} (measured${software ? ' on a software adapter' : ''}, median)`,
    );
  }
  if (traffic) {
    const bytes = totalBytes(traffic);
    const bound = run.traffic.bound ? totalBytes(run.traffic.bound) : 0n;
    clauses.push(
      `issues ${formatBytes(bytes)} (${row})${bound > 0n ? `, ${formatRatio(bytes, bound)} the bound` : ''}`,
    );
  }
  return clauses.length > 0 ? `${name} ${clauses.join(' and ')}.` : `${name} ran.`;
}
