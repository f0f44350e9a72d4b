import { checkShape } from '../../attention/shape.ts';
import { fromCount } from './counts.ts';
import { quote } from './issue.ts';
import type { DocumentRun, DocumentTally, ProfileDocument } from './schema.ts';

/**
 * What the schema cannot say: references that resolve, ids that name one thing, shapes that exist, and totals
 * that are the sums of their parts. Returns one line on the first thing that is wrong, or null.
 */
export function checkDocument(document: ProfileDocument): string | null {
  const devices = new Set<string>();
  const problems = new Set<string>();
  for (const [index, device] of document.devices.entries()) {
    if (devices.has(device.id)) return `devices[${index}]: the id ${quote(device.id)} is used twice`;
    devices.add(device.id);
  }
  for (const [index, problem] of document.problems.entries()) {
    if (problems.has(problem.id)) return `problems[${index}]: the id ${quote(problem.id)} is used twice`;
    problems.add(problem.id);
    const shape = checkShape(problem);
    if (!shape.ok) return `problems[${index}]: ${shape.error}`;
  }
  for (const list of ['theory', 'frameworkMemory'] as const) {
    for (const [index, { problem }] of (document[list] ?? []).entries()) {
      if (!problems.has(problem)) return `${list}[${index}].problem: no problem has the id ${quote(problem)}`;
    }
  }
  const points = new Map<string, string>();
  for (const [index, { id, problem }] of (document.sweep?.points ?? []).entries()) {
    const place = `sweep.points[${index}]`;
    if (points.has(id)) return `${place}: the id ${quote(id)} is used twice`;
    if (!problems.has(problem)) return `${place}.problem: no problem has the id ${quote(problem)}`;
    points.set(id, problem);
  }
  for (const [index, { point, problem }] of document.runs.entries()) {
    if (point !== undefined && points.get(point) !== problem) {
      return `runs[${index}].point: the sweep has no point ${quote(point)} of the problem ${quote(problem)}`;
    }
  }
  for (const [index, run] of document.runs.entries()) {
    const wrong = checkRun(run, devices, problems);
    if (wrong !== null) return `runs[${index}]${wrong}`;
  }
  return null;
}

function checkRun(run: DocumentRun, devices: Set<string>, problems: Set<string>): string | null {
  if (!devices.has(run.device)) return `.device: no device has the id ${quote(run.device)}`;
  if (!problems.has(run.problem)) return `.problem: no problem has the id ${quote(run.problem)}`;
  if (run.status !== 'ok' && !run.reason) return `.reason is missing: a run that is ${run.status} says why`;
  const { time, tiles, partial, projection } = run;
  if (time && !(time.p25Ms <= time.medianMs && time.medianMs <= time.p75Ms)) {
    return `.time: expected p25Ms, medianMs and p75Ms in rising order, found ${time.p25Ms}, ${time.medianMs}, ${time.p75Ms}`;
  }
  if (projection && !(projection.lowMs <= projection.ms && projection.ms <= projection.highMs)) {
    return `.projection: expected lowMs, ms and highMs in rising order, found ${projection.lowMs}, ${projection.ms}, ${projection.highMs}`;
  }
  if (tiles && tiles.skipped + tiles.partial > tiles.total) {
    return `.tiles: ${tiles.skipped} skipped and ${tiles.partial} partial are more than the ${tiles.total} there are`;
  }
  if (partial && partial.slicesDone > partial.slices) {
    return `.partial: ${partial.slicesDone} slices done are more than the ${partial.slices} there are`;
  }
  for (const [output, error] of Object.entries(run.errors)) {
    if (error.rows > error.of) {
      return `.errors.${output}: ${error.rows} rows compared are more than the ${error.of} there are`;
    }
  }
  return checkTraffic(run.traffic);
}

const quantities = ['readBytes', 'writeBytes', 'loads', 'stores'] as const;

function checkTraffic(rows: DocumentRun['traffic']): string | null {
  for (const [row, traffic] of Object.entries(rows)) {
    if (traffic === undefined) continue;
    const stages = traffic.stages ?? [];
    const parts: [string, DocumentTally, DocumentTally[]][] = [
      ['the buffers', traffic, Object.values(traffic.buffers)],
      ['the stages', traffic, stages],
      ...stages.map((stage): [string, DocumentTally, DocumentTally[]] => [
        `the buffers of stage ${stage.name}`,
        stage,
        Object.values(stage.buffers),
      ]),
    ];
    for (const [what, total, tallies] of parts) {
      // A counter or a model may know totals only.
      if (tallies.length === 0) continue;
      for (const quantity of quantities) {
        const sum = tallies.reduce((sum, tally) => sum + fromCount(tally[quantity]), 0n);
        if (sum !== fromCount(total[quantity])) {
          return `.traffic.${row}: ${quantity} of ${what} sum to ${sum}, not to the ${total[quantity]} stated`;
        }
      }
    }
  }
  return null;
}
