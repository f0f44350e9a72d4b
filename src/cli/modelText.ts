import { kvBytesPerToken } from '../attention/memory/kvCache.ts';
import { bytesPerElement } from '../attention/problem.ts';
import { formatBytes, formatCount, formatInteger } from '../attention/units.ts';
import { fromCount } from '../profiler/document/counts.ts';
import type { DocumentRun, ProfileDocument } from '../profiler/document/schema.ts';
import type { ModelJob } from '../profiler/model.ts';
import { modelTable } from './modelTable.ts';
import { distinct, runName } from './profileRows.ts';
import { comparisonIn, groupRuns, heading } from './profileText.ts';
import type { Style } from './style.ts';
import { textTable, wrap } from './textTable.ts';

/** What `attnprof model` prints: costs and times, what fits, the cache of keys and values, theory, assumptions. */
export function modelText(
  document: ProfileDocument,
  job: ModelJob,
  style: Style,
  { assumptions }: { assumptions: boolean },
): string {
  const lines = groupRuns(document).flatMap((group) => [
    ...heading(group, style),
    '',
    ...modelTable(group.runs, style),
    '',
    ...group.runs.flatMap((run) => comparisonIn(group.runs, run) ?? []).flatMap((text) => wrap(text)),
    ...skippedLines(group.runs, style),
    '',
  ]);
  return `${[
    ...lines,
    ...fitLines(document, job, style),
    ...frameworkLines(document, style),
    ...cacheLines(job),
    ...theoryLines(document, style),
    '',
    ...noteLines(document, assumptions, style),
  ].join('\n')}\n`;
}

function skippedLines(runs: readonly DocumentRun[], style: Style): string[] {
  const skipped = runs.filter(({ reason }) => reason !== undefined);
  return skipped.flatMap((run) => wrap(`${runName(run)} ${run.status}: ${run.reason}`)).map(style.warn);
}

/** What the words mean, and on request what each model takes for granted. */
function noteLines({ runs }: ProfileDocument, list: boolean, style: Style): string[] {
  const assumptions = distinct(runs.flatMap(({ projection }) => projection?.assumptions ?? []));
  const cache = runs.flatMap(({ traffic: { modelled } }) => modelled?.cache ?? [])[0];
  return [
    'exact: closed form of the plan that this device would run. modelled: not observed; computed with a model.',
    ...(cache
      ? [
          `past cache: tiles replayed through a least-recently-used cache of ${formatBytes(fromCount(cache.bytes))}.`,
        ]
      : []),
    ...(list
      ? assumptions.map((text) => `assumed: ${text}`)
      : [`Times rest on ${assumptions.length} assumptions, each with its range: --assumptions lists them.`]),
  ]
    .flatMap((text) => wrap(text))
    .map(style.faint);
}

function fitLines({ runs }: ProfileDocument, { gpu }: ModelJob, style: Style): string[] {
  const found = runs.filter(({ longestSequence }) => longestSequence);
  if (found.length === 0 || gpu.memoryBytes === null) return [];
  const why = {
    memory: 'memory',
    device: 'bindings and buffers',
    shape: 'none: the longest there is',
  } as const;
  return [
    style.strong(`Longest sequence in ${formatBytes(gpu.memoryBytes)} of ${gpu.name} (exact)`),
    ...textTable(
      [
        { title: 'algorithm', align: 'left' },
        { title: 'sequence', align: 'right' },
        { title: 'its memory', align: 'right' },
        { title: 'what ends it', align: 'left' },
      ],
      found.map((run) => {
        const { seqLen, bytes, limitedBy } = run.longestSequence!;
        return [runName(run), formatInteger(seqLen), formatBytes(fromCount(bytes)), why[limitedBy]];
      }),
      style,
    ),
    '',
  ];
}

function frameworkLines({ frameworkMemory = [] }: ProfileDocument, style: Style): string[] {
  if (frameworkMemory.length === 0) return [];
  const kinds = distinct(frameworkMemory.map(({ kind }) => kind));
  const moments = distinct(frameworkMemory.map(({ when }) => when));
  const cell = (kind: string, when: string) => {
    const found = frameworkMemory.find((row) => row.kind === kind && row.when === when);
    return found ? formatBytes(fromCount(found.bytes)) : '-';
  };
  return [
    style.strong('Memory of one call in a framework (modelled; --json has its parts)'),
    ...textTable(
      [
        { title: '', align: 'left' as const },
        ...moments.map((title) => ({ title, align: 'right' as const })),
      ],
      kinds.map((kind) => [kind, ...moments.map((when) => cell(kind, when))]),
      style,
    ),
    '',
  ];
}

function cacheLines({ problem }: ModelJob): string[] {
  const { batch, kvHeads, headDim, headDimV, seqLenKv, dtype } = problem;
  const perToken = kvBytesPerToken(
    { kind: 'heads', kvHeads, headDim, headDimV },
    { layers: 1, bytesPerElement: bytesPerElement(dtype) },
  );
  const whole = batch * seqLenKv * perToken;
  return wrap(
    `Cache of keys and values, one layer (exact): ${formatBytes(perToken)} per token, ` +
      `${formatBytes(whole)} for ${formatInteger(batch)} x ${formatInteger(seqLenKv)} tokens.`,
  );
}

function theoryLines({ theory = [] }: ProfileDocument, style: Style): string[] {
  return theory.flatMap(({ pass, onChipElements, regime, standard, flash, lowerBound }) => {
    const term = ({ order, elements }: { order: string; elements: number }) =>
      `${order} = ${formatCount(elements)}`;
    return [
      '',
      style.strong(`Orders of HBM accesses, ${pass} (modelled; growth without constants, elements)`),
      ...wrap(
        `M = ${formatInteger(onChipElements)} elements on chip (${regime}): standard ${term(standard)}; ` +
          `flash ${term(flash)}; lower bound ${term(lowerBound)} (Saha and Ye 2024).`,
      ),
    ];
  });
}
